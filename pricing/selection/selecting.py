"""A selection: every choice passes through the rules in their order, and the record tells what they did."""

from pricing.catalogue import Catalogue, ProviderTier
from pricing.configuration import ServiceConfiguration
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS
from pricing.quote import AmountTooLarge
from pricing.rate_card import RateCard
from pricing.selection.choice import Choice, Terms, offers_for
from pricing.selection.decisions import selection_of
from pricing.selection.limit import within_limit
from pricing.selection.record import Selection, ServiceRequest
from pricing.selection.refusals import ProviderUnnamed, ServiceDisabled
from pricing.selection.rules import settled
from pricing.units import ServiceType


def select(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    *,
    unavailable: frozenset[tuple[ServiceType, str]] = frozenset(),
    limit: Credits | None = None,
) -> Selection:
    """Choose a provider for each service type of a request; the same input always gives the same answer.

    The smaller of `limit` and the configuration's own limit holds. Raises SelectionRefused, in one of its
    kinds, where a rule forbids the request, and AmountTooLarge where no balance could hold an unlimited plan.
    """
    _refuse_disabled(configuration, request)
    accuracy = ProviderTier(request.accuracy or configuration.accuracy_requirement)
    terms = Terms(configuration, request.complexity, accuracy, request.accuracy, card, catalogue, unavailable)
    bound = _tighter(limit, configuration.max_credits_per_request)
    choices = tuple(settled(terms, choice) for choice in _choices(terms, request))
    selection = selection_of(terms, within_limit(terms, choices, bound), bound)
    if selection.total.micros >= LIMIT_MICROS:
        raise AmountTooLarge("The plan costs too much to be recorded.")
    return selection


def _refuse_disabled(configuration: ServiceConfiguration, request: ServiceRequest) -> None:
    disabled = {
        need.service_type: field
        for need in request.needs
        if (field := configuration.disabled_by(need.service_type)) is not None
    }
    if disabled:
        raise ServiceDisabled(tuple(disabled), tuple(disabled.values()))


def _tighter(one: Credits | None, other: Credits | None) -> Credits | None:
    limits = [limit for limit in (one, other) if limit is not None]
    return min(limits, default=None)


def _choices(terms: Terms, request: ServiceRequest) -> list[Choice]:
    # Input and output tokens of a model are one choice; a provider that the request names stands by itself.
    positions: dict[tuple[ServiceType, str | None], list[int]] = {}
    for position, need in enumerate(request.needs):
        positions.setdefault((need.service_type, need.provider), []).append(position)
    choices = []
    for (service_type, named), places in positions.items():
        needs = tuple(request.needs[place] for place in places)
        requested = named or _configured(terms, service_type)
        offers = offers_for(terms, service_type, needs, requested)
        choices.append(Choice(service_type, tuple(places), requested, named is not None, offers))
    return choices


def _configured(terms: Terms, service_type: ServiceType) -> str:
    provider = terms.configuration.provider_of(service_type)
    if provider is None:
        rates = (rate for rate in terms.card.rates if rate.service_type is service_type)
        raise ProviderUnnamed(service_type, tuple(sorted({rate.provider for rate in rates})))
    return provider
