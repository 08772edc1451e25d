"""Refusals: what is not priced, and rate cards that cannot be published."""

from datetime import datetime

import strawberry

from graph.types.refusals.refusal import Refusal
from pricing.units import ServiceType, UnitType


@strawberry.type(description="The rate card does not price this; an unknown thing is never a price of zero.")
class RateUnknown(Refusal):
    """The rate card does not price this."""

    service_type: ServiceType = strawberry.field(description="The service type that was asked for.")
    provider: str = strawberry.field(description="The provider that was asked for.")
    unit_type: UnitType = strawberry.field(description="The unit that was asked for.")
    known: list[str] = strawberry.field(description="What the rate card has instead.")


@strawberry.type(description="No rate card was in force when the usage happened.")
class NoRateCardInForce(Refusal):
    """No rate card was in force."""


@strawberry.type(
    description="Neither a rate card nor the catalogue knows such a provider of the service type."
)
class ProviderNotFound(Refusal):
    """Nobody knows such a provider."""

    service_type: ServiceType = strawberry.field(description="The service type that was asked for.")
    provider: str = strawberry.field(description="The provider that was asked for.")
    known: list[str] = strawberry.field(description="The providers of the service type that there are.")


@strawberry.type(description="A rate card that does not hold together, or whose version exists already.")
class InvalidRateCard(Refusal):
    """A rate card that does not hold together."""

    field: str = strawberry.field(description="Which input is wrong, e.g. `rates[3].price`.")


@strawberry.type(
    description="Usages at or after the card's date, which it would have priced, are priced already."
)
class RateCardTooEarly(Refusal):
    """Usages that the card would have priced are priced already."""

    effective_from: datetime = strawberry.field(description="The date that it should have had.")
    earliest: datetime = strawberry.field(description="The earliest date possible after it.")
