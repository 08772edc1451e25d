"""Hold credits for runs, extend holds and release them."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import bad_input
from graph.loaders.dues import Dues
from graph.mutations.hold_plans import (
    MOST_SECONDS,
    HoldInput,
    PlannedServiceInput,
    read_amount_or_services,
    read_expiry,
    read_hold,
)
from graph.mutations.results import one, result
from graph.queries.plans import ServicePlanInput, read_plan
from graph.types.hold import Hold
from graph.types.refusals import (
    AgentNotFound,
    AmountTooLarge,
    BudgetExceeded,
    CreditsExhausted,
    HoldClosed,
    HoldNotFound,
    IdempotencyConflict,
    NoRateCardInForce,
    NothingToHold,
    PlanRefusal,
    RateUnknown,
    WorkflowAlreadyEnded,
    WorkflowNotFound,
)
from graph.types.run_selection import RunSelection
from metering import credits as verbs
from metering.credits import HoldPlan
from models.hold import Hold as HoldRow
from models.identity import IdKind
from models.writer import SetCommand
from pricing.credits import Credits


@strawberry.input(
    description=(
        "Credits to be set aside for a run: an amount, planned services, what a stored quote promises, or "
        "what is selected for it now."
    )
)
class HoldCreditsInput(HoldInput):
    """Credits to be set aside for a run."""

    workflow_id: strawberry.ID = strawberry.field(description="The run, which must be running.")
    idempotency_key: str = strawberry.field(
        description="1 to 255 printable ASCII characters; the same key and input give the first answer again."
    )
    selection: ServicePlanInput | None = strawberry.field(
        default=None,
        description=(
            "Choose providers for these services, by the run's agent unless the plan names who chooses, and "
            "hold exactly them; from then on it is the run's selection."
        ),
    )


@strawberry.input(
    description=(
        "More credits, more time, or both, for an open hold. For a quote or another selection, make a hold "
        "of its own."
    )
)
class ExtendHoldInput:
    """More credits, more time, or both, for an open hold."""

    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    idempotency_key: str = strawberry.field(description="1 to 255 printable ASCII characters.")
    amount: Credits | None = strawberry.field(
        default=None, description="So many credits more, for any service."
    )
    services: list[PlannedServiceInput] | None = strawberry.field(
        default=None, description="Further services, priced by the hold's own rate card."
    )
    expires_in_seconds: int | None = strawberry.field(
        default=None,
        description=(
            f"It expires so long after now, 1 to {MOST_SECONDS:,} seconds, where that is later than before; "
            "null leaves it."
        ),
    )


@strawberry.input(description="A hold that is needed no more.")
class ReleaseHoldInput:
    """A hold that is needed no more."""

    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    idempotency_key: str = strawberry.field(description="1 to 255 printable ASCII characters.")


@strawberry.type(description="Credits were set aside.")
class CreditsHeld:
    """Credits were set aside."""

    hold: Hold = strawberry.field(description="The hold.")
    selection: RunSelection | None = strawberry.field(
        description="What was selected for the run by this hold, where it was for a selection or a quote."
    )
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key made it.")


@strawberry.type(description="A hold was extended.")
class HoldExtended:
    """A hold was extended."""

    hold: Hold = strawberry.field(description="The hold.")
    added_credits: Credits = strawberry.field(description="The credits that were added.")
    held_until: datetime | None = strawberry.field(
        description=(
            "When the planned time is over, counted from when the hold was made; the service with the least "
            "time decides. Null where nothing is metered by time."
        )
    )
    affordable_until: datetime | None = strawberry.field(
        description=(
            "Until when the credits last that could still be held: end the call before. Null where nothing "
            "limits them, or nothing is metered by time."
        )
    )
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key extended it.")


@strawberry.type(description="A hold was released.")
class HoldReleased:
    """A hold was released."""

    hold: Hold = strawberry.field(description="The hold, closed.")
    released_credits: Credits = strawberry.field(description="The credits that went back.")
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key released it.")


HoldCreditsResult = Annotated[
    CreditsHeld
    | WorkflowNotFound
    | WorkflowAlreadyEnded
    | RateUnknown
    | NoRateCardInForce
    | NothingToHold
    | CreditsExhausted
    | BudgetExceeded
    | AmountTooLarge
    | AgentNotFound
    | PlanRefusal
    | IdempotencyConflict,
    result("HoldCreditsResult"),
]
ExtendHoldResult = Annotated[
    HoldExtended
    | HoldNotFound
    | HoldClosed
    | RateUnknown
    | NoRateCardInForce
    | NothingToHold
    | CreditsExhausted
    | BudgetExceeded
    | AmountTooLarge
    | IdempotencyConflict,
    result("ExtendHoldResult"),
]
ReleaseHoldResult = Annotated[
    HoldReleased | HoldNotFound | HoldClosed | IdempotencyConflict, result("ReleaseHoldResult")
]
HoldCredits = Annotated[HoldCreditsInput, strawberry.argument(description="The run, and what to hold.")]
ExtendInput = Annotated[ExtendHoldInput, strawberry.argument(description="The hold, and what to add.")]
ReleaseInput = Annotated[ReleaseHoldInput, strawberry.argument(description="The hold.")]


async def hold_credits(info: Info, input: HoldCredits) -> HoldCreditsResult:
    """Set credits aside."""
    selection = None if input.selection is None else read_plan(info, input.selection, "selection.")
    item = verbs.HoldCredits(
        account_id=info.context.account_id,
        workflow_id=ids.read("workflowId", IdKind.WORKFLOW, input.workflow_id),
        plan=read_hold(input, selection),
        idempotency_key=inputs.idempotency_key("idempotencyKey", input.idempotency_key),
        expires_in=read_expiry("", input.expires_in_seconds),
    )
    held = one(await info.context.write(SetCommand(item.account_id, verbs.hold_credits, (item,))))
    return CreditsHeld(
        hold=written_hold(info, held.hold),
        selection=RunSelection.of(held.selection) if held.selection else None,
        replayed=held.replayed,
    )


async def extend_hold(info: Info, input: ExtendInput) -> ExtendHoldResult:
    """Hold more, longer, or both."""
    item = verbs.ExtendHold(
        account_id=info.context.account_id,
        hold_id=ids.read("holdId", IdKind.HOLD, input.hold_id),
        idempotency_key=inputs.idempotency_key("idempotencyKey", input.idempotency_key),
        plan=_plan(input),
        expires_in=None if input.expires_in_seconds is None else read_expiry("", input.expires_in_seconds),
    )
    extended = one(await info.context.write(SetCommand(item.account_id, verbs.extend_holds, (item,))))
    return HoldExtended(
        hold=written_hold(info, extended.hold),
        added_credits=extended.added,
        held_until=extended.held_until,
        affordable_until=extended.affordable_until,
        replayed=extended.replayed,
    )


async def release_hold(info: Info, input: ReleaseInput) -> ReleaseHoldResult:
    """Give back what a hold still keeps."""
    item = verbs.ReleaseHold(
        account_id=info.context.account_id,
        hold_id=ids.read("holdId", IdKind.HOLD, input.hold_id),
        idempotency_key=inputs.idempotency_key("idempotencyKey", input.idempotency_key),
    )
    released = one(await info.context.write(SetCommand(item.account_id, verbs.release_holds, (item,))))
    return HoldReleased(
        hold=written_hold(info, released.hold),
        released_credits=released.released,
        replayed=released.replayed,
    )


def written_hold(info: Info, row: HoldRow) -> Hold:
    """Show a hold that a verb has just answered with.

    The verb has moved all that was due in the account, so that there is nothing to ask for.
    """
    return Hold.of(row, Dues(info.context.now()))


def _plan(given: ExtendHoldInput) -> HoldPlan | None:
    if given.amount is None and given.services is None:
        if given.expires_in_seconds is None:
            raise bad_input("services", "give services or an amount to add, expiresInSeconds, or both.")
        return None
    return read_amount_or_services("", given.amount, given.services)
