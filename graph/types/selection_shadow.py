"""What a shadow policy would have selected for a run, beside what was."""

from typing import Self

import strawberry

from graph.context import Info
from graph.types.selection import SelectionDecision
from graph.types.shadow import ShadowPolicy
from metering.selections import read_selection
from metering.shadows import ShadowRefusalKind
from models.base import Json
from models.selection import ShadowPolicy as PolicyRow
from models.selection import WorkflowSelection
from pricing.credits import Credits
from pricing.selection import Selection


@strawberry.type(description="Why a shadow policy would not have served a run.")
class ShadowRefusal:
    """Why a shadow policy would not have served a run."""

    kind: ShadowRefusalKind = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people.")

    @classmethod
    def of(cls, refusal: Json) -> Self:
        """Show a stored refusal."""
        return cls(kind=ShadowRefusalKind(str(refusal["kind"])), message=str(refusal["message"]))


@strawberry.type(
    description="What a shadow policy would have selected for the same request at the same prices."
)
class SelectionShadow:
    """What a shadow policy would have selected."""

    policy: ShadowPolicy = strawberry.field(description="The policy that was in force then.")
    total_credits: Credits | None = strawberry.field(
        description="What its providers would cost; null where it refuses."
    )
    saved_credits: Credits | None = strawberry.field(
        description="What it would save, negative where it costs more; null where it refuses."
    )
    decisions: list[SelectionDecision] = strawberry.field(
        description="Its choices, as those of the selection; empty where it refuses."
    )
    refusal: ShadowRefusal | None = strawberry.field(
        description="Why it would have refused; null where it would have served."
    )

    @classmethod
    def of(cls, policy: PolicyRow, row: WorkflowSelection, chosen: Selection | None) -> Self:
        """Show the outcome of a policy, which is a selection or a refusal."""
        return cls(
            policy=ShadowPolicy.of(policy),
            total_credits=row.shadow_credits,
            saved_credits=None if row.shadow_credits is None else row.total_credits - row.shadow_credits,
            decisions=[] if chosen is None else [SelectionDecision.of(it) for it in chosen.decisions],
            refusal=None if row.shadow_refusal is None else ShadowRefusal.of(row.shadow_refusal),
        )


async def shadow_of(info: Info, row: WorkflowSelection) -> SelectionShadow | None:
    """Load what stands beside a selection; None where its run's agent had no shadow policy."""
    if row.shadow_policy_id is None:
        return None
    loaders = info.context.loaders
    policy = await loaders.shadow_policy_by_id.load((row.account_id, row.shadow_policy_id))
    assert policy is not None  # noqa: S101 - a foreign key says so
    record = row.shadow_record
    chosen = None if record is None else read_selection(record, await loaders.prices.load(None))
    return SelectionShadow.of(policy, row, chosen)
