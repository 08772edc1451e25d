"""What budgets count, worked out anew from usages and open holds: for a new budget, and for the audit."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    extract,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import InstrumentedAttribute, Session

from metering.budgets.counters import Counter, CounterKey
from metering.budgets.in_force import counts_since
from metering.windows import EPOCH, Window, window_of
from models.base import BigInt
from models.budget import Budget, BudgetScope, BudgetUse, BudgetWindow
from models.hold import Hold, HoldLine, HoldPart, HoldStatus
from models.identity import IdKind, format_id, parse_id
from models.service_usage import ServiceUsage
from models.sums import wide_total
from models.workflow import Workflow
from pricing.credits import Credits

_Sums = Select[Any, int, int]
"""Credits by who used or holds them, and by minutes since 1970."""


@dataclass(frozen=True, slots=True)
class WrongCounter:
    """A counter that is not what usages and open holds add up to; `figure` is `used` or `held`."""

    key: CounterKey
    figure: str
    recorded: Credits
    recomputed: Credits


def wrong_counters(session: Session, *, account_id: UUID | None = None) -> Iterator[WrongCounter]:
    """Compare the counters of all budgets in force, of one account or of all, with what they should be."""
    budgets = select(Budget).where(Budget.removed_at.is_(None), Budget.window != BudgetWindow.REQUEST)
    if account_id is not None:
        budgets = budgets.where(Budget.account_id == account_id)
    for budget in session.scalars(budgets.order_by(Budget.account_id, Budget.id)).all():
        recorded, recomputed = _recorded(session, budget), recounted(session, budget)
        for key in sorted(recorded.keys() | recomputed.keys()):
            was, is_ = recorded.get(key, _NOTHING), recomputed.get(key, _NOTHING)
            if was.used != is_.used:
                yield WrongCounter(key, "used", was.used, is_.used)
            if was.held != is_.held:
                yield WrongCounter(key, "held", was.held, is_.held)


def recounted(session: Session, budget: Budget) -> dict[CounterKey, Counter]:
    """Work out a budget's counters from what is stored, thresholds apart.

    Usages that are not voided count in the window of their use, what open holds still hold in the window in
    which its line was held; windows before the one in which the budget was made do not count. A budget of
    single runs has no counters.
    """
    since = counts_since(budget)
    if since is None:
        return {}
    counters: dict[CounterKey, Counter] = defaultdict(Counter)
    for key, used in _in_windows(session, budget, _used(session, budget, since)):
        counters[key].used += used
    for key, held in _in_windows(session, budget, _held(session, budget, since)):
        counters[key].held += held
    return dict(counters)


def _recorded(session: Session, budget: Budget) -> dict[CounterKey, Counter]:
    rows = session.scalars(
        select(BudgetUse).where(BudgetUse.account_id == budget.account_id, BudgetUse.budget_id == budget.id)
    )
    return {
        CounterKey(row.account_id, row.budget_id, row.subject, row.window_start): Counter(row.used, row.held)
        for row in rows
    }


def _used(session: Session, budget: Budget, since: datetime) -> _Sums:
    at = _minute(session, budget, ServiceUsage.used_at)
    its_run = and_(Workflow.account_id == ServiceUsage.account_id, Workflow.id == ServiceUsage.workflow_id)
    return (
        select(_who(budget), at, wide_total(ServiceUsage.credits))
        .select_from(ServiceUsage)
        .join(Workflow, its_run)
        .where(
            ServiceUsage.account_id == budget.account_id,
            ServiceUsage.used_at >= since,
            ServiceUsage.voided_at.is_(None),
            *_of_subject(budget),
        )
        .group_by("who", "at")
    )


def _held(session: Session, budget: Budget, since: datetime) -> _Sums:
    at = _minute(session, budget, HoldLine.held_at)
    its_hold = and_(Hold.account_id == HoldPart.account_id, Hold.id == HoldPart.hold_id)
    its_line = and_(
        HoldLine.account_id == HoldPart.account_id,
        HoldLine.hold_id == HoldPart.hold_id,
        HoldLine.line == HoldPart.line,
    )
    its_run = and_(Workflow.account_id == Hold.account_id, Workflow.id == Hold.workflow_id)
    return (
        select(_who(budget), at, wide_total(HoldPart.remaining))
        .select_from(HoldPart)
        .join(Hold, its_hold)
        .join(HoldLine, its_line)
        .join(Workflow, its_run)
        .where(
            HoldPart.account_id == budget.account_id,
            Hold.status == HoldStatus.OPEN,
            HoldLine.held_at >= since,
            *_of_subject(budget),
        )
        .group_by("who", "at")
    )


def _in_windows(session: Session, budget: Budget, sums: _Sums) -> Iterator[tuple[CounterKey, Credits]]:
    window = Window(EPOCH, EPOCH)
    for who, minute, micros in session.execute(sums):
        at = EPOCH + timedelta(minutes=minute)
        if at not in window:
            window = window_of(budget.window, budget.time_zone, at)
        subject = format_id(_IDS[budget.scope], who) if isinstance(who, UUID) else str(who)
        yield CounterKey(budget.account_id, budget.id, subject, window.start), Credits(micros)


def _who(budget: Budget) -> ColumnElement[Any]:
    column = _SUBJECTS.get(budget.scope)
    return (literal("") if column is None else column).label("who")


def _of_subject(budget: Budget) -> list[ColumnElement[bool]]:
    column = _SUBJECTS.get(budget.scope)
    if column is None:
        return []
    if budget.subject is None:
        return [column.is_not(None)]
    kind = _IDS.get(budget.scope)
    return [column == (budget.subject if kind is None else parse_id(budget.subject, kind))]


def _minute(session: Session, budget: Budget, at: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    """Name the minute since 1970 that a moment lies in: no window begins within one."""
    if budget.window is BudgetWindow.LIFETIME:
        return literal(0).label("at")
    if session.get_bind().dialect.name == "sqlite":
        minute = type_coerce(at, BigInt()) / literal_column("60000000")
    else:
        minute = func.floor(extract("epoch", at) / literal_column("60"))
    return sql_cast(minute, BigInt()).label("at")


_NOTHING = Counter()
_SUBJECTS: dict[BudgetScope, InstrumentedAttribute[Any]] = {
    BudgetScope.API_KEY: Workflow.api_key_id,
    BudgetScope.AGENT: Workflow.agent_id,
    BudgetScope.USER: Workflow.user_id,
    BudgetScope.WORKFLOW_NAME: Workflow.workflow_name,
}
_IDS = {BudgetScope.API_KEY: IdKind.API_KEY, BudgetScope.AGENT: IdKind.AGENT}
