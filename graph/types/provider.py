"""Providers: what serves a service type, how good it is, what it costs, and whether it may be selected."""

from datetime import datetime
from typing import Self

import strawberry

from graph.context import Info
from graph.types.rate_card import Rate
from metering.availability import KnownProvider
from models.provider_outage import ProviderOutage
from pricing.catalogue import CatalogueEntry, ProviderTier, RequestComplexity
from pricing.units import ServiceType


@strawberry.type(description="How good a provider is, compared with others of its service type.")
class ProviderTiers:
    """How good a provider is."""

    accuracy: ProviderTier = strawberry.field(description="How often it is right.")
    quality: ProviderTier = strawberry.field(description="How well it does what it does.")
    speed: ProviderTier = strawberry.field(description="How soon it answers.")

    @classmethod
    def of(cls, entry: CatalogueEntry) -> Self:
        """Show the tiers of an entry."""
        return cls(accuracy=entry.accuracy, quality=entry.quality, speed=entry.speed)


@strawberry.type(description="A provider or model of one service type.")
class Provider:
    """A provider of one service type."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="Its name, as usages and rates have it.")
    tiers: ProviderTiers | None = strawberry.field(
        description="How good it is; null for one that the catalogue does not know."
    )
    adequate_for: list[RequestComplexity] = strawberry.field(
        description="The requests that it is adequate for; none where the catalogue does not know it."
    )
    fallbacks: list[str] = strawberry.field(description="Who stands in for it, the first that can serve.")
    available: bool = strawberry.field(description="Whether selections may take it.")
    unavailable_since: datetime | None = strawberry.field(description="Since when they may not.")
    reason: str | None = strawberry.field(description="Why they may not, in the operator's words.")
    known: strawberry.Private[KnownProvider]

    @classmethod
    def of(cls, known: KnownProvider) -> Self:
        """Show a provider."""
        entry = known.entry
        outage = known.outage
        adequate_for = frozenset[RequestComplexity]() if entry is None else entry.adequate_for
        return cls(
            service_type=known.service_type,
            provider=known.provider,
            tiers=None if entry is None else ProviderTiers.of(entry),
            adequate_for=[each for each in RequestComplexity if each in adequate_for],
            fallbacks=[] if entry is None else list(entry.fallbacks),
            available=known.available,
            unavailable_since=None if outage is None else outage.began_at,
            reason=None if outage is None else outage.reason,
            known=known,
        )

    @strawberry.field(description="What the caller pays for it now: its rates in force.")
    async def rates(self, info: Info) -> list[Rate]:
        """Load the rates."""
        ids = [rate_id for _, rate_id in self.known.rates]
        found = await info.context.loaders.rate_with_card_by_id.load_many(ids)
        return [Rate.of(*each) for each in found if each is not None]


@strawberry.type(description="Whether selections may take a provider.")
class ProviderAvailability:
    """Whether selections may take a provider."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    available: bool = strawberry.field(description="Whether selections may take it.")
    unavailable_since: datetime | None = strawberry.field(description="Since when they may not.")
    reason: str | None = strawberry.field(description="Why they may not.")

    @classmethod
    def of(cls, service_type: ServiceType, provider: str, outage: ProviderOutage | None) -> Self:
        """Show a provider by its open outage, if it has one."""
        return cls(
            service_type=service_type,
            provider=provider,
            available=outage is None,
            unavailable_since=None if outage is None else outage.began_at,
            reason=None if outage is None else outage.reason,
        )
