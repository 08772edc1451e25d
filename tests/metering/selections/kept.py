"""What is kept of selections and holds, told in a line of text."""

from sqlalchemy import select

from metering.prices import price_book
from metering.selections import KeptSelection, read_selection
from models.hold import Hold, HoldLine
from models.selection import WorkflowSelection
from models.workflow import Workflow
from pricing.selection import Selection
from tests.tenant import Tenant


def served(selection: Selection) -> str:
    """Say who serves, for how many credits."""
    return ", ".join(f"{line.provider} {line.credits}" for line in selection.lines)


async def stored(tenant: Tenant, run: Workflow) -> list[KeptSelection]:
    """Read what a run's selections say, the oldest first."""
    of_run = (
        select(WorkflowSelection)
        .where(WorkflowSelection.account_id == tenant.account_id, WorkflowSelection.workflow_id == run.id)
        .order_by(WorkflowSelection.id)
    )
    async with tenant.database.read() as session:
        rows = (await session.scalars(of_run)).all()
        cards = await session.run_sync(price_book)
    return [KeptSelection(row, read_selection(row.record, cards)) for row in rows]


async def lines(tenant: Tenant, hold: Hold) -> str:
    """Say whom a hold is for, and for how many credits."""
    of_hold = select(HoldLine).where(HoldLine.hold_id == hold.id).order_by(HoldLine.line)
    async with tenant.database.read() as session:
        return ", ".join(f"{line.provider} {line.credits}" for line in await session.scalars(of_hold))
