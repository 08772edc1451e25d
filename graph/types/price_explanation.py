"""A price step by step, as the graph shows it."""

from datetime import datetime
from fractions import Fraction
from typing import Self

import strawberry

from graph.scalars import LONGEST_FRACTION, DecimalText, Long, exact_text
from graph.types.rate_card import Rate
from metering.explanations import UsageExplanation as Explanation
from models.rate_card import PublishedRate
from pricing.credits import Credits, RoundingMode
from pricing.explanation import PriceLine as Line
from pricing.units import UnitType


@strawberry.type(description="Billed units that one price holds for, and what they cost.")
class PriceLine:
    """Billed units that one price holds for."""

    units: DecimalText = strawberry.field(description="How many units, in the rate's unit type.")
    beyond: DecimalText = strawberry.field(description="The price holds for units beyond this many …")
    up_to: DecimalText | None = strawberry.field(description="… and up to this many; null is no bound.")
    price: Credits = strawberry.field(description="Credits for `per` units.")
    exact_credits: DecimalText = strawberry.field(description="What they cost, before minimum and rounding.")

    @classmethod
    def of(cls, line: Line) -> Self:
        """Show a line."""
        return cls(
            units=exact_text(line.units),
            beyond=exact_text(line.beyond),
            up_to=_exact_or_none(line.up_to),
            price=line.price,
            exact_credits=exact_text(line.exact),
        )


@strawberry.type(
    description=(
        "A price step by step: units, billing increment, rate, minimum, exact amount, rounding. Endless "
        f"fractions are shown to {LONGEST_FRACTION} places."
    )
)
class PriceExplanation:
    """A price step by step."""

    units_consumed: DecimalText = strawberry.field(description="How many units were used.")
    unit_type: UnitType = strawberry.field(description="The unit that was metered.")
    billed_units: DecimalText = strawberry.field(
        description="How many units are billed, in the rate's unit type, its increment applied."
    )
    billed_unit_type: UnitType = strawberry.field(description="The rate's unit type.")
    rate: Rate = strawberry.field(description="The rate that priced it.")
    per: Long = strawberry.field(description="How many units a price is for.")
    lines: list[PriceLine] = strawberry.field(
        description="The units by price: one line, or one for each tier of a graduated rate that was used."
    )
    minimum_applied: bool = strawberry.field(
        description="Whether the least that one usage costs was more than its units cost."
    )
    exact_credits: DecimalText = strawberry.field(description="The amount before rounding, as it is stored.")
    rounding: RoundingMode = strawberry.field(description="How it was rounded.")
    precision: int = strawberry.field(description="To how many decimal places of a credit.")
    credits_used: Credits = strawberry.field(description="What was charged, as it is stored.")
    rate_card_version: str = strawberry.field(
        description="The rate card that priced it; of two where the rate is the account's own."
    )
    in_force_from: datetime = strawberry.field(description="Since when the rate's card is in force.")
    overridden: bool = strawberry.field(
        description="Whether the rate is the account's own, in place of everybody's."
    )
    reproduced: bool = strawberry.field(
        description=(
            "Whether the price, worked out again from the rate, is what is stored; what is stored counts."
        )
    )

    @classmethod
    def of(cls, explanation: Explanation, rate: PublishedRate) -> Self:
        """Show the price of an explanation."""
        price, usage, facts = explanation.price, explanation.usage, explanation.facts
        return cls(
            units_consumed=DecimalText(str(price.quantity)),
            unit_type=usage.unit_type,
            billed_units=exact_text(price.billed),
            billed_unit_type=price.rate.unit_type,
            rate=Rate.of(rate, facts.card),
            per=Long(price.rate.per),
            lines=[PriceLine.of(line) for line in price.lines],
            minimum_applied=price.minimum_applied,
            exact_credits=exact_text(usage.exact_credits),
            rounding=price.rounding,
            precision=price.precision,
            credits_used=usage.credits,
            rate_card_version=facts.version,
            in_force_from=facts.card.effective_from,
            overridden=facts.overridden,
            reproduced=explanation.reproduced,
        )


def _exact_or_none(number: Fraction | None) -> DecimalText | None:
    return None if number is None else exact_text(number)
