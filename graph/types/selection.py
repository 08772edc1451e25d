"""Selections: which provider serves each service of a plan, and why."""

from typing import Any, Self

import strawberry

from graph.types.fitting import WouldFit
from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.credits import Credits
from pricing.selection import Candidate, Decision, OverLimit, Selection, SelectionRule
from pricing.selection import SelectionStep as Step
from pricing.units import ServiceType


@strawberry.type(description="One provider put in another's place.")
class SelectionStep:
    """One provider put in another's place."""

    rule: SelectionRule = strawberry.field(description="The rule that asked for it.")
    from_provider: str = strawberry.field(name="from", description="The provider that gave way.")
    to_provider: str = strawberry.field(name="to", description="The provider in its place.")
    reason: str = strawberry.field(description="Why, with the figures.")
    saved_credits: Credits | None = strawberry.field(
        description="What it saves, negative where it costs more; null where the first had no price."
    )

    @classmethod
    def of(cls, step: Step) -> Self:
        """Show a step."""
        return cls(
            rule=step.rule,
            from_provider=step.from_provider,
            to_provider=step.to_provider,
            reason=step.reason,
            saved_credits=step.saved,
        )


@strawberry.type(description="A provider that was looked at, chosen or not.")
class SelectionCandidate:
    """A provider that was looked at."""

    provider: str = strawberry.field(description="The provider or model.")
    estimate: Credits | None = strawberry.field(description="What it would cost; null where it has no price.")
    chosen: bool = strawberry.field(description="Whether it is the one.")
    excluded_by: SelectionRule | None = strawberry.field(
        description="The rule that left it out; null for the chosen."
    )
    reason: str = strawberry.field(description="Why it is the one, or why not.")

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Show a candidate."""
        return cls(
            provider=candidate.provider,
            estimate=candidate.estimate,
            chosen=candidate.chosen,
            excluded_by=candidate.excluded_by,
            reason=candidate.reason,
        )


@strawberry.type(description="The provider chosen for all needs of one service type, and how it came about.")
class SelectionDecision:
    """The provider chosen for all needs of one service type."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    requested_provider: str = strawberry.field(
        description="The provider that the request names, or else the configuration."
    )
    provider: str = strawberry.field(description="The provider that would serve.")
    requested_credits: Credits | None = strawberry.field(
        description="What the requested provider costs; null where it has no price."
    )
    credits: Credits = strawberry.field(description="What the chosen provider costs.")
    saved_credits: Credits | None = strawberry.field(
        description="What the choice saves against the request, negative where it costs more."
    )
    rule: SelectionRule = strawberry.field(description="The rule that made it the one.")
    reason: str = strawberry.field(description="That rule's sentence, with the figures.")
    steps: list[SelectionStep] = strawberry.field(
        description="Each replacement, in order; empty where the requested provider serves."
    )
    candidates: list[SelectionCandidate] = strawberry.field(
        description="Every provider that was looked at, the preferred first."
    )

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """Show a decision."""
        return cls(
            service_type=decision.service_type,
            requested_provider=decision.requested_provider,
            provider=decision.provider,
            requested_credits=decision.requested_credits,
            credits=decision.credits,
            saved_credits=decision.saved,
            rule=decision.rule,
            reason=decision.reason,
            steps=[SelectionStep.of(step) for step in decision.steps],
            candidates=[SelectionCandidate.of(candidate) for candidate in decision.candidates],
        )


@strawberry.interface(
    name="Selection", description="Which provider serves each service of a plan, at what price, and why."
)
class SelectionFigures:
    """What every selection tells."""

    decisions: list[SelectionDecision] = strawberry.field(
        description="One for each service type, and for each provider that the request names."
    )
    total_credits: Credits = strawberry.field(description="What the chosen providers cost.")
    requested_credits: Credits | None = strawberry.field(
        description="What the request costs as made; null where the rate card does not price all of it."
    )
    saved_credits: Credits | None = strawberry.field(
        description="What the selection saves against the request, negative where it costs more."
    )
    limit: Credits | None = strawberry.field(
        description="The configuration's limit for one request; null is none."
    )
    request_complexity: RequestComplexity = strawberry.field(description="The complexity that was asked for.")
    accuracy_requirement: AccuracyRequirement = strawberry.field(
        description="The accuracy asked for by the request, or else by the configuration."
    )
    rate_card_version: str = strawberry.field(description="The rate card that priced it.")
    catalogue_version: str = strawberry.field(
        description="The catalogue that says how good each provider is."
    )


@strawberry.type(description="What would be selected for a plan at this moment; nothing is stored.")
class ServiceSelection(SelectionFigures):
    """What would be selected for a plan."""

    within_limits: bool = strawberry.field(
        description="Whether the total is within the limit; where not, the plan is shown as it was wanted."
    )
    would_fit: WouldFit | None = strawberry.field(
        description="What would fit, where the total is over the limit."
    )

    @classmethod
    def of(cls, selection: Selection, over: OverLimit | None) -> Self:
        """Show a selection, or the plan that is over its limit with what would fit."""
        return cls(
            within_limits=selection.within_limit,
            would_fit=None if over is None else WouldFit.of(over),
            **figures_of(selection),
        )


def figures_of(selection: Selection) -> dict[str, Any]:
    """Give the fields that every selection shows."""
    return {
        "decisions": [SelectionDecision.of(decision) for decision in selection.decisions],
        "total_credits": selection.total,
        "requested_credits": selection.requested_total,
        "saved_credits": selection.saved,
        "limit": selection.limit,
        "request_complexity": selection.complexity,
        "accuracy_requirement": AccuracyRequirement(selection.accuracy),
        "rate_card_version": selection.card_version,
        "catalogue_version": selection.catalogue_version,
    }
