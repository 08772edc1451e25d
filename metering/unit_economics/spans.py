"""Which stretch of time unit economics look at, what lies right before it, and its parts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DEFAULT_SPAN = timedelta(days=28)
LONGEST_SPAN = timedelta(days=366)
"""A look at the past reads every run of the period and of the one before."""
_TICK = timedelta(microseconds=1)
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment on, up to but not including another."""

    start: datetime
    end: datetime

    @property
    def previous_start(self) -> datetime:
        """The moment at which the stretch of the same length right before begins."""
        return _before(self.start, self.end - self.start)


def span_of(start: datetime | None, end: datetime | None, now: datetime) -> Span:
    """Give the stretch that is looked at: now and the 28 days before where nobody says otherwise."""
    if end is None:
        end = now + _TICK if start is None else max(start, now + _TICK)
    return Span(_before(end, DEFAULT_SPAN) if start is None else start, end)


def equal_parts(span: Span, count: int) -> tuple[datetime, ...]:
    """Give the edges of so many parts of equal length, to the microsecond, from the start to the end."""
    return tuple(span.start + (span.end - span.start) * number // count for number in range(count + 1))


def _before(moment: datetime, length: timedelta) -> datetime:
    # Time has a beginning here, and callers may name moments close to it.
    return moment - length if moment - _BEGINNING >= length else _BEGINNING
