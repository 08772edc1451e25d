"""What forecasts rest on: a statement for all subjects of a scope and time zone, one for budgets of keys."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from graph.context import Snapshot
from metering.forecasting import DailyTotals, LastDays, Subject, daily_totals, last_days, owner_of
from models.base import table_of
from models.budget import Budget, BudgetScope, BudgetWindow
from models.reading import PreparedRows, any_of
from pricing.credits import Credits

_Days = dict[int, Credits]


@dataclass(frozen=True, slots=True)
class SpendingKey:
    """One subject, and the time zone whose days are looked at."""

    account_id: UUID
    scope: BudgetScope
    subject: Subject
    time_zone: str


def daily_totals_by_subject(
    snapshot: Snapshot,
) -> Callable[[list[SpendingKey]], Awaitable[list[DailyTotals]]]:
    """Load what subjects spent on each of the last days, all up to the same moment."""

    async def load(keys: list[SpendingKey]) -> list[DailyTotals]:
        now = snapshot.now()
        groups: dict[tuple[BudgetScope, str], list[SpendingKey]] = defaultdict(list)
        for key in keys:
            groups[key.scope, key.time_zone].append(key)
        found: dict[SpendingKey, DailyTotals] = {}
        for (scope, time_zone), group in groups.items():
            days = last_days(time_zone, now)
            spent: dict[tuple[UUID, Subject], _Days] = defaultdict(dict)
            subjects = [(key.account_id, key.subject) for key in group]
            for owner_id, subject, day, micros in await snapshot.ask(
                daily_totals(scope, days, subjects).rows
            ):
                spent[owner_id, subject][day] = Credits(micros)
            for key in group:
                owner_id = owner_of(scope, key.account_id, key.subject)
                found[key] = _whole(days, spent[owner_id, key.subject])
        return [found[key] for key in keys]

    return load


def key_budgets_by_account(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[list[Budget]]]]:
    """Load the budgets in force of API keys, of single runs apart."""

    async def load(keys: list[UUID]) -> list[list[Budget]]:
        found: dict[UUID, list[Budget]] = defaultdict(list)
        for budget in await snapshot.read(_OF_KEYS, accounts=keys):
            found[budget.account_id].append(budget)
        return [found[key] for key in keys]

    return load


def _whole(days: LastDays, spent: _Days) -> DailyTotals:
    numbers = range(len(days.edges) - 1)
    return DailyTotals(days, tuple(spent.get(number, Credits.ZERO) for number in numbers))


_OF_KEYS = PreparedRows(
    Budget,
    select(*table_of(Budget).columns).where(
        Budget.account_id.in_(any_of("accounts")),
        Budget.scope == BudgetScope.API_KEY,
        Budget.window != BudgetWindow.REQUEST,
        Budget.removed_at.is_(None),
    ),
)
