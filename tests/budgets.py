"""Budgets of a tenant, in one line each."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from metering.budgets.setting import SetBudget, remove_budget, set_budget
from models.budget import Budget, BudgetAction, BudgetScope, BudgetUse, BudgetWindow
from models.event import Event, EventType
from models.writer import Command
from pricing.credits import Credits
from tests.tenant import Tenant


async def limit(tenant: Tenant, scope: str, window: str, amount: str | Credits, **fields: Any) -> Budget:
    """Set a budget, or raise the refusal: `await limit(tenant, "USER", "DAY", "100")`."""
    allowed = amount if isinstance(amount, Credits) else Credits.parse(amount)
    if "action" in fields:
        fields["action"] = BudgetAction(fields["action"])
    item = SetBudget(tenant.account_id, BudgetScope(scope), BudgetWindow(window), allowed, **fields)
    return await tenant.database.write(Command(tenant.account_id, partial(set_budget, item=item)))


async def unlimit(tenant: Tenant, budget_id: UUID) -> Budget:
    """Remove a budget, or raise the refusal."""
    verb = partial(remove_budget, account_id=tenant.account_id, budget_id=budget_id)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def figures(tenant: Tenant, budget: Budget) -> dict[str, tuple[str, str, int]]:
    """Give used, held and the highest threshold told by subject and start of the window, where any is not 0."""
    statement = (
        select(BudgetUse)
        .where(BudgetUse.account_id == tenant.account_id, BudgetUse.budget_id == budget.id)
        .order_by(BudgetUse.window_start, BudgetUse.subject)
    )
    async with tenant.database.read() as session:
        rows = (await session.scalars(statement)).all()
    return {
        f"{row.subject}@{row.window_start:%m-%dT%H:%M}": (str(row.used), str(row.held), row.alerted)
        for row in rows
        if row.used or row.held or row.alerted
    }


async def told(tenant: Tenant) -> list[tuple[object, ...]]:
    """Give subject, threshold and what was used of each budget.threshold_reached event, in order."""
    statement = (
        select(Event)
        .where(Event.account_id == tenant.account_id, Event.type == EventType.BUDGET_THRESHOLD_REACHED)
        .order_by(Event.id)
    )
    async with tenant.database.read() as session:
        events = (await session.scalars(statement)).all()
    return [(event.data["subject"], event.data["threshold"], event.data["used"]) for event in events]
