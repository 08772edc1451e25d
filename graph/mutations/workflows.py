"""Start runs, and record whole ones."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry
from graphql import GraphQLError

from graph import ids, inputs
from graph.context import Context, Info
from graph.inputs import MOST_USAGES, bad_input
from graph.mutations.hold_plans import DEFAULT_SECONDS, HoldInput, read_expiry, read_first_hold
from graph.mutations.holds import written_hold
from graph.mutations.results import one, result
from graph.queries.plans import ServicePlanInput, read_plan
from graph.scalars import DecimalText, JsonValue
from graph.types.enums import described
from graph.types.hold import Hold
from graph.types.refusals import (
    AgentNotFound,
    AmountTooLarge,
    ApiKeyNotFound,
    BudgetExceeded,
    CreditsExhausted,
    IdempotencyConflict,
    NoRateCardInForce,
    NothingToHold,
    PlanRefusal,
    RateUnknown,
    TimeOutOfRange,
    WorkflowNestedTooDeep,
    WorkflowNotFound,
)
from graph.types.run_selection import RunSelection
from graph.types.workflow import Workflow
from metering import tracking
from models.api_key import Scope
from models.identity import IdKind
from models.workflow import WorkflowStatus
from models.writer import SetCommand
from pricing.units import ServiceType, UnitType


@strawberry.input(description="A run to be started.")
class StartWorkflowInput:
    """A run to be started."""

    workflow_name: str = strawberry.field(description="What kind of run it is, e.g. `phone_ai_call`.")
    idempotency_key: str = strawberry.field(
        description="1 to 255 printable ASCII characters; the same key and input give the first answer again."
    )
    agent_id: strawberry.ID | None = strawberry.field(default=None, description="The agent that runs.")
    business_adapter: str | None = strawberry.field(
        default=None, description="The use case; else the agent's."
    )
    user_id: str | None = strawberry.field(default=None, description="The user of yours that it runs for.")
    api_key_id: strawberry.ID | None = strawberry.field(
        default=None, description="Attribute the run to another key of the account; needs the scope `MANAGE`."
    )
    parent_workflow_id: strawberry.ID | None = strawberry.field(
        default=None, description="The run that starts this one."
    )
    started_at: datetime | None = strawberry.field(
        default=None, description="When it started: 35 days ago to 5 minutes ahead; else now."
    )
    hold: HoldInput | None = strawberry.field(
        default=None, description="What to hold for it at once: it starts with these credits or not at all."
    )
    selection: ServicePlanInput | None = strawberry.field(
        default=None,
        description=(
            "What it needs: providers are chosen for it, by the agent of the run unless the plan names who "
            "chooses, and it starts only if they serve within all limits."
        ),
    )
    metadata: JsonValue | None = strawberry.field(
        default=None, description="Anything you want to note with the run."
    )


@strawberry.input(description="One use within a run that is recorded as a whole.")
class PastServiceUsageInput:
    """One use within a run that is recorded as a whole."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model, as the rate card names it.")
    units: DecimalText = strawberry.field(description="How many units, more than 0.")
    unit_type: UnitType = strawberry.field(description="The unit.")
    used_at: datetime | None = strawberry.field(default=None, description="When; else when the run ended.")


@described(
    "How a run that is recorded as a whole ended.",
    COMPLETED="It ended as meant.",
    FAILED="It ended with an error.",
    CANCELLED="It was stopped before its end.",
)
class RecordedStatus(StrEnum):
    """How a run that is recorded as a whole ended."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@strawberry.input(description="A whole run that has happened.")
class RecordWorkflowInput:
    """A whole run that has happened."""

    workflow_name: str = strawberry.field(description="What kind of run it was.")
    idempotency_key: str = strawberry.field(description="The key of the whole record.")
    services_used: list[PastServiceUsageInput] = strawberry.field(
        description=f"What it used: at most {MOST_USAGES} usages."
    )
    agent_id: strawberry.ID | None = strawberry.field(default=None, description="The agent that ran.")
    business_adapter: str | None = strawberry.field(
        default=None, description="The use case; else the agent's."
    )
    user_id: str | None = strawberry.field(default=None, description="The user of yours that it ran for.")
    started_at: datetime | None = strawberry.field(default=None, description="When it started; else now.")
    ended_at: datetime | None = strawberry.field(default=None, description="When it ended; else now.")
    status: RecordedStatus = strawberry.field(default=RecordedStatus.COMPLETED, description="How it ended.")
    metadata: JsonValue | None = strawberry.field(
        default=None, description="Anything you want to note with the run."
    )


@strawberry.type(description="A run has started.")
class WorkflowStarted:
    """A run has started."""

    workflow: Workflow = strawberry.field(description="The run.")
    hold: Hold | None = strawberry.field(description="What is held for it, where it was started with a hold.")
    selection: RunSelection | None = strawberry.field(
        description="What was selected for it, where it was started with a selection or a quote."
    )
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key started it.")


@strawberry.type(description="A run was recorded.")
class WorkflowRecorded:
    """A run was recorded."""

    workflow: Workflow = strawberry.field(description="The run.")
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key recorded it.")


StartWorkflowResult = Annotated[
    WorkflowStarted
    | AgentNotFound
    | ApiKeyNotFound
    | WorkflowNotFound
    | WorkflowNestedTooDeep
    | CreditsExhausted
    | BudgetExceeded
    | RateUnknown
    | NoRateCardInForce
    | NothingToHold
    | AmountTooLarge
    | PlanRefusal
    | TimeOutOfRange
    | IdempotencyConflict,
    result("StartWorkflowResult"),
]
RecordWorkflowResult = Annotated[
    WorkflowRecorded
    | AgentNotFound
    | RateUnknown
    | NoRateCardInForce
    | AmountTooLarge
    | TimeOutOfRange
    | IdempotencyConflict,
    result("RecordWorkflowResult"),
]
StartInput = Annotated[StartWorkflowInput, strawberry.argument(description="The run.")]
RecordInput = Annotated[
    RecordWorkflowInput, strawberry.argument(description="The run with all that it used.")
]


async def start_workflow(info: Info, input: StartInput) -> StartWorkflowResult:
    """Start a run."""
    context = info.context
    if input.api_key_id is not None and Scope.MANAGE not in context.api_key.scopes:
        raise GraphQLError(
            "apiKeyId: attributing a run to another key needs the scope MANAGE.",
            extensions={"code": "FORBIDDEN"},
        )
    hold = input.hold
    selection = None if input.selection is None else read_plan(info, input.selection, "selection.")
    item = tracking.StartWorkflow(
        account_id=context.account_id,
        api_key_id=context.api_key.id,
        workflow_name=inputs.name("workflowName", input.workflow_name),
        idempotency_key=inputs.idempotency_key("idempotencyKey", input.idempotency_key),
        agent_id=ids.read_optional("agentId", IdKind.AGENT, input.agent_id),
        business_adapter=inputs.optional_name("businessAdapter", input.business_adapter),
        user_id=inputs.optional_text("userId", input.user_id),
        attributed_key_id=ids.read_optional("apiKeyId", IdKind.API_KEY, input.api_key_id),
        parent_workflow_id=ids.read_optional("parentWorkflowId", IdKind.WORKFLOW, input.parent_workflow_id),
        started_at=input.started_at,
        metadata=input.metadata,
        selection=selection,
        hold=read_first_hold(hold, selection),
        hold_expires_in=read_expiry("hold.", hold.expires_in_seconds if hold else DEFAULT_SECONDS),
    )
    started = one(await context.write(SetCommand(item.account_id, tracking.start_workflows, (item,))))
    return WorkflowStarted(
        workflow=Workflow.of(started.workflow),
        hold=None if started.hold is None else written_hold(info, started.hold),
        selection=RunSelection.of(started.selection) if started.selection else None,
        replayed=started.replayed,
    )


async def record_workflow(info: Info, input: RecordInput) -> RecordWorkflowResult:
    """Record a whole run."""
    item = _record(info.context, input)
    recorded = one(await info.context.write(SetCommand(item.account_id, tracking.record_workflows, (item,))))
    return WorkflowRecorded(workflow=Workflow.of(recorded.workflow), replayed=recorded.replayed)


def _record(context: Context, given: RecordWorkflowInput) -> tracking.RecordWorkflow:
    if len(given.services_used) > MOST_USAGES:
        raise bad_input("servicesUsed", f"at most {MOST_USAGES} usages, not {len(given.services_used)}.")
    start = tracking.StartWorkflow(
        account_id=context.account_id,
        api_key_id=context.api_key.id,
        workflow_name=inputs.name("workflowName", given.workflow_name),
        idempotency_key=inputs.idempotency_key("idempotencyKey", given.idempotency_key),
        agent_id=ids.read_optional("agentId", IdKind.AGENT, given.agent_id),
        business_adapter=inputs.optional_name("businessAdapter", given.business_adapter),
        user_id=inputs.optional_text("userId", given.user_id),
        started_at=given.started_at,
        metadata=given.metadata,
    )
    usages = tuple(_past(f"servicesUsed[{n}]", usage) for n, usage in enumerate(given.services_used))
    return tracking.RecordWorkflow(start, WorkflowStatus(given.status.value), given.ended_at, usages)


def _past(field: str, given: PastServiceUsageInput) -> tracking.PastUsage:
    return tracking.PastUsage(
        service_type=given.service_type,
        provider=inputs.name(f"{field}.provider", given.provider),
        quantity=inputs.quantity(f"{field}.units", given.units, given.unit_type),
        used_at=given.used_at,
    )
