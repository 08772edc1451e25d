"""Forecasts: pure functions from daily totals to what a window will come to and how long credits last."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

from metering.forecasting.days import DAYS_OF_A_WEEK, DailyTotals, LastDays
from metering.forecasting.pace import FEWEST_DAYS_BY_WEEKDAY, FEWEST_DAYS_OF_A_BAND, Days, Pace
from metering.windows import Window
from pricing.credits import Credits

FARTHEST_DAYS = 366
"""What would last longer than that is not foretold."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a window will come to, with a band around it; `spent` is what it has come to so far.

    Without a whole day behind there is no estimate, without a week no band, and neither for a window that
    never ends.
    """

    window: Window
    spent: Credits
    estimate: Credits | None
    low: Credits | None
    high: Credits | None
    per_day: Credits | None
    day_count: int
    basis: str


def forecast(daily: DailyTotals, window: Window, *, spent: Credits) -> Forecast:
    """Foretell what a window that has begun comes to; every amount is rounded down once, at the end."""
    pace = Pace.of(daily)
    estimate, low, high = None, None, None
    if pace is not None and window.end is not None:
        days = _days_until(daily.days, window)
        estimate = spent + Credits(int(pace.over(days)))
        spread = pace.spread(days)
        if spread is not None:
            low = max(estimate - Credits(spread), spent)
            high = estimate + Credits(spread)
    return Forecast(
        window=window,
        spent=spent,
        estimate=estimate,
        low=low,
        high=high,
        per_day=None if pace is None else pace.per_day,
        day_count=0 if pace is None else pace.day_count,
        basis=_basis(pace),
    )


def seconds_to_exhaustion(daily: DailyTotals, left: Credits, window: Window | None = None) -> int | None:
    """Say how many whole seconds credits last at the pace of the last days.

    None where nothing is spent, and where they outlast the window, or a year.
    """
    pace, days = Pace.of(daily), daily.days
    if left.micros <= 0:
        return 0
    if pace is None or not pace.per_day:
        return None
    reached = _reached(pace, days, left.micros)
    if reached is None:
        return None
    moment = days.moment(*reached)
    ends = window is not None and window.end is not None and moment >= window.end
    return None if ends else (moment - days.now) // timedelta(seconds=1)


def _reached(pace: Pace, days: LastDays, micros: int) -> tuple[int, Fraction] | None:
    """Give the day from today on, and the part of it, at which so much is spent."""
    left, today = Fraction(micros), days.today.weekday()
    if left <= (rest := pace.on(today) * days.left_of_today()):
        return 0, left / pace.on(today)
    left -= rest
    week = sum((pace.on(weekday) for weekday in range(DAYS_OF_A_WEEK)), Fraction())
    weeks = ceil(left / week) - 1  # of the last week at least something is left, and all of it at the most
    left -= weeks * week
    ahead = 1 + weeks * DAYS_OF_A_WEEK
    while left > (expected := pace.on((today + ahead) % DAYS_OF_A_WEEK)):
        left -= expected
        ahead += 1
    return None if ahead > FARTHEST_DAYS else (ahead, left / expected)


def _days_until(days: LastDays, window: Window) -> Days:
    """Count the days of each weekday from now to the end of a window, which is today or at a midnight."""
    assert window.end is not None  # noqa: S101 - the caller has looked
    counts = [Fraction()] * DAYS_OF_A_WEEK
    counts[days.today.weekday()] += days.left_of_today(window.end)
    if window.end > days.edges[-1]:
        last = window.end.astimezone(ZoneInfo(days.time_zone)).date()
        for ahead in range(1, (last - days.today).days):
            counts[(days.today.weekday() + ahead) % DAYS_OF_A_WEEK] += 1
    return tuple(counts)


def _basis(pace: Pace | None) -> str:
    if pace is None:
        return "No whole day on which something was spent lies behind: nothing can be said yet."
    count = "1 day" if pace.day_count == 1 else f"{pace.day_count} days"
    if pace.day_count < FEWEST_DAYS_OF_A_BAND:
        return f"The mean of {count}; a band needs {FEWEST_DAYS_OF_A_BAND}."
    kind = "each weekday" if pace.day_count >= FEWEST_DAYS_BY_WEEKDAY else "all days alike"
    return (
        f"The mean of {kind} over {count}. The band holds 8 of 10 outcomes where days go on to differ as "
        "these did, one independent of another."
    )
