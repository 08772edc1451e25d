"""The budgets in force of accounts, as values that a process keeps until they change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.budgets.rules import Thresholds, amounts_of, subjects_of
from metering.windows import window_of
from models.base import table_of
from models.budget import Budget, BudgetAction, BudgetScope, BudgetWindow
from models.workflow import Workflow
from pricing.credits import Credits

_Kept = dict[UUID, tuple[int, "BudgetsOfAccount"]]


@dataclass(frozen=True, slots=True)
class InForce:
    """A budget as a batch looks at it, with what its row would tell more slowly.

    It counts since the beginning of the window in which it was made. A budget of single runs counts nothing
    by itself: `since` is None.
    """

    budget: Budget
    position: int
    since: datetime | None
    limit: Credits
    blocks: bool
    thresholds: Thresholds

    @classmethod
    def of(cls, budget: Budget, position: int = 0) -> "InForce":
        """Work out since when a budget counts, and at which credits its thresholds are reached."""
        return cls(
            budget=budget,
            position=position,
            since=counts_since(budget),
            limit=budget.limit,
            blocks=budget.action is BudgetAction.BLOCK,
            thresholds=amounts_of(budget),
        )


@dataclass(frozen=True, slots=True)
class BudgetsOfAccount:
    """An account's budgets in force, by whose spending they limit; a subject of None is each by itself."""

    by_whose: Mapping[tuple[BudgetScope, str | None], tuple[InForce, ...]]

    @classmethod
    def of(cls, budgets: Iterable[Budget]) -> "BudgetsOfAccount":
        """Sort budgets, the oldest first, by whose they are."""
        by_whose: dict[tuple[BudgetScope, str | None], list[InForce]] = defaultdict(list)
        for position, budget in enumerate(budgets):
            by_whose[budget.scope, budget.subject].append(InForce.of(budget, position))
        return cls({whose: tuple(each) for whose, each in by_whose.items()})

    def touching(self, workflow: Workflow) -> list[tuple[InForce, str]]:
        """Give the budgets that touch a run, the oldest first, each with the subject that it counts."""
        touching = [
            (each, subject)
            for scope, subject in subjects_of(workflow).items()
            if subject is not None
            for named in (None, subject)
            for each in self.by_whose.get((scope, named), ())
        ]
        return sorted(touching, key=lambda pair: pair[0].position)


def counts_since(budget: Budget) -> datetime | None:
    """Say since when a budget counts; None for a budget of single runs, which has no windows."""
    if budget.window is BudgetWindow.REQUEST:
        return None
    return window_of(budget.window, budget.time_zone, budget.created_at).start


def budgets_in_force(session: Session, versions: Mapping[UUID, int]) -> dict[UUID, BudgetsOfAccount]:
    """Give the budgets of accounts that have some, by the `budgets_version` of each.

    They are read again only where an account's budgets have changed, in one statement for all such accounts.
    An account that never had any has the version 0 and need not be named.
    """
    if not versions:
        return {}
    kept = _kept(session)
    # Looked up once: a reader of an older moment may keep older ones meanwhile.
    known = {account_id: kept.get(account_id, _NEVER) for account_id in versions}
    changed = {key: version for key, version in versions.items() if known[key][0] != version}
    if changed:
        read = _read(session, changed)
        fresh = {account_id: (version, read[account_id]) for account_id, version in changed.items()}
        kept.update(fresh)
        known.update(fresh)
    return {account_id: budgets for account_id, (_, budgets) in known.items() if budgets.by_whose}


def _kept(session: Session) -> _Kept:
    kept: _Kept = session.info.setdefault("store", {}).setdefault("budgets", {})
    return kept


def _read(session: Session, account_ids: Mapping[UUID, int]) -> dict[UUID, BudgetsOfAccount]:
    found: dict[UUID, list[Budget]] = {account_id: [] for account_id in account_ids}
    statement = (
        select(_TABLE)
        .where(_TABLE.c.account_id.in_(account_ids), _TABLE.c.removed_at.is_(None))
        .order_by(_TABLE.c.id)
    )
    for row in session.execute(statement):
        # Rows of no session: they outlive the transaction that read them, and nothing writes them.
        budget = Budget(**{key: row._mapping[column] for key, column in _COLUMNS})  # noqa: SLF001 - public, by its documentation
        found[budget.account_id].append(budget)
    return {account_id: BudgetsOfAccount.of(budgets) for account_id, budgets in found.items()}


_TABLE = table_of(Budget)
_COLUMNS = [(attribute.key, attribute.columns[0]) for attribute in Budget.__mapper__.column_attrs]
_NEVER = (0, BudgetsOfAccount({}))
