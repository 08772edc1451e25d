"""Forecasts, in exact numbers and in what must hold of all of them."""

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.forecasting import DailyTotals, Pace, forecast, last_days, seconds_to_exhaustion
from metering.windows import Window, window_of
from models.budget import BudgetWindow
from pricing.credits import Credits

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""A Wednesday."""
MONTH = window_of(BudgetWindow.MONTH, "UTC", NOON)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - strategies take bounds without a zone
ZONES = st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
DAYS = st.lists(st.integers(0, 10**12), min_size=36, max_size=36)


def spent(*credits_: float | str, now: datetime = NOON, time_zone: str = "UTC") -> DailyTotals:
    """Say what was spent on the last days, today last; before that it is nothing."""
    totals = [Credits.parse(str(each)) for each in credits_]
    nothing = [Credits.ZERO] * (36 - len(totals))
    return DailyTotals(last_days(time_zone, now), (*nothing, *totals))


def of_micros(totals: list[int], now: datetime, time_zone: str) -> DailyTotals:
    return DailyTotals(last_days(time_zone, now), tuple(map(Credits, totals)))


def band(daily: DailyTotals, window: Window = MONTH) -> tuple[str | None, ...]:
    """Give low, estimate and high of a window of which nothing is spent, as text."""
    told = forecast(daily, window, spent=Credits.ZERO)
    return tuple(None if each is None else str(each) for each in (told.low, told.estimate, told.high))


def test_nothing_behind_is_nothing_to_say() -> None:
    told = forecast(spent(7), MONTH, spent=Credits.whole(7))
    assert (told.spent, told.estimate, told.low, told.high) == (Credits.whole(7), None, None, None)
    assert (told.per_day, told.day_count) == (None, 0)
    assert told.basis == "No whole day on which something was spent lies behind: nothing can be said yet."


def test_the_mean_of_a_few_days_is_an_estimate_without_a_band() -> None:
    # Half of the 4th and the 27 days from the 5th to the 31st are left.
    told = forecast(spent(8, 12, 3), MONTH, spent=Credits.whole(20))
    assert (str(told.estimate), told.low, told.high) == ("295", None, None)
    assert (str(told.per_day), told.day_count) == ("10", 2)
    assert told.basis == "The mean of 2 days; a band needs 7."
    assert forecast(spent(8, 3), MONTH, spent=Credits.ZERO).basis == "The mean of 1 day; a band needs 7."


def test_days_that_are_all_the_same_leave_no_doubt() -> None:
    assert band(spent(*[10] * 7, 5)) == ("275", "275", "275")
    assert band(spent(*[10] * 35, 5)) == ("275", "275", "275")


def test_a_band_by_hand() -> None:
    # Seven days of mean 10: squares 4·9 = 36 over 6 degrees of freedom, 6 a day. Over 27.5 days
    # 6·(27.5 + 27.5²/7) = 813.214286; its root 28.516912, times 1.438505 of Student's t is 41.02172.
    told = forecast(spent(7, 13, 10, 7, 13, 10, 10, 0), MONTH, spent=Credits.whole(2))
    assert (str(told.low), str(told.estimate), str(told.high)) == ("235.97828", "277", "318.02172")
    assert told.basis.startswith("The mean of all days alike over 7 days. The band holds 8 of 10 outcomes")


def test_the_band_never_falls_below_what_is_spent() -> None:
    told = forecast(spent(1, 0, 0, 0, 0, 0, 70, 0), MONTH, spent=Credits.whole(70))
    assert told.low == Credits.whole(70)


def test_weekdays_count_by_themselves_from_two_weeks_on() -> None:
    # Two weeks up to Tuesday: 10 on each working day, nothing on Saturdays and Sundays.
    weeks = [10, 10, 10, 0, 0, 10, 10] * 2
    # Half a Wednesday, then the 5th to the 31st: 19 working days and 8 others.
    assert band(spent(*weeks, 0)) == ("195", "195", "195")
    told = forecast(spent(*weeks, 0), MONTH, spent=Credits.ZERO)
    assert told.basis.startswith("The mean of each weekday over 14 days. ")
    # A day less, and all of them are alike: 90 over 13 days.
    assert str(forecast(spent(*weeks[1:], 0), MONTH, spent=Credits.ZERO).estimate) == "190.384615"


def test_what_was_before_the_first_spending_is_not_known() -> None:
    assert forecast(spent(0, 0, 6, 0, 0, 0), MONTH, spent=Credits.ZERO).day_count == 3


def test_a_window_within_today_gets_its_part_of_the_day() -> None:
    hour = window_of(BudgetWindow.HOUR, "UTC", NOON + timedelta(minutes=30))
    assert band(spent(*[24] * 3, 12, now=NOON + timedelta(minutes=30)), hour) == (None, "0.5", None)
    day = window_of(BudgetWindow.DAY, "UTC", NOON)
    assert band(spent(*[24] * 3, 12), day) == (None, "12", None)


def test_a_window_without_an_end_comes_to_nothing() -> None:
    ever = window_of(BudgetWindow.LIFETIME, "UTC", NOON)
    assert band(spent(*[24] * 9, 12), ever) == (None, None, None)
    assert seconds_to_exhaustion(spent(*[24] * 9, 12), Credits.whole(48), ever) == 2 * 86_400


def test_the_day_on_which_the_clock_is_set_has_23_hours() -> None:
    # The 29th in Vienna, from 00:00 (23:00 UTC the day before) to 22:00 UTC; 11.5 hours of it are left.
    now = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)
    month = window_of(BudgetWindow.MONTH, "Europe/Vienna", now)
    assert band(spent(10, 10, 0, now=now, time_zone="Europe/Vienna"), month) == (None, "25", None)


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        ("0", 0),
        ("1", 7_200),
        ("6", 43_200),
        ("6.000001", 43_200),
        ("18", 129_600),
        ("90", 7 * 86_400 + 43_200),
        ("4392", 31_622_400),  # 366 days
        ("4398.1", None),
    ],
)
def test_how_long_credits_last(left: str, seconds: int | None) -> None:
    daily = spent(*[12] * 3, 0)
    assert seconds_to_exhaustion(daily, Credits.parse(left)) == seconds


def test_what_a_window_outlasts_is_not_used_up_in_it() -> None:
    daily = spent(*[12] * 3, 0)
    day = window_of(BudgetWindow.DAY, "UTC", NOON)
    assert seconds_to_exhaustion(daily, Credits.parse("5.9"), day) == 42_480
    assert seconds_to_exhaustion(daily, Credits.whole(6), day) is None
    assert seconds_to_exhaustion(spent(3), Credits.whole(6), day) is None
    assert seconds_to_exhaustion(spent(3), Credits(-1), day) == 0


def test_credits_last_over_days_on_which_nothing_is_spent() -> None:
    # From Wednesday noon: half of it, Thursday, Friday; then Monday again.
    daily = spent(*[10, 10, 10, 0, 0, 10, 10] * 2, 0)
    assert seconds_to_exhaustion(daily, Credits.whole(25)) == 2 * 86_400 + 43_200
    assert seconds_to_exhaustion(daily, Credits.whole(26)) == 4 * 86_400 + 43_200 + 8_640
    assert seconds_to_exhaustion(daily, Credits.whole(75)) == 9 * 86_400 + 43_200


@given(totals=DAYS, now=MOMENTS, time_zone=ZONES, so_far=st.integers(0, 10**12))
def test_the_band_holds_the_estimate_and_what_is_spent(
    totals: list[int], now: datetime, time_zone: str, so_far: int
) -> None:
    month = window_of(BudgetWindow.MONTH, time_zone, now)
    told = forecast(of_micros(totals, now, time_zone), month, spent=Credits(so_far))
    if told.estimate is not None:
        assert told.spent <= told.estimate
    if told.low is not None and told.high is not None and told.estimate is not None:
        assert told.spent <= told.low <= told.estimate <= told.high


@given(totals=DAYS, now=MOMENTS, time_zone=ZONES, number=st.integers(0, 34), more=st.integers(0, 10**12))
def test_a_dearer_day_never_makes_an_estimate_lower(
    totals: list[int], now: datetime, time_zone: str, number: int, more: int
) -> None:
    totals[0] += 1  # what is known begins with the first day, whichever is dearer
    month = window_of(BudgetWindow.MONTH, time_zone, now)
    before = forecast(of_micros(totals, now, time_zone), month, spent=Credits.ZERO).estimate
    totals[number] += more
    after = forecast(of_micros(totals, now, time_zone), month, spent=Credits.ZERO).estimate
    assert before is not None
    assert after is not None
    assert before <= after


@given(totals=DAYS, now=MOMENTS, time_zone=ZONES, left=st.integers(0, 10**13), more=st.integers(0, 10**12))
def test_more_credits_last_at_least_as_long(
    totals: list[int], now: datetime, time_zone: str, left: int, more: int
) -> None:
    daily = of_micros(totals, now, time_zone)
    fewer, longer = (seconds_to_exhaustion(daily, Credits(micros)) for micros in (left, left + more))
    assert longer is None or (fewer is not None and fewer <= longer)


@given(
    totals=DAYS, now=MOMENTS, time_zone=ZONES, kind=st.sampled_from([BudgetWindow.DAY, BudgetWindow.MONTH])
)
def test_what_a_window_is_estimated_to_cost_lasts_until_its_end(
    totals: list[int], now: datetime, time_zone: str, kind: BudgetWindow
) -> None:
    daily, window = of_micros(totals, now, time_zone), window_of(kind, time_zone, now)
    told = forecast(daily, window, spent=Credits.ZERO)
    if told.estimate is None or window.end is None:
        return
    assert seconds_to_exhaustion(daily, told.estimate + Credits(1), window) is None
    seconds = seconds_to_exhaustion(daily, told.estimate)
    assert seconds is None or now + timedelta(seconds=seconds) <= window.end


@given(totals=DAYS, now=MOMENTS, time_zone=ZONES)
def test_days_lie_one_beside_another(totals: list[int], now: datetime, time_zone: str) -> None:
    days = last_days(time_zone, now)
    assert len(days.edges) == 37
    assert list(days.edges) == sorted(set(days.edges))
    assert days.edges[-2] <= now < days.edges[-1]
    for number, (start, end) in enumerate(zip(days.edges, days.edges[1:], strict=False)):
        assert window_of(BudgetWindow.DAY, time_zone, start) == Window(start, end)
        assert days.weekday(number) == days.weekday(number - 7 if number >= 7 else number + 7)
    daily = of_micros(totals, now, time_zone)
    assert daily.since(days.edges[0]).micros == sum(totals)
    assert daily.since(days.edges[-2]).micros == totals[-1]


def test_eight_of_ten_outcomes_lie_in_the_band() -> None:
    """Months that go on as they were, by chance: some days cost much, most little, and weekends less."""
    chance = random.Random(20260304)
    for known in (7, 13, 14, 35):
        held = 0
        for _ in range(400):
            months = [
                int(chance.gammavariate(2, 10**7) * (0.4 if day % 7 in {3, 4} and known >= 14 else 1))
                for day in range(known + 28)
            ]
            totals = [0] * (35 - known) + [max(micros, 1) for micros in months[:known]] + [0]
            end = datetime(2026, 4, 1, tzinfo=UTC)
            now = datetime(2026, 3, 4, tzinfo=UTC)
            told = forecast(of_micros(totals, now, "UTC"), Window(now, end), spent=Credits.ZERO)
            assert told.low is not None
            assert told.high is not None
            held += told.low.micros <= sum(months[known:]) <= told.high.micros
        assert 0.74 < held / 400 < 0.86, known


def test_a_pace_is_exact() -> None:
    pace = Pace.of(spent(1, 1, "0.000001", 0))
    assert pace is not None
    assert pace.on(3) == Fraction(2_000_001, 3)
    assert str(pace.per_day) == "0.666667"
