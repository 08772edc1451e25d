"""The words of a selection: what is asked for, and the record of what was chosen and why."""

from dataclasses import dataclass
from enum import StrEnum

from pricing.catalogue import ProviderTier, RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.credits import Credits
from pricing.quote import PlannedService, PricedUsage
from pricing.units import Quantity, ServiceType


class SelectionRule(StrEnum):
    """Why a provider was chosen, replaced or left out."""

    AS_CONFIGURED = "AS_CONFIGURED"
    """The configuration names it, and no rule asked for another."""
    NAMED = "NAMED"
    """The request names it, and so it is kept."""
    LOW_COMPLEXITY = "LOW_COMPLEXITY"
    """Low complexity and cost optimisation: the cheapest adequate model."""
    HIGH_ACCURACY = "HIGH_ACCURACY"
    """High accuracy is asked for: the most accurate speech-to-text."""
    COST_OPTIMIZATION = "COST_OPTIMIZATION"
    """Cost optimisation: the cheapest speech-to-text that is accurate enough."""
    NO_RATE = "NO_RATE"
    """The rate card does not price it, or its price is more than a balance can hold."""
    UNAVAILABLE = "UNAVAILABLE"
    """It is marked unavailable."""
    OVER_LIMIT_FALLBACK = "OVER_LIMIT_FALLBACK"
    """The plan is over the limit: the fallback model."""
    OVER_LIMIT = "OVER_LIMIT"
    """The plan is over the limit: a cheaper alternative."""
    UNKNOWN_TO_CATALOGUE = "UNKNOWN_TO_CATALOGUE"
    """The catalogue does not know it, so that nothing is known of how good it is."""
    INADEQUATE = "INADEQUATE"
    """It is not adequate for the request's complexity."""
    INACCURATE = "INACCURATE"
    """It is below the accuracy asked for."""


@dataclass(frozen=True, slots=True)
class Need:
    """Units of a service; with a provider, that one and no other."""

    service_type: ServiceType
    quantity: Quantity
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """What a workflow is about to use. Without an accuracy of its own, the configuration's is asked for."""

    needs: tuple[Need, ...]
    complexity: RequestComplexity = RequestComplexity.NORMAL
    accuracy: AccuracyRequirement | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that was looked at. Its estimate is None where it has no price; the chosen one has no rule.

    The reason is a sentence: why it is the one, or why not.
    """

    provider: str
    estimate: Credits | None
    chosen: bool
    excluded_by: SelectionRule | None
    reason: str


@dataclass(frozen=True, slots=True)
class SelectionStep:
    """One provider put in another's place. `saved` is negative where it costs more, None without a price."""

    rule: SelectionRule
    from_provider: str
    to_provider: str
    reason: str
    saved: Credits | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The provider chosen for all needs of one service type, and how it came about.

    `lines` are the needs as they will be priced; `positions` say where they stand in the request.
    """

    service_type: ServiceType
    positions: tuple[int, ...]
    requested_provider: str
    requested_credits: Credits | None
    provider: str
    lines: tuple[PricedUsage, ...]
    rule: SelectionRule
    reason: str
    steps: tuple[SelectionStep, ...]
    candidates: tuple[Candidate, ...]

    @property
    def credits(self) -> Credits:
        """What the chosen provider costs, as charged."""
        return Credits.total(line.credits for line in self.lines)

    @property
    def saved(self) -> Credits | None:
        """What the choice saves against the request as made; negative where it costs more."""
        return None if self.requested_credits is None else self.requested_credits - self.credits


@dataclass(frozen=True, slots=True)
class Selection:
    """Which provider serves each need, at what price, and why; one decision for each service type.

    `accuracy` is what counted: that of the request, or where it asked for none (None), the configuration's.
    """

    card_version: str
    catalogue_version: str
    complexity: RequestComplexity
    accuracy: ProviderTier
    requested_accuracy: AccuracyRequirement | None
    limit: Credits | None
    decisions: tuple[Decision, ...]

    @property
    def lines(self) -> tuple[PricedUsage, ...]:
        """The needs in the order of the request, each priced as it will run."""
        placed = (zip(decision.positions, decision.lines, strict=True) for decision in self.decisions)
        return tuple(line for _, line in sorted((pair for pairs in placed for pair in pairs), key=_position))

    @property
    def steps(self) -> tuple[SelectionStep, ...]:
        """All steps in the order in which the rules took them."""
        return tuple(sorted((step for decision in self.decisions for step in decision.steps), key=_taken))

    @property
    def plan(self) -> tuple[PlannedService, ...]:
        """What will run, in the order of the request, ready to be held."""
        return tuple(PlannedService(line.service_type, line.provider, line.quantity) for line in self.lines)

    @property
    def requested_total(self) -> Credits | None:
        """What the request costs as made; None where the card does not price all of it."""
        amounts = [decision.requested_credits for decision in self.decisions]
        priced = [amount for amount in amounts if amount is not None]
        return Credits.total(priced) if len(priced) == len(amounts) else None

    @property
    def total(self) -> Credits:
        """What will be charged: the sum of the rounded lines."""
        return Credits.total(decision.credits for decision in self.decisions)

    @property
    def saved(self) -> Credits | None:
        """Credits saved against the request as made; negative where the selection costs more."""
        requested = self.requested_total
        return None if requested is None else requested - self.total

    @property
    def within_limit(self) -> bool:
        """Whether the total is within the limit; `select` gives no other, only its refusal OverLimit does."""
        return self.limit is None or self.total <= self.limit


_RULES = tuple(SelectionRule)


def _taken(step: SelectionStep) -> tuple[int, int]:
    # The rules stand in their order; the last takes the dearest saving first.
    saved = step.saved if step.rule is SelectionRule.OVER_LIMIT else None
    return _RULES.index(step.rule), 0 if saved is None else -saved.micros


def _position(placed: tuple[int, PricedUsage]) -> int:
    return placed[0]
