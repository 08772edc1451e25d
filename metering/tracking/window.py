"""The window of times that can be recorded: 35 days back to 5 minutes ahead."""

from datetime import datetime, timedelta

from metering.errors import TimeOutOfRange

LONGEST_AGO = timedelta(days=35)
FURTHEST_AHEAD = timedelta(minutes=5)


def within_window(field: str, given: datetime | None, *, now: datetime) -> datetime:
    """Give the time, or now where none was given.

    Raises TimeOutOfRange where it lies too far back or ahead.
    """
    if given is None:
        return now
    earliest, latest = now - LONGEST_AGO, now + FURTHEST_AHEAD
    if not earliest <= given <= latest:
        raise TimeOutOfRange(field, given, earliest, latest)
    return given


def is_within_window(given: datetime, *, now: datetime) -> bool:
    """Tell whether a time is open for recording."""
    return now - LONGEST_AGO <= given <= now + FURTHEST_AHEAD


def not_before(field: str, given: datetime, start: datetime, *, now: datetime) -> datetime:
    """Give the time, which must not lie before the start nor too far ahead.

    Raises TimeOutOfRange.
    """
    latest = max(now + FURTHEST_AHEAD, start)
    if not start <= given <= latest:
        raise TimeOutOfRange(field, given, start, latest)
    return given
