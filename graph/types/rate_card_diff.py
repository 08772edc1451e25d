"""What two rate cards have different prices for."""

from typing import Self

import strawberry

from graph.scalars import DecimalText, Long, exact_text
from graph.types.rate_card import RateTier, units_or_null
from pricing.credits import Credits, RoundingMode
from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.rate_card_diff import RateCardDiff as Diff
from pricing.rate_card_diff import RateDifference as Difference
from pricing.units import ServiceType, UnitType


@strawberry.type(description="What a card charges for one thing.")
class RateTerms:
    """What a card charges for one thing."""

    price: Credits = strawberry.field(description="Credits for `per` units; 0 where tiers hold the prices.")
    per: Long = strawberry.field(description="How many units the price is for.")
    minimum: Credits = strawberry.field(description="The least that one usage costs.")
    billing_increment: DecimalText | None = strawberry.field(
        description="Units are rounded up to a multiple of this; null bills exactly."
    )
    free: bool = strawberry.field(description="Whether the card says that this costs nothing.")
    tiers: list[RateTier] = strawberry.field(description="Graduated prices, lowest tier first.")

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """Show the terms of a rate."""
        return cls(
            price=Credits(rate.price_micros),
            per=Long(rate.per),
            minimum=Credits(rate.minimum_micros),
            billing_increment=units_or_null(rate.increment_micro_units),
            free=rate.free,
            tiers=[
                RateTier(up_to=units_or_null(tier.up_to_micro_units), price=Credits(tier.price_micros))
                for tier in rate.tiers
            ],
        )


@strawberry.type(description="One thing that two cards price otherwise.")
class RateDifference:
    """One thing that two cards price otherwise."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    unit_type: UnitType = strawberry.field(description="The unit that the price is for.")
    before: RateTerms | None = strawberry.field(description="By the first card; null where it has no rate.")
    after: RateTerms | None = strawberry.field(description="By the second card; null where it has no rate.")
    price_change_percent: DecimalText | None = strawberry.field(
        description=(
            "By how many percent the price of a unit is higher, negative where it is lower; null where one "
            "of them is missing or has tiers, or the first is 0."
        )
    )

    @classmethod
    def of(cls, difference: Difference) -> Self:
        """Show a difference."""
        change = difference.price_change
        return cls(
            service_type=difference.service_type,
            provider=difference.provider,
            unit_type=difference.unit_type,
            before=None if difference.before is None else RateTerms.of(difference.before),
            after=None if difference.after is None else RateTerms.of(difference.after),
            price_change_percent=None if change is None else exact_text(change * 100),
        )


@strawberry.type(description="How a card rounds each usage.")
class Rounding:
    """How a card rounds."""

    rounding: RoundingMode = strawberry.field(description="Where an amount goes that lies between two steps.")
    precision: int = strawberry.field(description="Decimal places of a credit that are kept, 0 to 6.")

    @classmethod
    def of(cls, card: RateCard) -> Self:
        """Show how a card rounds."""
        return cls(rounding=card.rounding, precision=card.precision)


@strawberry.type(description="What two rate cards have different prices for, by service, provider and unit.")
class RateCardDiff:
    """What two rate cards have different prices for."""

    from_version: str = strawberry.field(name="from", description="The first version.")
    to_version: str = strawberry.field(name="to", description="The second version.")
    added: list[RateDifference] = strawberry.field(description="What only the second prices.")
    removed: list[RateDifference] = strawberry.field(description="What only the first prices.")
    changed: list[RateDifference] = strawberry.field(description="What they price otherwise.")
    unchanged_count: int = strawberry.field(description="How many rates are the same in both.")
    rounding_before: Rounding = strawberry.field(description="How the first rounds.")
    rounding_after: Rounding = strawberry.field(description="How the second rounds.")
    rounding_changed: bool = strawberry.field(description="Whether they round differently.")

    @classmethod
    def of(cls, diff: Diff) -> Self:
        """Show a comparison."""
        return cls(
            from_version=diff.before.version,
            to_version=diff.after.version,
            added=[RateDifference.of(each) for each in diff.added],
            removed=[RateDifference.of(each) for each in diff.removed],
            changed=[RateDifference.of(each) for each in diff.changed],
            unchanged_count=diff.unchanged_count,
            rounding_before=Rounding.of(diff.before),
            rounding_after=Rounding.of(diff.after),
            rounding_changed=diff.changes_rounding,
        )
