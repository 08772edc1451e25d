"""What a provider charges the platform for one unit, as an exact ratio, or why nobody can say."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from pricing.decimal_text import MICROS
from pricing.units import ServiceType, UnitType


@dataclass(frozen=True, slots=True)
class CostRate:
    """What a provider charges from a moment on: `amount` of the currency for `per` units.

    `since` is None where the rate holds for all the time before the next. `source` is a sentence that says
    where the figure comes from, and of what date.
    """

    service_type: ServiceType
    provider: str
    unit_type: UnitType
    amount: Fraction
    per: int
    source: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnitCost:
    """The rate that charges a unit, and how many of the units make one of the rate's (60 for seconds)."""

    rate: CostRate
    units_in_one: int = 1

    def of(self, micro_units: int) -> Fraction:
        """Return the exact cost of millionths of units, in the currency of the rate."""
        return self.rate.amount * Fraction(micro_units, MICROS * self.rate.per * self.units_in_one)


@dataclass(frozen=True, slots=True)
class NoCost:
    """A unit has no known cost; the reason is a sentence, with the fix."""

    reason: str


class CostLayer(Protocol):
    """One place where cost rates come from."""

    def rate(
        self, service_type: ServiceType, provider: str, unit_type: UnitType, at: datetime
    ) -> CostRate | NoCost | None:
        """Return the rate for exactly this unit at a time.

        NoCost where what is known says that there is no single rate, None where nothing is known.
        """

    def changes(self, service_type: ServiceType, provider: str) -> frozenset[datetime]:
        """Return when rates of a provider begin; between these moments none changes."""
