"""The days that a forecast rests on: the last whole days of a time zone's calendar, and today so far."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from metering.windows import Window, window_of
from models.budget import BudgetWindow
from pricing.credits import Credits

DAYS_LOOKED_AT = 35
"""Five of each weekday."""
DAYS_OF_A_WEEK = 7
_TICK = timedelta(microseconds=1)
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class LastDays:
    """The days before a moment in a time zone, and the day that it lies in.

    `edges` are the moments at which they begin, the oldest first and today's last, and the end of today.
    """

    time_zone: str
    now: datetime
    today: date
    edges: tuple[datetime, ...]

    def weekday(self, number: int) -> int:
        """Give the weekday of a day by its place among the edges, 0 for Monday."""
        days_ago = len(self.edges) - 2 - number
        return (self.today.weekday() - days_ago) % DAYS_OF_A_WEEK

    def left_of_today(self, end: datetime | None = None) -> Fraction:
        """Give the part of today between now and its end, or a moment before that."""
        start, tomorrow = self.edges[-2:]
        until = tomorrow if end is None else min(end, tomorrow)
        return Fraction(max(until - self.now, timedelta()) // _TICK, (tomorrow - start) // _TICK)

    def moment(self, days_ahead: int, part: Fraction) -> datetime:
        """Give the moment at which a part of a coming day is over, or of what there is of today."""
        noon = datetime.combine(self.today + timedelta(days=days_ahead), _NOON, ZoneInfo(self.time_zone))
        day = window_of(BudgetWindow.DAY, self.time_zone, noon.astimezone(UTC))
        start = day.start if days_ahead else self.now
        length = (day.end or start) - day.start
        return start + _TICK * int(part * (length // _TICK))


@dataclass(frozen=True, slots=True)
class DailyTotals:
    """What was spent on each of the last days, the oldest first, and today so far; voided usages left out."""

    days: LastDays
    totals: tuple[Credits, ...]

    def since(self, start: datetime) -> Credits:
        """Add up the days from a day's beginning on."""
        starts = zip(self.days.edges[:-1], self.totals, strict=True)
        return Credits.total(spent for begins, spent in starts if begins >= start)

    def known(self) -> tuple[tuple[int, int], ...]:
        """Give weekday and micro-credits of each whole day since the first on which something was spent."""
        whole = [(self.days.weekday(number), spent.micros) for number, spent in enumerate(self.totals[:-1])]
        first = next((number for number, (_, micros) in enumerate(whole) if micros), len(whole))
        return tuple(whole[first:])


def last_days(time_zone: str, now: datetime) -> LastDays:
    """Lay out the days before a moment; time zones are those of `require_zone`."""
    today = window_of(BudgetWindow.DAY, time_zone, now)
    edges = [_end(today), today.start]
    for _ in range(DAYS_LOOKED_AT):
        edges.append(window_of(BudgetWindow.DAY, time_zone, edges[-1] - _TICK).start)
    # A day's middle reads its date, also where the clock is set at its beginning.
    middle = today.start + (_end(today) - today.start) / 2
    date_of_today = middle.astimezone(ZoneInfo(time_zone)).date()
    return LastDays(time_zone, now, date_of_today, tuple(reversed(edges)))


def _end(day: Window) -> datetime:
    assert day.end is not None  # noqa: S101 - a day ends
    return day.end
