"""Windows of budgets: calendar hours, days and months, right where clocks are changed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.windows import EPOCH, UnknownZone, Window, require_zone, window_of, zone_names
from models.budget import BudgetWindow

HOUR, DAY, MONTH = BudgetWindow.HOUR, BudgetWindow.DAY, BudgetWindow.MONTH
TICK = timedelta(microseconds=1)
ZONES = sorted(zone_names())
# From 1973 on every zone's clock is set to whole minutes.
MOMENTS = st.integers(3 * 366 * 86_400 * 10**6, 68 * 365 * 86_400 * 10**6).map(
    lambda micros: EPOCH + micros * TICK
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("kind", "zone", "at", "start", "end"),
    [
        (HOUR, "UTC", "2026-03-04T12:59:59.999999", "2026-03-04T12:00", "2026-03-04T13:00"),
        (HOUR, "UTC", "2026-03-04T13:00", "2026-03-04T13:00", "2026-03-04T14:00"),
        (DAY, "UTC", "2026-03-04T12:00", "2026-03-04T00:00", "2026-03-05T00:00"),
        (MONTH, "UTC", "2024-02-29T23:59:59", "2024-02-01T00:00", "2024-03-01T00:00"),
        (MONTH, "UTC", "2026-12-31T23:59:59", "2026-12-01T00:00", "2027-01-01T00:00"),
        # Hours of a zone that is half an hour, or three quarters of one, apart.
        (HOUR, "Asia/Kolkata", "2026-03-04T12:00", "2026-03-04T11:30", "2026-03-04T12:30"),
        (HOUR, "Asia/Kathmandu", "2026-03-04T12:20", "2026-03-04T12:15", "2026-03-04T13:15"),
        # Days and months of a zone that is ahead or behind.
        (DAY, "Asia/Tokyo", "2026-03-04T15:00", "2026-03-04T15:00", "2026-03-05T15:00"),
        (DAY, "America/New_York", "2026-03-04T04:59:59", "2026-03-03T05:00", "2026-03-04T05:00"),
        (MONTH, "Europe/Vienna", "2026-03-29T12:00", "2026-02-28T23:00", "2026-03-31T22:00"),
        # A day of 23 hours and a day of 25.
        (DAY, "Europe/Vienna", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        (DAY, "Europe/Vienna", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        # The hour that a clock reads twice is two windows.
        (HOUR, "Europe/Vienna", "2026-10-25T00:30", "2026-10-25T00:00", "2026-10-25T01:00"),
        (HOUR, "Europe/Vienna", "2026-10-25T01:30", "2026-10-25T01:00", "2026-10-25T02:00"),
        # A clock that is set by half an hour only: the hour that it is set in ends there.
        (HOUR, "Australia/Lord_Howe", "2026-04-04T14:59", "2026-04-04T14:00", "2026-04-04T15:00"),
        (HOUR, "Australia/Lord_Howe", "2026-04-04T15:10", "2026-04-04T15:00", "2026-04-04T15:30"),
        (HOUR, "Australia/Lord_Howe", "2026-10-03T15:40", "2026-10-03T15:30", "2026-10-03T16:00"),
        # A midnight that is skipped: the day begins at one.
        (DAY, "America/Sao_Paulo", "2018-11-04T12:00", "2018-11-04T03:00", "2018-11-05T02:00"),
        (DAY, "America/Sao_Paulo", "2018-11-04T02:59", "2018-11-03T03:00", "2018-11-04T03:00"),
        # A midnight that comes twice: the day begins at the first.
        (DAY, "America/Havana", "2025-11-02T04:30", "2025-11-02T04:00", "2025-11-03T05:00"),
        (DAY, "America/Havana", "2025-11-02T05:30", "2025-11-02T04:00", "2025-11-03T05:00"),
        # A minute after midnight the clock is set back to 23:01: that hour is the new day's all the same.
        (DAY, "America/St_Johns", "2010-11-07T02:45", "2010-11-07T02:30", "2010-11-08T03:30"),
        (DAY, "America/St_Johns", "2010-11-07T03:15", "2010-11-07T02:30", "2010-11-08T03:30"),
        # A day that there never was.
        (DAY, "Pacific/Apia", "2011-12-30T09:59", "2011-12-29T10:00", "2011-12-30T10:00"),
        (DAY, "Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_the_window_of_a_moment(kind: BudgetWindow, zone: str, at: str, start: str, end: str) -> None:
    assert window_of(kind, zone, moment(at)) == Window(moment(start), moment(end))


def test_for_ever_began_in_1970_and_never_ends() -> None:
    window = window_of(BudgetWindow.LIFETIME, "Europe/Vienna", moment("2026-03-04T12:00"))
    assert window == Window(datetime(1970, 1, 1, tzinfo=UTC), None)
    assert EPOCH in window
    assert EPOCH - TICK not in window


def test_a_single_run_has_no_window() -> None:
    with pytest.raises(ValueError, match="single runs"):
        window_of(BudgetWindow.REQUEST, "UTC", EPOCH)


@given(zone=st.sampled_from(ZONES), kind=st.sampled_from([HOUR, DAY, MONTH]), at=MOMENTS)
def test_windows_meet_without_gap_or_overlap(zone: str, kind: BudgetWindow, at: datetime) -> None:
    window = window_of(kind, zone, at)
    assert window.end is not None
    assert window.start <= at < window.end
    assert window_of(kind, zone, window.start) == window
    assert window_of(kind, zone, window.end - TICK) == window
    assert window_of(kind, zone, window.end).start == window.end
    # Budgets are recounted by minutes.
    assert (window.start.second, window.start.microsecond) == (0, 0)


@given(zone=st.sampled_from(ZONES), at=MOMENTS)
def test_days_are_made_of_whole_hours_and_months_of_whole_days(zone: str, at: datetime) -> None:
    day = window_of(DAY, zone, at)
    assert window_of(HOUR, zone, day.start).start == day.start
    month = window_of(MONTH, zone, at)
    assert window_of(DAY, zone, month.start).start == month.start


@given(offset=st.integers(-12, 12), at=MOMENTS)
def test_one_moment_has_one_window_however_it_is_written(offset: int, at: datetime) -> None:
    elsewhere = at.astimezone(timezone(timedelta(hours=offset)))
    assert window_of(DAY, "Europe/Vienna", elsewhere) == window_of(DAY, "Europe/Vienna", at)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Vienna", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_zones_that_there_are(zone: str) -> None:
    require_zone(zone)


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Wienna", "Did you mean 'Europe/Vienna'?"),
        ("europe/vienna", "Did you mean 'Europe/Vienna'?"),
        ("", "Zones are named as 'Europe/Vienna'."),
        ("../../etc/passwd", "Zones are named as 'Europe/Vienna'."),
        ("localtime", ""),
        ("Factory", ""),
    ],
)
def test_zones_that_there_are_not(zone: str, hint: str) -> None:
    with pytest.raises(UnknownZone) as raised:
        require_zone(zone)
    assert str(raised.value).startswith(f"There is no time zone {zone!r}. {hint}")
