"""End runs: completed, failed or cancelled."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph import ids
from graph.context import Info
from graph.mutations.results import one, result
from graph.types.refusals import TimeOutOfRange, WorkflowAlreadyEnded, WorkflowNotFound
from graph.types.workflow import Workflow
from metering import tracking
from models.identity import IdKind
from models.workflow import WorkflowStatus
from models.writer import SetCommand


@strawberry.input(description="A run that ended.")
class EndWorkflowInput:
    """A run that ended."""

    workflow_id: strawberry.ID = strawberry.field(description="The run.")
    ended_at: datetime | None = strawberry.field(default=None, description="When it ended; else now.")


@strawberry.type(description="A run has ended.")
class WorkflowEnded:
    """A run has ended."""

    workflow: Workflow = strawberry.field(description="The run.")


CompleteWorkflowResult = Annotated[
    WorkflowEnded | WorkflowNotFound | WorkflowAlreadyEnded | TimeOutOfRange, result("CompleteWorkflowResult")
]
FailWorkflowResult = Annotated[
    WorkflowEnded | WorkflowNotFound | WorkflowAlreadyEnded | TimeOutOfRange, result("FailWorkflowResult")
]
CancelWorkflowResult = Annotated[
    WorkflowEnded | WorkflowNotFound | WorkflowAlreadyEnded | TimeOutOfRange, result("CancelWorkflowResult")
]
EndInput = Annotated[EndWorkflowInput, strawberry.argument(description="The run, and when it ended.")]


async def complete_workflow(info: Info, input: EndInput) -> CompleteWorkflowResult:
    """End a run as meant."""
    return await _end(info, input, WorkflowStatus.COMPLETED)


async def fail_workflow(info: Info, input: EndInput) -> FailWorkflowResult:
    """End a run with an error."""
    return await _end(info, input, WorkflowStatus.FAILED)


async def cancel_workflow(info: Info, input: EndInput) -> CancelWorkflowResult:
    """Stop a run."""
    return await _end(info, input, WorkflowStatus.CANCELLED)


async def _end(info: Info, given: EndWorkflowInput, status: WorkflowStatus) -> WorkflowEnded:
    item = tracking.EndWorkflow(
        account_id=info.context.account_id,
        workflow_id=ids.read("workflowId", IdKind.WORKFLOW, given.workflow_id),
        status=status,
        ended_at=given.ended_at,
    )
    ended = one(await info.context.write(SetCommand(item.account_id, tracking.end_workflows, (item,))))
    return WorkflowEnded(workflow=Workflow.of(ended.workflow))
