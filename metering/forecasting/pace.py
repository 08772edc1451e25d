"""The pace of spending: what days cost on the average, and how much that is worth."""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from metering.forecasting.days import DAYS_OF_A_WEEK, DailyTotals
from pricing.credits import Credits

FEWEST_DAYS_OF_A_BAND = 7
FEWEST_DAYS_BY_WEEKDAY = 14
"""Two of each weekday."""
_MILLION = 1_000_000

Days = tuple[Fraction, ...]
"""How many days of each weekday, Monday first; a part of a day is a fraction."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What days cost: each weekday by itself where two weeks are known, else all days alike.

    `kinds` has the micro-credits of the days that count as alike: of seven weekdays, Monday first, or of all.
    """

    kinds: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, daily: DailyTotals) -> "Pace | None":
        """Read the pace from the days that are known; None where no whole day is."""
        known = daily.known()
        if not known:
            return None
        count = DAYS_OF_A_WEEK if len(known) >= FEWEST_DAYS_BY_WEEKDAY else 1
        kinds = (tuple(micros for day, micros in known if day % count == kind) for kind in range(count))
        return cls(tuple(kinds))

    @property
    def day_count(self) -> int:
        """How many days it rests on."""
        return sum(map(len, self.kinds))

    @property
    def per_day(self) -> Credits:
        """The credits spent a day, rounded down to a micro-credit."""
        return Credits(sum(map(sum, self.kinds)) // self.day_count)

    def on(self, weekday: int) -> Fraction:
        """Give the micro-credits that a day is expected to cost."""
        kind = self.kinds[weekday % len(self.kinds)]
        return Fraction(sum(kind), len(kind))

    def over(self, days: Days) -> Fraction:
        """Give the micro-credits that coming days are expected to cost."""
        return sum((count * self.on(weekday) for weekday, count in enumerate(days)), Fraction())

    def spread(self, days: Days) -> int | None:
        """Give the micro-credits by which coming days may cost more or less, in 8 of 10 cases.

        Days are taken to differ from the mean of their kind as past ones did, and one not to follow from
        another; that the means are of few days counts as well (a prediction interval by Student's t). None
        where fewer than seven days are known.
        """
        if self.day_count < FEWEST_DAYS_OF_A_BAND:
            return None
        freedom = self.day_count - len(self.kinds)
        of_one_day = sum(map(_squares, self.kinds), Fraction()) / freedom
        of_means = sum(
            (sum(days[number :: len(self.kinds)], Fraction()) ** 2 / len(kind))
            for number, kind in enumerate(self.kinds)
        )
        variance = of_one_day * (sum(days, Fraction()) + of_means) * _t_in_millionths(freedom) ** 2
        return isqrt(int(variance)) // _MILLION


def _squares(kind: tuple[int, ...]) -> Fraction:
    """Add up the squares of the differences from the mean."""
    return sum(micros * micros for micros in kind) - Fraction(sum(kind) ** 2, len(kind))


def _t_in_millionths(freedom: int) -> int:
    """Give what 9 of 10 values of Student's t are below, by the first terms of its series."""
    return 1_281_552 + 846_580 // freedom + 570_880 // freedom**2
