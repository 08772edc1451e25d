"""The choices as they stand, written down: one decision for each, with its rule, steps and candidates."""

from collections.abc import Iterable

from pricing.credits import Credits
from pricing.selection.candidates import candidates, verdict
from pricing.selection.choice import Choice, Terms
from pricing.selection.record import Decision, Selection


def selection_of(terms: Terms, choices: Iterable[Choice], limit: Credits | None) -> Selection:
    """Write down what serves after the steps so far, whether it is within the limit or not."""
    decisions = tuple(_decision(terms, choice) for choice in choices)
    return Selection(
        card_version=terms.card.version,
        catalogue_version=terms.catalogue.version,
        complexity=terms.complexity,
        accuracy=terms.accuracy,
        requested_accuracy=terms.requested_accuracy,
        limit=limit,
        decisions=decisions,
    )


def _decision(terms: Terms, choice: Choice) -> Decision:
    rule, reason = verdict(choice)
    return Decision(
        service_type=choice.service_type,
        positions=choice.positions,
        requested_provider=choice.requested,
        requested_credits=choice.offer(choice.requested).estimate,
        provider=choice.current.provider,
        lines=choice.current.lines,
        rule=rule,
        reason=reason,
        steps=choice.steps,
        candidates=candidates(terms, choice),
    )
