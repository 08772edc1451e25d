"""One run, followed."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from graph import ids
from graph.context import Info
from graph.loaders.additions import end_of_books
from graph.scalars import Long
from graph.subscriptions.missing import missing
from graph.types.workflow import Workflow
from models.identity import IdKind
from models.workflow import Workflow as WorkflowRow

LONGEST_WAIT_SECONDS = 60.0


@strawberry.type(description="A run as it was at one moment.")
class WorkflowEvent:
    """A run as it was at one moment."""

    sequence: Long = strawberry.field(
        description="How far the account's ledger had come; more than one event may carry it."
    )
    workflow: Workflow = strawberry.field(description="The run.")


async def workflow_changed(
    info: Info,
    workflow_id: Annotated[strawberry.ID, strawberry.argument(description="Which run.")],
) -> AsyncIterator[WorkflowEvent]:
    """Tell a run's state, and each later one."""
    context = info.context
    run_id = ids.read("workflowId", IdKind.WORKFLOW, workflow_id)
    key = (context.account_id, run_id)
    told = None
    with context.database.feed.watch(*key) as watch:
        while True:
            row = await context.loaders.workflow_by_id.load(key)
            if row is None:
                raise missing("workflowId")
            sequence, _ = await end_of_books(context.snapshot, context.account_id)
            await context.let_go()
            if _state(row) != told:
                told = _state(row)
                yield WorkflowEvent(sequence=Long(sequence), workflow=Workflow.of(row))
                await context.let_go()
            await watch.moved(at_most_seconds=LONGEST_WAIT_SECONDS)


def _state(row: WorkflowRow) -> tuple[object, ...]:
    return row.status, row.ended_at, row.total_credits, row.usage_count
