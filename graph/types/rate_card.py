"""Rate cards and their rates."""

from datetime import datetime
from typing import Any, Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.scalars import DecimalText, Long
from graph.types.node import Node
from models.identity import IdKind
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from pricing.credits import Credits, RoundingMode
from pricing.decimal_text import text_from_micros
from pricing.units import ServiceType, UnitType


@strawberry.type(description="One slice of a graduated rate.")
class RateTier:
    """One slice of a graduated rate."""

    up_to: DecimalText | None = strawberry.field(
        description="The units up to which the price holds; null for the open last tier."
    )
    price: Credits = strawberry.field(description="Credits for `per` units within this tier.")

    @classmethod
    def of(cls, row: PublishedTier) -> Self:
        """Show a tier."""
        return cls(up_to=_units(row.up_to_micro_units), price=row.price)


@strawberry.type(description="The price of one service type, provider and unit type on one rate card.")
class Rate(Node):
    """The price of one service type, provider and unit type."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    unit_type: UnitType = strawberry.field(description="The unit that the price is for.")
    price: Credits = strawberry.field(description="Credits for `per` units; 0 where tiers hold the prices.")
    per: Long = strawberry.field(description="How many units the price is for, e.g. 1000.")
    minimum: Credits = strawberry.field(description="The least that one usage costs.")
    billing_increment: DecimalText | None = strawberry.field(
        description=(
            "Units are rounded up to a multiple of this, e.g. 1 for each started minute; null bills exactly."
        )
    )
    free: bool = strawberry.field(description="Whether the card says that this costs nothing.")
    rate_card_version: str = strawberry.field(
        description="The version of the rate card that this rate stands on."
    )
    row: strawberry.Private[PublishedRate]

    @classmethod
    def of(cls, row: PublishedRate, card: PublishedRateCard) -> Self:
        """Show a rate."""
        return cls(
            id=written(IdKind.RATE, row.id),
            service_type=row.service_type,
            provider=row.provider,
            unit_type=row.unit_type,
            price=row.price,
            per=Long(row.per),
            minimum=row.minimum,
            billing_increment=_units(row.increment_micro_units),
            free=row.free,
            rate_card_version=card.version,
            row=row,
        )

    @strawberry.field(
        description="Graduated prices, lowest tier first; empty where one price holds for all units."
    )
    async def tiers(self, info: Info) -> list[RateTier]:
        """Load the tiers."""
        return [RateTier.of(tier) for tier in await info.context.loaders.tiers_by_rate.load(self.row.id)]


@strawberry.type(description="A dated, versioned set of rates.")
class RateCard(Node):
    """A dated, versioned set of rates."""

    version: str = strawberry.field(description="The version's name; a version never changes.")
    effective_from: datetime = strawberry.field(
        description="Usages from this moment on are priced by the card."
    )
    rounding: RoundingMode = strawberry.field(
        description="How each usage is rounded, once, when it is recorded."
    )
    precision: int = strawberry.field(description="Decimal places of a credit that rounding keeps, 0 to 6.")
    published_at: datetime = strawberry.field(description="When the version was published.")
    row: strawberry.Private[PublishedRateCard]

    @classmethod
    def of(cls, row: PublishedRateCard) -> Self:
        """Show a rate card."""
        return cls(
            id=written(IdKind.RATE_CARD, row.id),
            version=row.version,
            effective_from=row.effective_from,
            rounding=row.rounding,
            precision=row.precision,
            published_at=row.published_at,
            row=row,
        )

    @strawberry.field(description="The rates of the card.")
    async def rates(self, info: Info) -> list[Rate]:
        """Load the rates."""
        rows = await info.context.loaders.rates_by_card.load(self.row.id)
        return [Rate.of(row, self.row) for row in rows]


def _units(micro_units: int | None) -> Any:  # noqa: ANN401 - decimal text or null
    return None if micro_units is None else DecimalText(text_from_micros(micro_units))
