"""A selection as JSON, kept with its run for ever; what is read back equals what was written.

Units, credits and exact amounts are written out, so that they stay as they were. The rates are not: a
published card never changes, and the record names the one that priced it.
"""

from fractions import Fraction
from typing import Any, Final

from metering.prices import PriceBook
from models.base import Json
from pricing.catalogue import ProviderTier, RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.credits import MICROS_PER_CREDIT, Credits
from pricing.quote import PricedUsage
from pricing.rate_card import RateCard
from pricing.selection import (
    Candidate,
    Decision,
    Need,
    Selection,
    SelectionRule,
    SelectionStep,
    ServiceRequest,
)
from pricing.units import Quantity, ServiceType, UnitType

_FORMAT: Final = 1


def written(selection: Selection) -> Json:
    """Write a selection down: credits and units as decimal text, exact credits as a fraction: "9/10"."""
    return {
        "version": _FORMAT,
        "card_version": selection.card_version,
        "catalogue_version": selection.catalogue_version,
        "complexity": selection.complexity.value,
        "accuracy": selection.accuracy.value,
        "requested_accuracy": selection.requested_accuracy and selection.requested_accuracy.value,
        "limit": _text(selection.limit),
        "decisions": [_written_decision(decision) for decision in selection.decisions],
    }


def read_selection(record: Json, cards: PriceBook) -> Selection:
    """Read a selection that was written down; the card that priced it is sought among the published ones.

    Raises ValueError for a record of another format, KeyError for a card that was never published.
    """
    fields: Any = record
    if fields["version"] != _FORMAT:
        raise ValueError(f"This is a selection of format {fields['version']}; format {_FORMAT} is known.")
    card = cards.by_version(fields["card_version"])
    return Selection(
        card_version=fields["card_version"],
        catalogue_version=fields["catalogue_version"],
        complexity=RequestComplexity(fields["complexity"]),
        accuracy=ProviderTier(fields["accuracy"]),
        requested_accuracy=requested_accuracy(record),
        limit=_credits_or_none(fields["limit"]),
        decisions=tuple(_read_decision(decision, card) for decision in fields["decisions"]),
    )


def request_of(selection: Selection) -> ServiceRequest:
    """Give back what was asked for."""
    placed = [
        (position, Need(line.service_type, line.quantity, _named(decision)))
        for decision in selection.decisions
        for position, line in zip(decision.positions, decision.lines, strict=True)
    ]
    in_order = sorted(placed, key=lambda pair: pair[0])
    needs = tuple(need for _, need in in_order)
    return ServiceRequest(needs, selection.complexity, selection.requested_accuracy)


def requested_accuracy(record: Json) -> AccuracyRequirement | None:
    """Say which accuracy a written selection's request asked for; None where it left that to a configuration.

    The first records do not tell the two apart: theirs is the one that counted.
    """
    fields: Any = record
    asked = fields.get("requested_accuracy", fields["accuracy"])
    return None if asked is None else AccuracyRequirement(asked)


def _named(decision: Decision) -> str | None:
    return decision.provider if decision.rule is SelectionRule.NAMED else None


def _written_decision(decision: Decision) -> Json:
    lines = zip(decision.positions, decision.lines, strict=True)
    return {
        "service_type": decision.service_type.value,
        "requested_provider": decision.requested_provider,
        "requested_credits": _text(decision.requested_credits),
        "provider": decision.provider,
        "rule": decision.rule.value,
        "reason": decision.reason,
        "lines": [_written_line(position, line) for position, line in lines],
        "steps": [_written_step(step) for step in decision.steps],
        "candidates": [_written_candidate(candidate) for candidate in decision.candidates],
    }


def _written_line(position: int, line: PricedUsage) -> Json:
    return {
        "position": position,
        "units": str(line.quantity),
        "unit_type": line.quantity.unit_type.value,
        "exact": str(line.exact),
        "credits": str(line.credits),
    }


def _written_step(step: SelectionStep) -> Json:
    return {
        "rule": step.rule.value,
        "from_provider": step.from_provider,
        "to_provider": step.to_provider,
        "reason": step.reason,
        "saved": _text(step.saved),
    }


def _written_candidate(candidate: Candidate) -> Json:
    return {
        "provider": candidate.provider,
        "estimate": _text(candidate.estimate),
        "chosen": candidate.chosen,
        "excluded_by": candidate.excluded_by and candidate.excluded_by.value,
        "reason": candidate.reason,
    }


def _read_decision(fields: dict[str, Any], card: RateCard) -> Decision:
    service_type, provider = ServiceType(fields["service_type"]), fields["provider"]
    return Decision(
        service_type=service_type,
        positions=tuple(line["position"] for line in fields["lines"]),
        requested_provider=fields["requested_provider"],
        requested_credits=_credits_or_none(fields["requested_credits"]),
        provider=provider,
        lines=tuple(_read_line(line, service_type, provider, card) for line in fields["lines"]),
        rule=SelectionRule(fields["rule"]),
        reason=fields["reason"],
        steps=tuple(_read_step(step) for step in fields["steps"]),
        candidates=tuple(_read_candidate(candidate) for candidate in fields["candidates"]),
    )


def _read_line(
    fields: dict[str, Any], service_type: ServiceType, provider: str, card: RateCard
) -> PricedUsage:
    unit_type = UnitType(fields["unit_type"])
    exact = Fraction(fields["exact"]) * MICROS_PER_CREDIT
    return PricedUsage(
        rate=card.rate_for(service_type, provider, unit_type),
        service_type=service_type,
        provider=provider,
        quantity=Quantity.parse(fields["units"], unit_type),
        exact_numerator=exact.numerator,
        exact_denominator=exact.denominator,
        credits=_credits(fields["credits"]),
    )


def _read_step(fields: dict[str, Any]) -> SelectionStep:
    return SelectionStep(
        rule=SelectionRule(fields["rule"]),
        from_provider=fields["from_provider"],
        to_provider=fields["to_provider"],
        reason=fields["reason"],
        saved=_credits_or_none(fields["saved"]),
    )


def _read_candidate(fields: dict[str, Any]) -> Candidate:
    rule = fields["excluded_by"]
    return Candidate(
        provider=fields["provider"],
        estimate=_credits_or_none(fields["estimate"]),
        chosen=fields["chosen"],
        excluded_by=None if rule is None else SelectionRule(rule),
        reason=fields["reason"],
    )


def _text(amount: Credits | None) -> str | None:
    return None if amount is None else str(amount)


def _credits_or_none(text: str | None) -> Credits | None:
    return None if text is None else _credits(text)


def _credits(text: str) -> Credits:
    # What a choice saves may be negative, which the grammar of the edge forbids.
    return Credits(int(Fraction(text) * MICROS_PER_CREDIT))
