"""Calendar windows of budgets, series and forecasts: hours, days and months of a zone, without a gap."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from models.budget import BudgetWindow

_Step = Callable[[date], date]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownZone(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A name that no time zone has."""


@dataclass(frozen=True, slots=True)
class Window:
    """From a moment on, up to but not including another, both in UTC; None never ends."""

    start: datetime
    end: datetime | None

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def window_of(kind: BudgetWindow, time_zone: str, at: datetime) -> Window:
    """Give the window that a moment lies in.

    An hour ends where the clock reads another hour or is set to another offset. A day begins with the first
    moment at which the clock reads it: after a midnight that is skipped, or at the first of a midnight that
    comes twice. A single run has no window: ValueError.
    """
    at = at.astimezone(UTC)
    match kind:
        case BudgetWindow.HOUR:
            return _hour(ZoneInfo(time_zone), at)
        case BudgetWindow.DAY:
            day = at.astimezone(ZoneInfo(time_zone)).date()
            return _days(ZoneInfo(time_zone), at, day, _tomorrow)
        case BudgetWindow.MONTH:
            month = at.astimezone(ZoneInfo(time_zone)).date().replace(day=1)
            return _days(ZoneInfo(time_zone), at, month, _next_month)
        case BudgetWindow.LIFETIME:
            return Window(EPOCH, None)
        case BudgetWindow.REQUEST:
            raise ValueError("A budget of single runs has no window.")


def require_zone(name: str) -> None:
    """Raise UnknownZone, with the nearest name, where there is no such time zone."""
    if name not in zone_names():
        by_folded = {known.casefold(): known for known in zone_names()}
        nearest = get_close_matches(name.casefold(), by_folded, n=1)
        hint = (
            f"Did you mean {by_folded[nearest[0]]!r}?" if nearest else "Zones are named as 'Europe/Vienna'."
        )
        raise UnknownZone(f"There is no time zone {name!r}. {hint}")


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Give the names of all time zones."""
    # These two depend on the machine, or stand for a clock that nobody has set.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _hour(zone: ZoneInfo, at: datetime) -> Window:
    local = at.astimezone(zone)
    start = at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    end = start + _HOUR
    if _offset(zone, start) != _offset(zone, at):
        start = _change(zone, start, at)
    if _offset(zone, end - _TICK) != _offset(zone, at):
        end = _change(zone, at, end - _TICK)
    return Window(start, end)


def _days(zone: ZoneInfo, at: datetime, first: date, following: _Step) -> Window:
    start, end = _beginning(zone, first), _beginning(zone, following(first))
    while end <= at:
        # The clock was set back over midnight: it reads the day before again, which is over.
        first = following(first)
        start, end = end, _beginning(zone, following(first))
    return Window(start, end)


def _beginning(zone: ZoneInfo, day: date) -> datetime:
    midnight = datetime.combine(day, time(), zone)  # the first, where it comes twice
    begins = midnight.astimezone(UTC)
    if begins.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return begins
    # The clock skips it: read by the offset after the change it lies before the change.
    return _change(zone, midnight.replace(fold=1).astimezone(UTC), begins)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find the moment between the two at which the later one's offset began."""
    offset = _offset(zone, after)
    low, high = 0, (after - before) // _TICK
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, before + middle * _TICK) == offset:
            high = middle
        else:
            low = middle
    return before + high * _TICK


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _tomorrow(day: date) -> date:
    return day + timedelta(days=1)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


_HOUR = timedelta(hours=1)
_TICK = timedelta(microseconds=1)
