"""Margins: what usages sold for, what the providers charged for them, and what is left."""

from datetime import datetime
from fractions import Fraction
from typing import Self

import strawberry

from graph.context import Context
from graph.scalars import LONGEST_FRACTION, DecimalText, Long
from metering.margins import KnownCost as KnownCostRow
from metering.margins import Margin as MarginFigures
from metering.margins import UnitsUsed, margin_of
from metering.margins import UnknownCost as UnknownCostRow
from pricing.costs import CostRate as CostRateRow
from pricing.credits import Credits
from pricing.decimal_text import text_from_micros
from pricing.units import ServiceType, UnitType

_PLACES = f"exact; an endless fraction is rounded half to even at {LONGEST_FRACTION} places"


@strawberry.type(description="What a provider charges the platform for a unit.")
class CostRate:
    """What a provider charges."""

    unit_type: UnitType = strawberry.field(description="The unit charged; seconds may be charged by minutes.")
    amount: DecimalText = strawberry.field(description="The amount for `per` units.")
    per: Long = strawberry.field(description="For how many units the amount is.")
    since: datetime | None = strawberry.field(
        description="When the rate began; null where it holds for all the time before the next."
    )
    source: str = strawberry.field(description="Where the figure comes from, and of what date it is.")

    @classmethod
    def of(cls, row: CostRateRow) -> Self:
        """Show a cost rate."""
        return cls(
            unit_type=row.unit_type,
            amount=money(row.amount),
            per=Long(row.per),
            since=row.since,
            source=row.source,
        )


@strawberry.type(description="Units whose cost is known, by the rate that charged them.")
class KnownCost:
    """Units whose cost is known."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    units: DecimalText = strawberry.field(description="How many.")
    credits: Credits = strawberry.field(description="The credits charged for them.")
    cost: DecimalText = strawberry.field(description=f"What they cost; {_PLACES}.")
    rate: CostRate = strawberry.field(description="By which rate.")

    @classmethod
    def of(cls, row: KnownCostRow) -> Self:
        """Show units whose cost is known."""
        return cls(
            service_type=row.service_type,
            provider=row.provider,
            unit_type=row.unit_type,
            units=DecimalText(text_from_micros(row.micro_units)),
            credits=row.credits,
            cost=money(row.cost),
            rate=CostRate.of(row.rate),
        )


@strawberry.type(description="Units whose cost nobody knows.")
class UnknownCost:
    """Units whose cost nobody knows."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    units: DecimalText = strawberry.field(description="How many.")
    credits: Credits = strawberry.field(description="The credits charged for them.")
    reason: str = strawberry.field(description="Why their cost is unknown, and what to do.")

    @classmethod
    def of(cls, row: UnknownCostRow) -> Self:
        """Show units whose cost is unknown."""
        return cls(
            service_type=row.service_type,
            provider=row.provider,
            unit_type=row.unit_type,
            units=DecimalText(text_from_micros(row.micro_units)),
            credits=row.credits,
            reason=row.reason,
        )


@strawberry.type(
    description=(
        "What usages sold for, what they cost and what is left, of those usages whose cost is known; the "
        f"others stand apart in `unknown`. Amounts of money are {_PLACES}."
    )
)
class Margin:
    """What is left of what usages sold for."""

    currency: str = strawberry.field(description="The currency of all amounts, e.g. `USD`.")
    credit_value: DecimalText | None = strawberry.field(
        description="What a credit sells for; null where nobody said."
    )
    revenue: DecimalText | None = strawberry.field(description="The matched credits times the credit value.")
    cost: DecimalText | None = strawberry.field(description="What the providers charge for the same usages.")
    margin: DecimalText | None = strawberry.field(description="The revenue less the cost; may be negative.")
    share: DecimalText | None = strawberry.field(
        description="The margin as a part of the revenue, e.g. 0.25; null where there is no revenue."
    )
    reason: str | None = strawberry.field(description="Why `margin` is null, and what to do.")
    matched_credits: Credits = strawberry.field(description="Credits of usages whose cost is known.")
    unmatched_credits: Credits = strawberry.field(description="Credits of usages whose cost is unknown.")
    known: list[KnownCost] = strawberry.field(description="What is known, row by row, with its sources.")
    unknown: list[UnknownCost] = strawberry.field(
        description="What is unknown, row by row, with the reasons."
    )

    @classmethod
    def of(cls, used: list[UnitsUsed], context: Context) -> Self:
        """Show the margin of units used."""
        terms = context.margin_terms
        figures: MarginFigures = margin_of(used, terms)
        value = terms.credit_value
        return cls(
            currency=terms.costs.currency,
            credit_value=None if value is None else DecimalText(text_from_micros(value.micros)),
            revenue=_money_or_null(figures.revenue),
            cost=_money_or_null(figures.cost),
            margin=_money_or_null(figures.margin),
            share=_money_or_null(figures.share),
            reason=figures.reason,
            matched_credits=figures.matched_credits,
            unmatched_credits=figures.unmatched_credits,
            known=[KnownCost.of(row) for row in figures.known],
            unknown=[UnknownCost.of(row) for row in figures.unknown],
        )


def money(amount: Fraction) -> DecimalText:
    """Write an exact amount; an endless fraction to 18 places, rounded half to even."""
    scaled = round(amount * 10**LONGEST_FRACTION)
    whole, rest = divmod(abs(scaled), 10**LONGEST_FRACTION)
    sign = "-" if scaled < 0 else ""
    return DecimalText(f"{sign}{whole}.{rest:0{LONGEST_FRACTION}d}".rstrip("0").rstrip("."))


def _money_or_null(amount: Fraction | None) -> DecimalText | None:
    return None if amount is None else money(amount)
