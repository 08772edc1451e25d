"""Every provider that a selection looked at, and the rule that left it out."""

from pricing.selection.choice import Choice, Offer, Terms, in_words
from pricing.selection.record import Candidate, SelectionRule

_Exclusion = tuple[SelectionRule, str]


def candidates(terms: Terms, choice: Choice) -> tuple[Candidate, ...]:
    """Tell of each provider why it serves or why not; nobody is chosen where the current one cannot serve."""
    return tuple(_candidate(terms, choice, offer) for offer in choice.offers)


def verdict(choice: Choice) -> tuple[SelectionRule, str]:
    """Return the rule that made the current provider the one, and its sentence."""
    if choice.steps:
        return choice.steps[-1].rule, choice.steps[-1].reason
    if choice.is_named:
        return SelectionRule.NAMED, f"The request names {choice.requested}, and so it is kept."
    reason = f"{choice.requested} is configured, and no rule asks for another."
    return SelectionRule.AS_CONFIGURED, reason


def _candidate(terms: Terms, choice: Choice, offer: Offer) -> Candidate:
    rule, reason = verdict(choice)
    if offer.serves and offer.provider == choice.current.provider:
        return Candidate(offer.provider, offer.estimate, chosen=True, excluded_by=None, reason=reason)
    rule, reason = _unable(choice, offer) or _unfit(terms, offer) or (rule, _unneeded(choice, offer))
    return Candidate(offer.provider, offer.estimate, chosen=False, excluded_by=rule, reason=reason)


def _unable(choice: Choice, offer: Offer) -> _Exclusion | None:
    if offer.obstacle is not None:
        return offer.obstacle, f"{offer.hindrance}."
    left = (step for step in choice.steps if step.from_provider == offer.provider)
    return next(((step.rule, step.reason) for step in left), None)


def _unfit(terms: Terms, offer: Offer) -> _Exclusion | None:
    if offer.entry is None:
        reason = f"The catalogue does not know {offer.provider}: it serves only where it is named."
        return SelectionRule.UNKNOWN_TO_CATALOGUE, reason
    if not offer.is_adequate(terms.complexity):
        reason = f"{offer.provider} is not adequate for {terms.complexity} complexity."
        return SelectionRule.INADEQUATE, reason
    if offer.accuracy.rank < terms.accuracy.rank:
        reason = f"{offer.provider} has {offer.accuracy} accuracy, and {terms.accuracy} is asked for."
        return SelectionRule.INACCURATE, reason
    return None


def _unneeded(choice: Choice, offer: Offer) -> str:
    current = choice.current
    if not current.serves and choice.is_named:
        return f"The request names {current.provider}, and no other takes its place."
    if not current.serves:
        return f"{offer.provider} is no fallback of {current.provider}."
    if not choice.steps:
        named = "named by the request" if choice.is_named else "configured"
        price = in_words(offer.credits)
        return f"{current.provider} is {named}, and no rule asks for {offer.provider} at {price}."
    return (
        f"{current.provider} serves at {in_words(current.credits)}; {offer.provider} costs {offer.credits}."
    )
