"""A rate card before it is published: what is wrong with it, what changes, what the past would have cost."""

from datetime import datetime
from typing import Any, Self

import strawberry

from graph.context import Info
from graph.scalars import Long
from graph.types.rate_card_diff import RateCardDiff
from graph.types.rate_card_input import RateCardInput, field_name, owner_of, read_draft
from metering import errors
from metering.rate_cards import PastCost, Preview, Problem, ServiceCost, preview_rate_card
from pricing.credits import Credits
from pricing.rate_card_draft import InvalidDraft, RateCardDraft
from pricing.units import ServiceType


@strawberry.type(description="Why a card cannot be published as it is.")
class RateCardProblem:
    """Why a card cannot be published as it is."""

    field: str = strawberry.field(description="Which input is wrong, e.g. `rates[3].price`.")
    message: str = strawberry.field(description="What is wrong, and what would help.")

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Show a problem."""
        return cls(field=problem.field, message=problem.message)


@strawberry.type(description="What usages of one service and provider were charged, and would have cost.")
class RateCardServiceCost:
    """Usages of one service and provider by a card."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    usage_count: Long = strawberry.field(description="The usages that the card prices.")
    credits_before: Credits = strawberry.field(description="What these were charged.")
    credits_after: Credits = strawberry.field(description="What they would have cost by the card.")
    change: Credits = strawberry.field(description="How much more that is; negative where it is less.")
    unpriced_usage_count: Long = strawberry.field(description="The usages that the card does not price.")
    unpriced_credits: Credits = strawberry.field(description="What those were charged.")

    @classmethod
    def of(cls, cost: ServiceCost) -> Self:
        """Show the figures of a service."""
        return cls(service_type=cost.service_type, provider=cost.provider, **_figures(cost))


@strawberry.type(
    description=(
        "What the usages of a period would have cost by a card, each account's own rates in their place. "
        "Usages that it does not price stand apart, and voided ones are none."
    )
)
class RateCardCost:
    """What the usages of a period would have cost."""

    from_time: datetime = strawberry.field(name="from", description="The period's beginning.")
    to_time: datetime = strawberry.field(name="to", description="The period's end.")
    usage_count: Long = strawberry.field(description="The usages that the card prices.")
    credits_before: Credits = strawberry.field(description="What these were charged.")
    credits_after: Credits = strawberry.field(description="What they would have cost by the card.")
    change: Credits = strawberry.field(description="How much more that is; negative where it is less.")
    unpriced_usage_count: Long = strawberry.field(description="The usages that the card does not price.")
    unpriced_credits: Credits = strawberry.field(description="What those were charged.")
    services: list[RateCardServiceCost] = strawberry.field(
        description="By service and provider, the dearest first."
    )

    @classmethod
    def of(cls, cost: PastCost) -> Self:
        """Show the figures of a period."""
        services = [RateCardServiceCost.of(each) for each in cost.services]
        return cls(from_time=cost.start, to_time=cost.end, services=services, **_figures(cost.totals))


@strawberry.type(description="What publishing a rate card would mean; nothing is published.")
class RateCardPreview:
    """What publishing a rate card would mean."""

    problems: list[RateCardProblem] = strawberry.field(
        description="All that keeps it from being published; none where it can be."
    )
    effective_from: datetime | None = strawberry.field(
        description="From when it would be in force; null where the input does not make a card."
    )
    diff: RateCardDiff | None = strawberry.field(
        description="Its prices beside those in force at that time; null where there are none."
    )
    cost: RateCardCost | None = strawberry.field(
        description="What the last 30 days would have cost; null where the input does not make a card."
    )

    @classmethod
    def of(cls, preview: Preview) -> Self:
        """Show a preview."""
        return cls(
            problems=[RateCardProblem.of(problem) for problem in preview.problems],
            effective_from=preview.effective_from,
            diff=None if preview.diff is None else RateCardDiff.of(preview.diff),
            cost=RateCardCost.of(preview.cost),
        )

    @classmethod
    def of_invalid(cls, invalid: InvalidDraft) -> Self:
        """Show what keeps an input from making a card."""
        problems = [
            RateCardProblem(field=field_name(each.path), message=str(each)) for each in invalid.problems
        ]
        return cls(problems=problems, effective_from=None, diff=None, cost=None)


async def previewed(info: Info, given: RateCardInput) -> RateCardPreview:
    """Try a card on the past; AccountNotFound is raised as it is."""
    account_id = owner_of(given)
    try:
        draft = read_draft(given)
    except InvalidDraft as invalid:
        return RateCardPreview.of_invalid(invalid)
    snapshot = info.context.snapshot
    preview = await preview_rate_card(
        snapshot.ask, draft=draft, account_id=account_id, now=info.context.now()
    )
    return RateCardPreview.of(preview)


def publishable_draft(given: RateCardInput) -> RateCardDraft:
    """Read a card; InvalidRateCard, the refusal, tells the first thing that is wrong with it."""
    try:
        return read_draft(given)
    except InvalidDraft as invalid:
        first = invalid.problems[0]
        raise errors.InvalidRateCard(field_name(first.path), str(first)) from invalid


def _figures(cost: ServiceCost) -> dict[str, Any]:
    return {
        "usage_count": Long(cost.usage_count),
        "credits_before": Credits(cost.before_micros),
        "credits_after": Credits(cost.after_micros),
        "change": Credits(cost.after_micros - cost.before_micros),
        "unpriced_usage_count": Long(cost.unpriced_count),
        "unpriced_credits": Credits(cost.unpriced_micros),
    }
