"""What subjects have of budgets, one statement for all budgets that are asked about."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from graph.context import AnySelect, Snapshot
from metering.budgets.counters import CounterKey
from models.base import table_of
from models.budget import BudgetUse
from models.reading import PreparedRows, any_of


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
        rows = await snapshot.read(_OF_SUBJECTS, subjects={key.subject for key in keys}, **_windows(keys))
        found = {
            CounterKey(row.account_id, row.budget_id, row.subject, row.window_start): row for row in rows
        }
        return [found.get(key) for key in keys]

    return load


def uses_by_budget_window(
    snapshot: Snapshot,
) -> Callable[[list[BudgetWindowKey]], Awaitable[list[list[BudgetUse]]]]:
    """Load the counters of those who used most, then hold most, of each budget in its window."""

    async def load(keys: list[BudgetWindowKey]) -> list[list[BudgetUse]]:
        rows = await snapshot.read(_MOST_USED, first=max(key.first for key in keys), **_windows(keys))
        found: dict[tuple[UUID, UUID, datetime], list[BudgetUse]] = defaultdict(list)
        for row in rows:
            found[row.account_id, row.budget_id, row.window_start].append(row)
        return [found[key.account_id, key.budget_id, key.window_start][: key.first] for key in keys]

    return load


def _windows(keys: Sequence[CounterKey] | Sequence[BudgetWindowKey]) -> dict[str, set[Any]]:
    return {
        "accounts": {key.account_id for key in keys},
        "budgets": {key.budget_id for key in keys},
        "starts": {key.window_start for key in keys},
    }


def _most_used() -> AnySelect:
    window = (_USE.c.account_id, _USE.c.budget_id, _USE.c.window_start)
    most = (_USE.c.used.desc(), _USE.c.held.desc(), _USE.c.subject)
    position = func.row_number().over(partition_by=window, order_by=most).label("position")
    ranked = select(*_USE.columns, position).where(*_IN_WINDOWS).subquery()
    columns = [ranked.c[column.name] for column in _USE.columns]
    is_first = ranked.c.position <= bindparam("first")
    return select(*columns).where(is_first).order_by(ranked.c.position)


_USE = table_of(BudgetUse)
_IN_WINDOWS = (
    _USE.c.account_id.in_(any_of("accounts")),
    _USE.c.budget_id.in_(any_of("budgets")),
    _USE.c.window_start.in_(any_of("starts")),
)
_OF_SUBJECTS = PreparedRows(
    BudgetUse, select(*_USE.columns).where(*_IN_WINDOWS, _USE.c.subject.in_(any_of("subjects")))
)
_MOST_USED = PreparedRows(BudgetUse, _most_used())
