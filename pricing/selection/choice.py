"""The choice for one service type while the rules pass over it: who could serve, and who does so far."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from pricing.catalogue import Catalogue, CatalogueEntry, ProviderTier, RequestComplexity
from pricing.configuration import AccuracyRequirement, ServiceConfiguration
from pricing.credits import Credits
from pricing.quote import AmountTooLarge, PricedUsage, price
from pricing.rate_card import RateCard
from pricing.selection.record import Need, SelectionRule, SelectionStep
from pricing.units import ServiceType
from pricing.unknown_rate import UnknownRate


@dataclass(frozen=True, slots=True)
class Terms:
    """What every rule looks at beside the choice itself."""

    configuration: ServiceConfiguration
    complexity: RequestComplexity
    accuracy: ProviderTier
    requested_accuracy: AccuracyRequirement | None
    card: RateCard
    catalogue: Catalogue
    unavailable: frozenset[tuple[ServiceType, str]]


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider asks for the needs. `obstacle` names the rule that keeps it from serving at all."""

    provider: str
    entry: CatalogueEntry | None
    lines: tuple[PricedUsage, ...]
    obstacle: SelectionRule | None
    hindrance: str
    """The sentence that belongs to the obstacle."""
    credits: Credits = field(init=False)
    """Its price as charged; every rule asks for it, so it is added up once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "credits", Credits.total(line.credits for line in self.lines))

    @property
    def serves(self) -> bool:
        """Whether it has a price and is available."""
        return self.obstacle is None

    @property
    def estimate(self) -> Credits | None:
        """Its price, or None where it has none."""
        return self.credits if self.lines else None

    @property
    def cost(self) -> tuple[Credits, Fraction]:
        """What is compared: the price as charged and, where that is equal, the amount before rounding."""
        return self.credits, sum((line.exact for line in self.lines), Fraction())

    @property
    def accuracy(self) -> ProviderTier:
        """Its tier; one that the catalogue does not know counts as NORMAL, neither trusted nor barred."""
        return ProviderTier.NORMAL if self.entry is None else self.entry.accuracy

    def is_adequate(self, complexity: RequestComplexity) -> bool:
        """Whether the catalogue holds it adequate for the complexity."""
        return self.entry is not None and complexity in self.entry.adequate_for


@dataclass(frozen=True, slots=True)
class Choice:
    """Needs that one provider serves together, the offers in order of preference, and the steps so far."""

    service_type: ServiceType
    positions: tuple[int, ...]
    requested: str
    is_named: bool
    offers: tuple[Offer, ...] = field(repr=False)
    steps: tuple[SelectionStep, ...] = ()

    @property
    def current(self) -> Offer:
        """The offer of the provider that serves after the steps so far."""
        return self.offer(self.steps[-1].to_provider if self.steps else self.requested)

    def offer(self, provider: str) -> Offer:
        """Return the offer of a provider that was looked at."""
        return next(offer for offer in self.offers if offer.provider == provider)

    def serving(self) -> list[Offer]:
        """Return the offers that a rule may put in another's place: able to serve, known to the catalogue."""
        return [offer for offer in self.offers if offer.serves and offer.entry is not None]

    def replaced_by(self, offer: Offer, rule: SelectionRule, cause: str, praise: str) -> "Choice":
        """Put an offer in the current one's place; its reason reads "cause: provider praise at … credits"."""
        current = self.current
        saved = current.credits - offer.credits if current.lines else None
        reason = (
            f"{cause}: {offer.provider} {praise} at {in_words(offer.credits)}{_compared(current, saved)}."
        )
        step = SelectionStep(rule, current.provider, offer.provider, reason, saved)
        return replace(self, steps=(*self.steps, step))


def offers_for(
    terms: Terms, service_type: ServiceType, needs: tuple[Need, ...], requested: str
) -> tuple[Offer, ...]:
    """Ask every provider that the card, the configuration or the catalogue's fallbacks name for its price."""
    providers = _providers(terms, service_type, requested)
    return tuple(_offer(terms, service_type, needs, provider) for provider in providers)


def is_good_enough(terms: Terms, offer: Offer) -> bool:
    """Whether an offer is adequate for the complexity and has the accuracy asked for."""
    return offer.is_adequate(terms.complexity) and offer.accuracy.rank >= terms.accuracy.rank


def shortcomings(terms: Terms, offer: Offer) -> list[str]:
    """Say, after "it is", what the catalogue holds against an offer."""
    wanting = []
    if offer.entry is not None and not offer.is_adequate(terms.complexity):
        wanting.append(f"not adequate for {terms.complexity} complexity")
    if offer.accuracy.rank < terms.accuracy.rank:
        wanting.append(f"of {offer.accuracy} accuracy where {terms.accuracy} is asked for")
    return wanting


def cheapest(offers: Iterable[Offer]) -> Offer | None:
    """Return the offer that costs least; of equals, the first. None of none."""
    return min(offers, key=lambda offer: offer.cost, default=None)


def in_words(amount: Credits) -> str:
    """Write "1 credit", "2 credits", "0.5 credits"."""
    return f"{amount} credit" if amount == Credits.whole(1) else f"{amount} credits"


def _compared(current: Offer, saved: Credits | None) -> str:
    if saved is None:
        return f", in place of {current.provider}, which has no price here"
    compared = f", in place of {current.provider} at {current.credits}: "
    if saved < Credits.ZERO:
        return f"{compared}{in_words(Credits.ZERO - saved)} more"
    return f"{compared}{in_words(saved)} saved"


def _providers(terms: Terms, service_type: ServiceType, requested: str) -> list[str]:
    named = {requested}
    if service_type is ServiceType.GPT and terms.configuration.fallback_ai_model is not None:
        named.add(terms.configuration.fallback_ai_model)
    entry = terms.catalogue.entry(service_type, requested)
    named.update(entry.fallbacks if entry else ())
    named.update(rate.provider for rate in terms.card.rates if rate.service_type is service_type)
    preferred = [name for name in terms.catalogue.providers(service_type) if name in named]
    return [*preferred, *sorted(named.difference(preferred))]


def _offer(terms: Terms, service_type: ServiceType, needs: tuple[Need, ...], provider: str) -> Offer:
    entry = terms.catalogue.entry(service_type, provider)
    try:
        lines = tuple(price(terms.card, service_type, provider, need.quantity) for need in needs)
    except (UnknownRate, AmountTooLarge) as error:
        return Offer(provider, entry, (), SelectionRule.NO_RATE, str(error).removesuffix("."))
    if (service_type, provider) in terms.unavailable:
        return Offer(provider, entry, lines, SelectionRule.UNAVAILABLE, f"{provider} is marked unavailable")
    return Offer(provider, entry, lines, None, "")
