"""Set and remove budgets."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.orm import Session

from metering.api_keys import is_live
from metering.audit_log import log_act
from metering.budgets.recount import recounted
from metering.budgets.rules import amount_at, amounts_of, reached
from metering.errors import AgentNotFound, ApiKeyNotFound, BudgetNotFound, InvalidBudget
from metering.ledger import locked_account
from metering.windows import UnknownZone, require_zone
from models.account import Account
from models.agent import Agent
from models.api_key import ApiKey
from models.audit_entry import AuditAct
from models.base import table_of
from models.budget import Budget, BudgetAction, BudgetScope, BudgetUse, BudgetWindow
from models.identity import IdKind, InvalidId, new_id, parse_id
from models.plans import any_plan
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS

MOST_BUDGETS = 200
"""How many budgets an account may have in force."""
MOST_THRESHOLDS = 10
HIGHEST_THRESHOLD = 1_000


@dataclass(frozen=True, slots=True)
class SetBudget:
    """A limit to be set. `subject` names the one key, agent, user or workflow name that it is for.

    None is each of them by itself.
    """

    account_id: UUID
    scope: BudgetScope
    window: BudgetWindow
    limit: Credits
    subject: str | None = None
    name: str | None = None
    time_zone: str = "UTC"
    action: BudgetAction = BudgetAction.BLOCK
    thresholds: tuple[int, ...] = (80, 100)


def set_budget(session: Session, *, item: SetBudget, now: datetime) -> Budget:
    """Set a limit in place of the one in force of the same scope, subject, window and action.

    What was used of that goes on counting; in another time zone the windows are others, so that a new budget
    takes its place. A new budget counts what was used and is held in its present window. Thresholds that are
    reached already are not told.

    Raises AccountNotFound, InvalidBudget, and ApiKeyNotFound or AgentNotFound for the subject.
    """
    account = locked_account(session, item.account_id)
    _require_valid(item)
    _require_subject(session, item, now)
    budget = _in_force(session, item)
    if budget is not None and budget.time_zone == item.time_zone:
        _change(session, budget, item, now)
    else:
        if budget is not None:
            budget.removed_at = now
        _require_few(session, item.account_id)
        budget = _add(session, item, now)
    _budgets_changed(account)
    session.flush()
    _log(session, AuditAct.SET_BUDGET, budget, now)
    return budget


def remove_budget(session: Session, *, account_id: UUID, budget_id: UUID, now: datetime) -> Budget:
    """Take a budget out of force. Removing it twice answers the same.

    Raises AccountNotFound, BudgetNotFound.
    """
    account = locked_account(session, account_id)
    budget = session.get(Budget, (account_id, budget_id))
    if budget is None:
        raise BudgetNotFound
    if budget.removed_at is None:
        budget.removed_at = now
        _budgets_changed(account)
        _log(session, AuditAct.REMOVE_BUDGET, budget, now)
    session.flush()
    return budget


def _log(session: Session, act: AuditAct, budget: Budget, now: datetime) -> None:
    log_act(
        session,
        act,
        account_id=budget.account_id,
        subject=(IdKind.BUDGET, budget.id),
        details={
            "scope": budget.scope,
            "subject": budget.subject,
            "window": budget.window,
            "timeZone": budget.time_zone,
            "limit": str(budget.limit),
            "action": budget.action,
            "thresholds": list(budget.thresholds),
        },
        now=now,
    )


def _require_valid(item: SetBudget) -> None:
    if item.scope is BudgetScope.ACCOUNT and item.subject is not None:
        raise InvalidBudget("subject", "A budget of the account is for all of it: leave the subject out.")
    if not 0 <= item.limit.micros < LIMIT_MICROS:
        raise InvalidBudget("limit", "The limit is 0 or more, with at most 12 digits before the point.")
    _require_thresholds(item)
    try:
        require_zone(item.time_zone)
    except UnknownZone as error:
        raise InvalidBudget("timeZone", str(error)) from error


def _require_thresholds(item: SetBudget) -> None:
    rising = all(one < other for one, other in zip(item.thresholds, item.thresholds[1:], strict=False))
    within = all(1 <= percent <= HIGHEST_THRESHOLD for percent in item.thresholds)
    if len(item.thresholds) > MOST_THRESHOLDS or not rising or not within:
        raise InvalidBudget(
            "thresholds",
            f"At most {MOST_THRESHOLDS} rising percentages from 1 to {HIGHEST_THRESHOLD} are possible.",
        )
    if item.action is BudgetAction.ALERT and not item.thresholds:
        raise InvalidBudget("thresholds", "A budget that only alerts needs a threshold.")


def _require_subject(session: Session, item: SetBudget, now: datetime) -> None:
    if item.subject is None:
        return
    if item.scope is BudgetScope.API_KEY:
        key_id = _read_id(item.subject, IdKind.API_KEY)
        key = session.get(ApiKey, key_id)
        if key is None or key.account_id != item.account_id or not is_live(key, now):
            raise ApiKeyNotFound
    elif item.scope is BudgetScope.AGENT:
        agent = session.get(Agent, (item.account_id, _read_id(item.subject, IdKind.AGENT)))
        if agent is None or agent.archived_at is not None:
            raise AgentNotFound


def _read_id(subject: str, kind: IdKind) -> UUID:
    try:
        return parse_id(subject, kind)
    except InvalidId as error:
        raise InvalidBudget("subject", str(error)) from error


def _in_force(session: Session, item: SetBudget) -> Budget | None:
    same_subject = Budget.subject.is_(None) if item.subject is None else Budget.subject == item.subject
    return session.scalar(
        select(Budget).where(
            Budget.account_id == item.account_id,
            Budget.removed_at.is_(None),
            Budget.scope == item.scope,
            Budget.window == item.window,
            Budget.action == item.action,
            same_subject,
        )
    )


def _require_few(session: Session, account_id: UUID) -> None:
    session.flush()  # the one that is replaced does not count
    count = select(func.count()).where(Budget.account_id == account_id, Budget.removed_at.is_(None))
    if (session.scalar(count) or 0) >= MOST_BUDGETS:
        raise InvalidBudget("scope", f"The account has {MOST_BUDGETS} budgets in force; remove one first.")


def _add(session: Session, item: SetBudget, now: datetime) -> Budget:
    budget = Budget(
        account_id=item.account_id,
        id=new_id(),
        name=item.name,
        scope=item.scope,
        subject=item.subject,
        window=item.window,
        time_zone=item.time_zone,
        limit=item.limit,
        action=item.action,
        thresholds=item.thresholds,
        created_at=now,
        updated_at=now,
        removed_at=None,
    )
    session.add(budget)
    session.flush()
    with any_plan(session):
        counters = recounted(session, budget)
    rows = [
        {
            **key._asdict(),
            "used": counter.used,
            "held": counter.held,
            "alerted": max(reached(amounts_of(budget), counter.used, above=0), default=0),
        }
        for key, counter in counters.items()
    ]
    if rows:
        session.execute(insert(table_of(BudgetUse)), rows)
    return budget


def _change(session: Session, budget: Budget, item: SetBudget, now: datetime) -> None:
    budget.name, budget.limit, budget.thresholds, budget.updated_at = (
        item.name,
        item.limit,
        item.thresholds,
        now,
    )
    # The highest first: the first that is reached is the one that counts as told.
    told = [(BudgetUse.used >= amount_at(item.limit, percent), percent) for percent in item.thresholds[::-1]]
    session.execute(
        update(BudgetUse)
        .where(BudgetUse.account_id == budget.account_id, BudgetUse.budget_id == budget.id)
        .values(alerted=case(*told, else_=0) if told else 0)
        .execution_options(synchronize_session=False)
    )


def _budgets_changed(account: Account) -> None:
    # Not by one: a version that was rolled back must not come again for other budgets, since processes keep
    # budgets by their version.
    account.budgets_version += 1 + secrets.randbelow(_LONGEST_STEP)


_LONGEST_STEP = 2**31
