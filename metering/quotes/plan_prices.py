"""The prices of a planned request; what cannot be priced or served is told by the field that says it."""

from collections.abc import Sequence

from metering.plans import InvalidPlan
from pricing.catalogue import Catalogue
from pricing.configuration import ServiceConfiguration
from pricing.quote import AmountTooLarge, PlannedService, PricedUsage, price, quote
from pricing.rate_card import RateCard
from pricing.selection import (
    Need,
    NothingServes,
    ProviderUnnamed,
    Selection,
    ServiceDisabled,
    ServiceRequest,
    select,
)
from pricing.units import ServiceType
from pricing.unknown_rate import UnknownRate, UnknownService, UnknownUnit


def priced_as_named(card: RateCard, needs: Sequence[Need]) -> tuple[PricedUsage, ...]:
    """Price each need by the provider that it names; InvalidPlan where it names none, or one with no rate."""
    planned = [_as_named(card, position, need) for position, need in enumerate(needs)]
    try:
        return quote(card, planned).lines
    except AmountTooLarge as error:
        raise InvalidPlan("services", str(error)) from error


def selected(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    unavailable: frozenset[tuple[ServiceType, str]],
) -> Selection:
    """Select as `pricing.selection.select` does; OverLimit is raised as it is, all else as InvalidPlan."""
    try:
        return select(configuration, request, card, catalogue, unavailable=unavailable)
    except ServiceDisabled as refused:
        [position, *_] = _asking(request.needs, refused.services[0])
        raise InvalidPlan(f"services[{position}].serviceType", str(refused)) from refused
    except ProviderUnnamed as refused:
        [position, *_] = _asking(request.needs, refused.service_type, None)
        raise InvalidPlan(f"services[{position}].provider", str(refused)) from refused
    except NothingServes as refused:
        raise _unserved(card, request.needs, refused) from refused
    except AmountTooLarge as error:
        raise InvalidPlan("services", str(error)) from error


def _as_named(card: RateCard, position: int, need: Need) -> PlannedService:
    if need.provider is None:
        known = sorted({rate.provider for rate in card.rates if rate.service_type is need.service_type})
        fix = (
            f"name a provider of {need.service_type}, or give agentId, preset or configuration, which choose "
            f"one. The rate card has {', '.join(known) or 'none'}."
        )
        raise InvalidPlan(f"services[{position}].provider", fix)
    _require_rate(card, position, need, need.provider)
    return PlannedService(need.service_type, need.provider, need.quantity)


def _require_rate(card: RateCard, position: int, need: Need, provider: str) -> None:
    try:
        price(card, need.service_type, provider, need.quantity)
    except UnknownService as error:
        raise InvalidPlan(f"services[{position}].serviceType", str(error)) from error
    except UnknownUnit as error:
        raise InvalidPlan(f"services[{position}].unitType", str(error)) from error
    except UnknownRate as error:
        raise InvalidPlan(f"services[{position}].provider", str(error)) from error
    except AmountTooLarge as error:
        raise InvalidPlan(f"services[{position}].units", str(error)) from error


def _unserved(card: RateCard, needs: Sequence[Need], refused: NothingServes) -> InvalidPlan:
    service_type, provider = refused.service_type, refused.provider
    positions = _asking(needs, service_type, provider) or _asking(needs, service_type, None)
    # The card's own words for one need are clearer than a list of all who cannot serve it.
    for position in positions:
        _require_rate(card, position, needs[position], provider)
    return InvalidPlan(f"services[{positions[0]}].provider", str(refused))


def _asking(needs: Sequence[Need], service_type: ServiceType, *providers: str | None) -> list[int]:
    """Return where the needs of a type stand that name one of these; all of the type where there are none."""
    return [
        position
        for position, need in enumerate(needs)
        if need.service_type is service_type and (not providers or need.provider in providers)
    ]
