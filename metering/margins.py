"""What usages sold for, what they cost, and what is left: exact, and honest about what nobody knows.

Costs are linear in the units, so that units which are added up cost what the single usages cost, as long as
they are apart where a cost rate changes.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from pricing.costs import CostRate, MarginTerms, NoCost, UnitCost
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType

NO_CREDIT_VALUE = "Nobody said what a credit sells for: set CREDITGRAPH_CREDIT_VALUE, for example to "
NOTHING_KNOWN = "No usage here has a known cost; each row that is unknown says why."


@dataclass(frozen=True, slots=True)
class UnitsUsed:
    """Units of one service and provider, added up; all costs that hold at `since` hold for all of them."""

    service_type: ServiceType
    provider: str
    unit_type: UnitType
    since: datetime
    micro_units: int
    credits: Credits


@dataclass(frozen=True, slots=True)
class KnownCost:
    """Units of one service and provider which one rate charged, their credits and their cost."""

    service_type: ServiceType
    provider: str
    unit_type: UnitType
    micro_units: int
    credits: Credits
    rate: CostRate
    cost: Fraction


@dataclass(frozen=True, slots=True)
class UnknownCost:
    """Units of one service and provider whose cost nobody knows, and why."""

    service_type: ServiceType
    provider: str
    unit_type: UnitType
    micro_units: int
    credits: Credits
    reason: str


@dataclass(frozen=True, slots=True)
class Margin:
    """What usages of known cost sold for, cost and left; the others stand apart in `unknown`.

    Amounts are exact. Revenue and margin are None where no credit value is set, and the cost too where there
    are usages but none of known cost; `reason` then says so. The share is None without revenue as well.
    """

    revenue: Fraction | None
    cost: Fraction | None
    margin: Fraction | None
    share: Fraction | None
    reason: str | None
    matched_credits: Credits
    unmatched_credits: Credits
    known: tuple[KnownCost, ...]
    unknown: tuple[UnknownCost, ...]


def margin_of(used: Iterable[UnitsUsed], terms: MarginTerms) -> Margin:
    """Set what units sold for against what they cost; rows in the order of service, provider, unit, time."""
    known: dict[tuple[ServiceType, str, UnitType, UnitCost], list[UnitsUsed]] = defaultdict(list)
    unknown: dict[tuple[ServiceType, str, UnitType, str], list[UnitsUsed]] = defaultdict(list)
    for units in sorted(used, key=_order):
        key = (units.service_type, units.provider, units.unit_type)
        cost = terms.costs.unit_cost(*key, units.since)
        if isinstance(cost, NoCost):
            unknown[*key, cost.reason].append(units)
        else:
            known[*key, cost].append(units)
    return _margin(
        tuple(_known(*key, units) for key, units in known.items()),
        tuple(_unknown(*key, units) for key, units in unknown.items()),
        terms,
    )


def _margin(known: tuple[KnownCost, ...], unknown: tuple[UnknownCost, ...], terms: MarginTerms) -> Margin:
    matched = Credits.total(row.credits for row in known)
    nothing_known = bool(unknown) and not known
    cost = None if nothing_known else sum((row.cost for row in known), Fraction())
    value = terms.credit_value
    revenue = None if nothing_known or value is None else value.of(matched)
    margin = None if revenue is None or cost is None else revenue - cost
    return Margin(
        revenue=revenue,
        cost=cost,
        margin=margin,
        share=margin / revenue if margin is not None and revenue else None,
        reason=_reason(terms, nothing_known=nothing_known),
        matched_credits=matched,
        unmatched_credits=Credits.total(row.credits for row in unknown),
        known=known,
        unknown=unknown,
    )


def _reason(terms: MarginTerms, *, nothing_known: bool) -> str | None:
    if terms.credit_value is None:
        return f'{NO_CREDIT_VALUE}"0.01 {terms.costs.currency}".'
    return NOTHING_KNOWN if nothing_known else None


def _known(
    service_type: ServiceType, provider: str, unit_type: UnitType, cost: UnitCost, used: list[UnitsUsed]
) -> KnownCost:
    micro_units, credits_ = _sums(used)
    return KnownCost(
        service_type, provider, unit_type, micro_units, credits_, cost.rate, cost.of(micro_units)
    )


def _unknown(
    service_type: ServiceType, provider: str, unit_type: UnitType, reason: str, used: list[UnitsUsed]
) -> UnknownCost:
    micro_units, credits_ = _sums(used)
    return UnknownCost(service_type, provider, unit_type, micro_units, credits_, reason)


def _sums(used: list[UnitsUsed]) -> tuple[int, Credits]:
    return sum(units.micro_units for units in used), Credits.total(units.credits for units in used)


def _order(units: UnitsUsed) -> tuple[str, str, str, datetime]:
    return units.service_type, units.provider, units.unit_type, units.since
