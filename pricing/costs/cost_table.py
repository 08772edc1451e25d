"""Dated cost rates of one currency, and which of them is in force."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pricing.costs.cost_rate import CostRate
from pricing.units import ServiceType, UnitType

MOST_DATES = 100
"""How many different dates a table may have: figures of a period are added up apart between them."""
ALWAYS = datetime.min.replace(tzinfo=UTC)

_Key = tuple[ServiceType, str, UnitType]


class InvalidCosts(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A table of costs that breaks a rule; `path` leads to the field, e.g. ("costs", 3, "from")."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class CostTable:
    """Cost rates of one currency; each holds until the next of its unit begins.

    InvalidCosts for a date without an offset, two rates of one unit with one date, and too many dates.
    """

    currency: str
    rates: tuple[CostRate, ...]
    _by_unit: dict[_Key, list[CostRate]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_unit", _by_unit(self.rates))
        if len({rate.since for rate in self.rates}) > MOST_DATES:
            raise InvalidCosts(f"has more than {MOST_DATES} different dates: leave out the oldest.", "costs")

    def rate(
        self, service_type: ServiceType, provider: str, unit_type: UnitType, at: datetime
    ) -> CostRate | None:
        """Return the rate in force for exactly this unit; None before the first, and where there is none."""
        rates = self._by_unit.get((service_type, provider, unit_type), [])
        following = bisect_right(rates, at, key=_begins)
        return rates[following - 1] if following else None

    def changes(self, service_type: ServiceType, provider: str) -> frozenset[datetime]:
        """Return when rates of a provider begin."""
        return frozenset(
            rate.since
            for rate in self.rates
            if rate.since is not None and (rate.service_type, rate.provider) == (service_type, provider)
        )


def _by_unit(rates: tuple[CostRate, ...]) -> dict[_Key, list[CostRate]]:
    by_unit: dict[_Key, list[CostRate]] = defaultdict(list)
    for position, rate in enumerate(rates):
        if rate.since is not None and rate.since.utcoffset() is None:
            raise InvalidCosts(
                "needs an offset: write for example 2026-01-01T00:00:00Z.", "costs", position, "from"
            )
        of_unit = by_unit[rate.service_type, rate.provider, rate.unit_type]
        if any(other.since == rate.since for other in of_unit):
            raise InvalidCosts(
                f"a second cost for {rate.service_type}, {rate.provider!r}, {rate.unit_type} from the same "
                "moment: keep one, or give this one another `from`.",
                "costs",
                position,
            )
        of_unit.append(rate)
    return {key: sorted(of_unit, key=_begins) for key, of_unit in by_unit.items()}


def _begins(rate: CostRate) -> datetime:
    return ALWAYS if rate.since is None else rate.since
