"""The budgets in force of accounts, as values that a process keeps until they change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.budgets.windows import window_of
from models.account import Account
from models.base import table_of
from models.budget import Budget, BudgetWindow

_Kept = dict[UUID, tuple[int, tuple["InForce", ...]]]


@dataclass(frozen=True, slots=True)
class InForce:
    """A budget and since when it counts: from the beginning of the window in which it was made.

    A budget of single runs counts nothing by itself: `since` is None.
    """

    budget: Budget
    since: datetime | None

    @classmethod
    def of(cls, budget: Budget) -> "InForce":
        """Work out since when a budget counts."""
        if budget.window is BudgetWindow.REQUEST:
            return cls(budget, None)
        return cls(budget, window_of(budget.window, budget.time_zone, budget.created_at).start)


def budgets_in_force(session: Session, accounts: Mapping[UUID, Account]) -> dict[UUID, tuple[InForce, ...]]:
    """Give the budgets of locked accounts, oldest first.

    They are read again only where an account's budgets have changed, in one statement for all such accounts.
    An account that never had any has the version 0 and costs nothing.
    """
    kept = _kept(session)
    changed = {
        account_id: account.budgets_version
        for account_id, account in accounts.items()
        if account.budgets_version and kept.get(account_id, _NONE)[0] != account.budgets_version
    }
    if changed:
        read = _read(session, changed)
        kept.update({account_id: (version, read[account_id]) for account_id, version in changed.items()})
    return {
        account_id: kept[account_id][1] for account_id, account in accounts.items() if account.budgets_version
    }


def _kept(session: Session) -> _Kept:
    kept: _Kept = session.info.setdefault("store", {}).setdefault("budgets", {})
    return kept


def _read(session: Session, account_ids: Mapping[UUID, int]) -> dict[UUID, tuple[InForce, ...]]:
    found: dict[UUID, list[InForce]] = {account_id: [] for account_id in account_ids}
    statement = (
        select(_TABLE)
        .where(_TABLE.c.account_id.in_(account_ids), _TABLE.c.removed_at.is_(None))
        .order_by(_TABLE.c.id)
    )
    for row in session.execute(statement):
        # Rows of no session: they outlive the transaction that read them, and nothing writes them.
        budget = Budget(**{key: row._mapping[column] for key, column in _COLUMNS})  # noqa: SLF001 - public, by its documentation
        found[budget.account_id].append(InForce.of(budget))
    return {account_id: tuple(budgets) for account_id, budgets in found.items()}


_TABLE = table_of(Budget)
_COLUMNS = [(attribute.key, attribute.columns[0]) for attribute in Budget.__mapper__.column_attrs]
_NONE: tuple[int, tuple[InForce, ...]] = (0, ())
