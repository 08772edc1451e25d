"""What was selected for runs, one statement for all runs that are asked for."""

from collections.abc import Awaitable, Callable

from sqlalchemy import and_, func, select

from graph.context import Snapshot
from graph.loaders.rows import OwnedId
from models.selection import WorkflowSelection


def selection_by_workflow(
    snapshot: Snapshot,
) -> Callable[[list[OwnedId]], Awaitable[list[WorkflowSelection | None]]]:
    """Load the newest selection of each run."""

    async def load(keys: list[OwnedId]) -> list[WorkflowSelection | None]:
        newest = func.row_number().over(
            partition_by=WorkflowSelection.workflow_id,
            order_by=(WorkflowSelection.made_at.desc(), WorkflowSelection.id.desc()),
        )
        ranked = (
            select(WorkflowSelection.account_id, WorkflowSelection.id, newest.label("place"))
            .where(
                WorkflowSelection.account_id.in_({account_id for account_id, _ in keys}),
                WorkflowSelection.workflow_id.in_({workflow_id for _, workflow_id in keys}),
            )
            .subquery()
        )
        of_rank = and_(
            ranked.c.account_id == WorkflowSelection.account_id, ranked.c.id == WorkflowSelection.id
        )
        statement = select(WorkflowSelection).join(ranked, of_rank).where(ranked.c.place == 1)
        found = {(row.account_id, row.workflow_id): row for row in await snapshot.scalars(statement)}
        return [found.get(key) for key in keys]

    return load
