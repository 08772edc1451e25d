"""Rate cards and their rates."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from graph.context import Info
from graph.execution.many import of_many
from graph.ids import written
from graph.loaders.forms import MICROS, id_of
from graph.permissions import read_field
from graph.scalars import DecimalText, Long
from graph.types.computed import column, showing
from graph.types.node import ID, Node
from metering.prices import CardIds
from metering.rate_cards import joint_id
from models.identity import IdKind
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from pricing.credits import Credits, RoundingMode
from pricing.decimal_text import text_from_micros
from pricing.rate_card import MADE_UP_OF
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
        return cls(up_to=units_or_null(row.up_to_micro_units), price=row.price)


@showing
@strawberry.type(description="The price of one service type, provider and unit type on one rate card.")
class Rate(Node):
    """The price of one service type, provider and unit type."""

    id: strawberry.ID = column("id", ID, id_of(IdKind.RATE))
    service_type: ServiceType = column("service_type", "The kind of service.")
    provider: str = column("provider", "The provider or model.")
    unit_type: UnitType = column("unit_type", "The unit that the price is for.")
    price: Credits = column("price", "Credits for `per` units; 0 where tiers hold the prices.")
    per: Long = column("per", "How many units the price is for, e.g. 1000.")
    minimum: Credits = column("minimum", "The least that one usage costs.")
    billing_increment: DecimalText | None = column(
        "increment_micro_units",
        "Units are rounded up to a multiple of this, e.g. 1 for each started minute; null bills exactly.",
        MICROS,
    )
    free: bool = column("free", "Whether the card says that this costs nothing.")
    rate_card_version: str = column(
        "version", "The version of the rate card that this rate stands on.", of="card"
    )
    row: strawberry.Private[PublishedRate]
    card: strawberry.Private[PublishedRateCard]

    @classmethod
    def of(cls, row: PublishedRate, card: PublishedRateCard) -> Self:
        """Show a rate."""
        return cls(row=row, card=card)

    @strawberry.field(
        description="Graduated prices, lowest tier first; empty where one price holds for all units."
    )
    @of_many(lambda *given: _tiers(*given))  # noqa: PLW0108 - it stands below
    async def tiers(self, info: Info) -> list[RateTier]:
        """Load the tiers."""
        return [RateTier.of(tier) for tier in await info.context.loaders.tiers_by_rate.load(self.row.id)]


async def _tiers(rates: Sequence[Rate], info: Info) -> list[list[RateTier]]:
    found = await info.context.loaders.tiers_by_rate.load_named([rate.row.id for rate in rates])
    return [[RateTier.of(tier) for tier in tiers or ()] for tiers in found]


@strawberry.type(
    description=(
        "A dated, versioned set of rates. An account's prices are made up of two where it has rates of its "
        'own: the version is then "everybody\'s + own", and each rate names the card that it stands on.'
    )
)
class RateCard(Node):
    """A dated, versioned set of rates, as it was published or made up of everybody's and an account's own."""

    version: str = strawberry.field(description="The version's name; a version never changes.")
    effective_from: datetime = strawberry.field(
        description="Usages from this moment on are priced by the card."
    )
    rounding: RoundingMode = strawberry.field(
        description=(
            "How each usage is rounded, once, when it is recorded. An account's own card has no say in it, "
            "and shows how everybody's rounds at its date."
        )
    )
    precision: int = strawberry.field(
        description="Decimal places of a credit that rounding keeps, 0 to 6; it stands beside the rounding."
    )
    published_at: datetime = strawberry.field(description="When the version was published.")
    account_id: strawberry.ID | None = strawberry.field(
        description="The account that has these prices alone; null is everybody's."
    )
    row: strawberry.Private[PublishedRateCard]
    override: strawberry.Private[PublishedRateCard | None]

    @classmethod
    def of(cls, row: PublishedRateCard, override: PublishedRateCard | None = None) -> Self:
        """Show a card as it was published, or everybody's with an account's own in its place."""
        last = override or row
        ids = CardIds(row.id, None if override is None else override.id)
        return cls(
            id=written(IdKind.RATE_CARD, joint_id(ids)),
            version=row.version if override is None else f"{row.version}{MADE_UP_OF}{override.version}",
            effective_from=max(row.effective_from, last.effective_from),
            rounding=row.rounding,
            precision=row.precision,
            published_at=max(row.published_at, last.published_at),
            account_id=None if last.account_id is None else written(IdKind.ACCOUNT, last.account_id),
            row=row,
            override=override,
        )

    @strawberry.field(description="The rates of the card.")
    async def rates(self, info: Info) -> list[Rate]:
        """Load the rates; an account's own stand in the places of everybody's."""
        rates = {}
        cards = self._parts()
        found = await info.context.loaders.rates_by_card.load_many([card.id for card in cards])
        for card, rows in zip(cards, found, strict=True):
            for row in rows:
                rates[row.service_type, row.provider, row.unit_type] = Rate.of(row, card)
        return list(rates.values())

    @read_field("The published cards that it is made up of; none where it was published as it is.")
    async def made_up_of(self) -> list["RateCard"]:
        """Show both cards."""
        return [] if self.override is None else [RateCard.of(card) for card in self._parts()]

    def _parts(self) -> list[PublishedRateCard]:
        return [self.row] if self.override is None else [self.row, self.override]


async def rate_card_of(info: Info, ids: CardIds) -> RateCard | None:
    """Show the card that published versions make up."""
    load = info.context.loaders.rate_card_by_id.load
    row = await load(ids.card_id)
    override = None if ids.override_id is None else await load(ids.override_id)
    return None if row is None else RateCard.of(row, override)


def units_or_null(micro_units: int | None) -> DecimalText | None:
    """Write down units, where there are some."""
    return None if micro_units is None else DecimalText(text_from_micros(micro_units))
