"""What subjects have of budgets, one statement for all budgets that are asked about."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from graph.context import Snapshot
from metering.budgets.counters import CounterKey
from models.budget import BudgetUse


@dataclass(frozen=True, slots=True)
class BudgetWindowKey:
    """One window of a budget, and how many subjects of it are wanted."""

    account_id: UUID
    budget_id: UUID
    window_start: datetime
    first: int


def use_by_counter(
    snapshot: Snapshot,
) -> Callable[[list[CounterKey]], Awaitable[list[BudgetUse | None]]]:
    """Load counters; None where a subject has nothing of a budget in the window."""

    async def load(keys: list[CounterKey]) -> list[BudgetUse | None]:
        statement = select(BudgetUse).where(
            BudgetUse.account_id.in_({key.account_id for key in keys}),
            BudgetUse.budget_id.in_({key.budget_id for key in keys}),
            BudgetUse.subject.in_({key.subject for key in keys}),
            BudgetUse.window_start.in_({key.window_start for key in keys}),
        )
        found = {
            CounterKey(row.account_id, row.budget_id, row.subject, row.window_start): row
            for row in await snapshot.scalars(statement)
        }
        return [found.get(key) for key in keys]

    return load


def uses_by_budget_window(
    snapshot: Snapshot,
) -> Callable[[list[BudgetWindowKey]], Awaitable[list[list[BudgetUse]]]]:
    """Load the counters of those who used most, then hold most, of each budget in its window."""

    async def load(keys: list[BudgetWindowKey]) -> list[list[BudgetUse]]:
        window = (BudgetUse.account_id, BudgetUse.budget_id, BudgetUse.window_start)
        most = (BudgetUse.used.desc(), BudgetUse.held.desc(), BudgetUse.subject)
        position = func.row_number().over(partition_by=window, order_by=most).label("position")
        ranked = (
            select(BudgetUse, position)
            .where(
                BudgetUse.account_id.in_({key.account_id for key in keys}),
                BudgetUse.budget_id.in_({key.budget_id for key in keys}),
                BudgetUse.window_start.in_({key.window_start for key in keys}),
            )
            .subquery()
        )
        use = aliased(BudgetUse, ranked)
        in_order = select(use).where(ranked.c.position <= max(key.first for key in keys))
        found: dict[tuple[UUID, UUID, datetime], list[BudgetUse]] = defaultdict(list)
        for row in await snapshot.scalars(in_order.order_by(ranked.c.position)):
            found[row.account_id, row.budget_id, row.window_start].append(row)
        return [found[key.account_id, key.budget_id, key.window_start][: key.first] for key in keys]

    return load
