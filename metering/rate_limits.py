"""The rule of rate limits: a bucket of points for each key, filling as time goes by, in whole numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MICRO = 1_000_000
"""Points a second are millionths of a point a microsecond: elapsed time by rate is exact."""
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many points a key may have at once, and how many come back in a second."""

    capacity: int
    restore_rate: int

    @property
    def full(self) -> int:
        """A full bucket, in millionths of a point."""
        return self.capacity * MICRO

    def refilled(self, level: int, microseconds: int) -> int:
        """Give the level, in millionths, after so much time; a clock that went backwards takes nothing."""
        return min(self.full, level + max(0, microseconds) * self.restore_rate)

    def wait(self, level: int, points: int) -> float:
        """Tell in how many seconds a bucket of this level has so many points."""
        return max(0, points * MICRO - level) / (self.restore_rate * MICRO)


def microseconds_between(earlier: datetime, later: datetime) -> int:
    """Count the microseconds from one moment to another."""
    return (later - earlier) // _MICROSECOND
