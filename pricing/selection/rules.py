"""Rules 2 to 4 of a selection: cheap models for simple requests, speech-to-text, and fallbacks."""

from pricing.catalogue import ProviderTier, RequestComplexity
from pricing.selection.candidates import candidates
from pricing.selection.choice import Choice, Offer, Terms, cheapest, is_good_enough, shortcomings
from pricing.selection.record import SelectionRule
from pricing.selection.refusals import NothingServes
from pricing.units import ServiceType


def settled(terms: Terms, choice: Choice) -> Choice:
    """Pass a choice through rules 2, 3 and 4; NothingServes where at the end nobody can serve.

    A provider that the request names is kept whatever the rules say.
    """
    if not choice.is_named:
        choice = _by_complexity(terms, choice)
        choice = _by_accuracy_or_cost(terms, choice)
    return _by_fallback(terms, choice)


def _by_complexity(terms: Terms, choice: Choice) -> Choice:
    is_simple = terms.complexity is RequestComplexity.LOW and terms.configuration.cost_optimization
    if choice.service_type is not ServiceType.GPT or not is_simple:
        return choice
    # A low complexity is the caller's word that a small model is accurate enough: accuracy asks nothing here.
    best = cheapest(offer for offer in choice.serving() if offer.is_adequate(terms.complexity))
    cause = "The request is of LOW complexity and cost is optimised"
    return _if_cheaper(
        choice, best, SelectionRule.LOW_COMPLEXITY, cause, "serves as the cheapest adequate model"
    )


def _by_accuracy_or_cost(terms: Terms, choice: Choice) -> Choice:
    if choice.service_type is not ServiceType.VOICE_STT:
        return choice
    if terms.accuracy is ProviderTier.HIGH:
        return _most_accurate(choice)
    if not terms.configuration.cost_optimization:
        return choice
    best = cheapest(offer for offer in choice.serving() if offer.accuracy.rank >= terms.accuracy.rank)
    cause = "Cost is optimised"
    return _if_cheaper(choice, best, SelectionRule.COST_OPTIMIZATION, cause, "serves as the cheapest")


def _most_accurate(choice: Choice) -> Choice:
    serving = choice.serving()
    top = max((offer.accuracy.rank for offer in serving), default=0)
    best = cheapest(offer for offer in serving if offer.accuracy.rank == top)
    if best is None or choice.current.accuracy.rank >= top:
        return choice
    cause = "HIGH accuracy is asked for"
    return choice.replaced_by(best, SelectionRule.HIGH_ACCURACY, cause, "serves as the most accurate")


def _if_cheaper(choice: Choice, best: Offer | None, rule: SelectionRule, cause: str, praise: str) -> Choice:
    current = choice.current
    if best is None or (current.lines and current.cost <= best.cost):
        return choice
    return choice.replaced_by(best, rule, cause, praise)


def _by_fallback(terms: Terms, choice: Choice) -> Choice:
    current = choice.current
    if current.obstacle is None:
        return choice
    fallback = None if choice.is_named else _fallback(terms, choice)
    if fallback is None:
        raise NothingServes(choice.service_type, choice.requested, candidates(terms, choice))
    return choice.replaced_by(fallback, current.obstacle, current.hindrance, _praised(terms, fallback))


def _fallback(terms: Terms, choice: Choice) -> Offer | None:
    """Return the configured fallback model, else the catalogue's: the good enough first, then any at all."""
    configured = terms.configuration.fallback_ai_model if choice.service_type is ServiceType.GPT else None
    first = [] if configured is None else [choice.offer(configured)]
    entry = choice.current.entry
    listed = [choice.offer(provider) for provider in (entry.fallbacks if entry else ())]
    if terms.configuration.cost_optimization:
        listed.sort(key=lambda offer: offer.cost)
    listed.sort(key=lambda offer: not is_good_enough(terms, offer))
    return next((offer for offer in (*first, *listed) if offer.serves), None)


def _praised(terms: Terms, fallback: Offer) -> str:
    wanting = shortcomings(terms, fallback)
    return "serves as its fallback" + (f", though it is {' and '.join(wanting)}," if wanting else "")
