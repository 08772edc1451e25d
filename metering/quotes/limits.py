"""What stands in a plan's way: its configuration's limit, the account's credits, and budgets that block.

The same books and the same rules that permit a hold are asked, at the moment of the question: a plan with
nothing in its way can be held at once, and one that credits or budgets stop is refused with these figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from metering.budgets.rules import worded
from metering.errors import AmountTooLarge, BudgetExceeded, CreditsExhausted
from metering.ledger import foreseen_books
from metering.plans import InvalidPlan, Plan
from metering.quotes.quoting import PlanQuote, quote_plan
from metering.windows import window_of
from models.agent import Agent
from models.budget import Budget, BudgetWindow
from models.identity import new_id
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.selection import OverLimit


class ObstacleKind(StrEnum):
    """What would refuse a plan."""

    CONFIGURATION_LIMIT = "CONFIGURATION_LIMIT"
    BALANCE = "BALANCE"
    BUDGET = "BUDGET"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A limit that leaves less than the plan needs; the message says what would help.

    `budget` is the budget where one is in the way.
    """

    kind: ObstacleKind
    needed: Credits
    left: Credits
    message: str
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """The run that a plan is for, as far as budgets and restricted grants care; its agent is the plan's."""

    api_key_id: UUID
    workflow_name: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class LimitedQuote:
    """A quote, and all that stands in its way."""

    quote: PlanQuote
    obstacles: tuple[Obstacle, ...]


def quote_within_limits(session: Session, *, plan: Plan, run: PlannedRun, now: datetime) -> LimitedQuote:
    """Quote a plan, and look at every limit that its run would meet at this moment; nothing is set aside.

    Without an account there is only the configuration's limit. It raises as `quote_plan` does.
    """
    quote = quote_plan(session, plan=plan, now=now)
    obstacles = [] if quote.over_limit is None else [_over_limit(quote.over_limit)]
    if plan.account_id is not None:
        draft = _draft(plan.account_id, quote.agent, run)
        obstacles.extend(_obstacles(session, draft, quote.total, now))
    return LimitedQuote(quote, tuple(obstacles))


def _obstacles(session: Session, run: Workflow, needed: Credits, now: datetime) -> Iterator[Obstacle]:
    with foreseen_books(session, run.account_id, now=now) as books:
        books.budgets.load([(run, now)])
        try:
            books.require_room(run.account_id, needed)
            books.require_credits(run, needed)
        except AmountTooLarge as error:
            raise InvalidPlan("services", str(error)) from error
        except CreditsExhausted as refusal:
            yield _too_little(refusal)
        for exceeded in books.budgets.exceeded(run, needed, run_held=Credits.ZERO):
            yield _beyond_budget(exceeded, now)


def _draft(account_id: UUID, agent: Agent | None, run: PlannedRun) -> Workflow:
    # A name that is not said matches no budget and no reserve.
    return Workflow(
        account_id=account_id,
        id=new_id(),
        workflow_name=run.workflow_name,
        business_adapter=agent.business_adapter if agent else None,
        user_id=run.user_id,
        agent_id=agent.id if agent else None,
        api_key_id=run.api_key_id,
        ancestor_ids=(),
        total_credits=Credits.ZERO,
    )


def _over_limit(over: OverLimit) -> Obstacle:
    return Obstacle(ObstacleKind.CONFIGURATION_LIMIT, over.estimate, over.limit, str(over))


def _too_little(refusal: CreditsExhausted) -> Obstacle:
    needed, left = refusal.needed, refusal.available
    message = (
        f"{needed} credits are needed and {left} are available, the credit line included: plan for less, or "
        f"have {needed - left} credits granted."
    )
    return Obstacle(ObstacleKind.BALANCE, needed, left, message)


def _beyond_budget(refusal: BudgetExceeded, now: datetime) -> Obstacle:
    needed, left = refusal.needed, refusal.left
    message = (
        f"{worded(refusal.budget, refusal.subject or '')}: {refusal.used} used, {refusal.held} held, {left} "
        f"left, and {needed} are needed: plan for less, {_wait(refusal, now)}or raise the limit to "
        f"{refusal.used + refusal.held + needed}."
    )
    return Obstacle(ObstacleKind.BUDGET, needed, left, message, refusal.budget)


def _wait(refusal: BudgetExceeded, now: datetime) -> str:
    budget = refusal.budget
    if budget.window is BudgetWindow.REQUEST or refusal.needed > refusal.limit:
        return ""
    end = window_of(budget.window, budget.time_zone, now).end
    return "" if end is None else f"wait until {end.isoformat()}, "
