"""How fast credits go: what was spent over the last minutes, and how long the rest lasts at that rate."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from pricing.credits import Credits

WINDOW_MINUTES = 5
LONGEST_SECONDS = 100 * 365 * 24 * 60 * 60
WINDOW = timedelta(minutes=WINDOW_MINUTES)


@dataclass(slots=True)
class Burn:
    """How much had been spent at moments of the window, one for each second at the most, oldest first.

    What a voided usage gave back lowers it; it never falls below zero.
    """

    _spent: deque[tuple[datetime, Credits]] = field(default_factory=deque)

    @classmethod
    def of(cls, spent: Credits, lately: Iterable[tuple[datetime, Credits]], *, now: datetime) -> Self:
        """Begin with what is spent now and the sums that were spent lately, oldest first."""
        sums = list(lately)
        burn = cls()
        so_far = spent - Credits.total(amount for _, amount in sums)
        burn.note(now - WINDOW, so_far)
        for at, amount in sums:
            so_far += amount
            burn.note(at, so_far)
        return burn

    def note(self, at: datetime, spent: Credits) -> None:
        """Remember how much has been spent by then."""
        second = at.replace(microsecond=0)
        if len(self._spent) > 1 and self._spent[-1][0] == second:
            self._spent.pop()
        self._spent.append((second, spent))

    def per_minute(self, now: datetime) -> Credits:
        """Give the credits spent a minute over the window, rounded down to a micro-credit."""
        while len(self._spent) > 1 and self._spent[1][0] <= now - WINDOW:
            self._spent.popleft()
        spent = self._spent[-1][1] - self._spent[0][1]
        return Credits(max(spent.micros, 0) // WINDOW_MINUTES)


def seconds_left(spendable: Credits | None, per_minute: Credits) -> int | None:
    """Say how many whole seconds credits last.

    None where nothing limits them, nothing is being spent, or they outlast everybody: more than 100 years.
    """
    if spendable is None or not per_minute:
        return None
    seconds = spendable.micros * 60 // per_minute.micros
    return seconds if seconds <= LONGEST_SECONDS else None
