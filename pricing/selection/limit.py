"""Rule 5 of a selection: a plan over the limit is made cheaper until it fits, or refused with what would."""

from collections.abc import Sequence
from dataclasses import dataclass

from pricing.credits import Credits
from pricing.selection.choice import Choice, Offer, Terms, cheapest, in_words, is_good_enough, shortcomings
from pricing.selection.decisions import selection_of
from pricing.selection.record import SelectionRule
from pricing.selection.refusals import OverLimit, ReducedPlan, TradeOff
from pricing.units import ServiceType

Choices = tuple[Choice, ...]


def within_limit(terms: Terms, choices: Choices, limit: Credits | None) -> Choices:
    """Put the fallback model and then cheaper alternatives in place, the dearest saving first, until it fits.

    Raises OverLimit where even all of them are not enough.
    """
    if limit is None or _total(choices) <= limit:
        return choices
    reduced = _with_fallback_model(terms, choices, limit)
    while _total(reduced) > limit:
        saving = max(_savings(terms, reduced), key=_credits_saved, default=None)
        if saving is None:
            raise _over_limit(terms, choices, reduced, limit)
        reduced = _replaced(reduced, saving, limit, SelectionRule.OVER_LIMIT, "serves")
    return reduced


@dataclass(frozen=True, slots=True)
class _Saving:
    """An offer that would cost less than what serves now."""

    choice: Choice
    offer: Offer

    @property
    def saved(self) -> Credits:
        return self.choice.current.credits - self.offer.credits


def _credits_saved(saving: _Saving) -> Credits:
    return saving.saved


def _total(choices: Choices) -> Credits:
    return Credits.total(choice.current.credits for choice in choices)


def _with_fallback_model(terms: Terms, choices: Choices, limit: Credits) -> Choices:
    provider = terms.configuration.fallback_ai_model
    for choice in choices:
        if provider is None or choice.service_type is not ServiceType.GPT or choice.is_named:
            continue
        fallback = choice.offer(provider)
        is_accurate = fallback.accuracy.rank >= terms.accuracy.rank
        saving = _Saving(choice, fallback)
        if fallback.serves and is_accurate and saving.saved > Credits.ZERO:
            praise = "serves as the fallback model"
            return _replaced(choices, saving, limit, SelectionRule.OVER_LIMIT_FALLBACK, praise)
    return choices


def _savings(terms: Terms, choices: Choices) -> list[_Saving]:
    return [
        saving
        for choice in choices
        if (saving := _best_saving(choice, _good_enough(terms, choice))) is not None
    ]


def _good_enough(terms: Terms, choice: Choice) -> list[Offer]:
    return [offer for offer in choice.serving() if is_good_enough(terms, offer)]


def _best_saving(choice: Choice, offers: Sequence[Offer]) -> _Saving | None:
    # A phone number lives with its carrier: it is not moved for a price.
    if choice.is_named or choice.service_type is ServiceType.PHONE:
        return None
    best = cheapest(offers)
    if best is None or best.credits >= choice.current.credits:
        return None
    return _Saving(choice, best)


def _replaced(choices: Choices, saving: _Saving, limit: Credits, rule: SelectionRule, praise: str) -> Choices:
    cause = f"The plan costs {in_words(_total(choices))} and the limit is {limit}"
    replaced = saving.choice.replaced_by(saving.offer, rule, cause, praise)
    return tuple(replaced if choice is saving.choice else choice for choice in choices)


def _over_limit(terms: Terms, wanted: Choices, allowed: Choices, limit: Credits) -> OverLimit:
    compromises = [
        _best_saving(choice, choice.serving()) or _Saving(choice, choice.current) for choice in allowed
    ]
    return OverLimit(
        limit,
        selection=selection_of(terms, wanted, limit),
        allowed=_reduced(terms, wanted, [choice.current for choice in allowed]),
        cheapest=_reduced(terms, wanted, [compromise.offer for compromise in compromises]),
        card=terms.card,
    )


def _reduced(terms: Terms, wanted: Choices, offers: Sequence[Offer]) -> ReducedPlan:
    by_position = {
        position: line
        for choice, offer in zip(wanted, offers, strict=True)
        for position, line in zip(choice.positions, offer.lines, strict=True)
    }
    return ReducedPlan(
        tuple(by_position[position] for position in sorted(by_position)),
        tuple(
            _trade_off(terms, choice, offer)
            for choice, offer in zip(wanted, offers, strict=True)
            if offer.provider != choice.current.provider
        ),
    )


def _trade_off(terms: Terms, choice: Choice, offer: Offer) -> TradeOff:
    current = choice.current
    saved = current.credits - offer.credits
    losses = [*shortcomings(terms, offer), *_lower_tiers(terms, current, offer)]
    sentence = f"{offer.provider} in place of {current.provider} saves {in_words(saved)}"
    sentence += f"; it is {', '.join(losses)}." if losses else "."
    return TradeOff(choice.service_type, current.provider, offer.provider, saved, sentence)


def _lower_tiers(terms: Terms, current: Offer, offer: Offer) -> list[str]:
    if current.entry is None or offer.entry is None:
        return []
    tiers = [
        ("quality", current.entry.quality, offer.entry.quality),
        ("speed", current.entry.speed, offer.entry.speed),
    ]
    if offer.accuracy.rank >= terms.accuracy.rank:  # otherwise told already, among the shortcomings
        tiers.insert(0, ("accuracy", current.entry.accuracy, offer.entry.accuracy))
    return [f"of {now} {name}, not {before}" for name, before, now in tiers if now.rank < before.rank]
