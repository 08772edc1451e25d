"""Hold credits for runs, many at once: race-free, since the accounts are locked before they are read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.agents import agents_by_id
from metering.credits.hold_making import make_hold, permit
from metering.credits.hold_plans import HoldPlan, Planner, open_planner
from metering.errors import HoldClosed, HoldNotFound, Refusal
from metering.idempotency import Claims, claim, fingerprint
from metering.ledger import Postings, grants_beside, open_postings
from metering.plans import InvalidPlan
from metering.prices import newest_card_beside, price_book
from metering.selections import KeptSelection, chooser_of, open_chooser
from metering.selections.first_answers import remembered, replayed_selections, selection_id_of
from metering.workflows import OwnedId, running, workflows_beside, workflows_by_id
from models.hold import Hold
from models.workflow import Workflow

DEFAULT_EXPIRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HoldCredits:
    """Credits to be set aside for a run."""

    account_id: UUID
    workflow_id: UUID
    plan: HoldPlan
    idempotency_key: str
    expires_in: timedelta = DEFAULT_EXPIRY

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint("hold_credits", self.workflow_id, self.plan.content, self.expires_in // _SECOND)


@dataclass(frozen=True, slots=True)
class CreditsHold:
    """A hold, with what was selected for the run as it was made.

    `replayed` where an earlier request with the same key made it.
    """

    hold: Hold
    selection: KeptSelection | None
    replayed: bool


def hold_credits(
    session: Session, items: Sequence[HoldCredits], *, now: datetime
) -> list[CreditsHold | Exception]:
    """Set credits aside: holds and spending together never exceed what is available and the credit line.

    A child run's hold is taken from its ancestors' holds first. Refusals: WorkflowNotFound,
    WorkflowAlreadyEnded, CreditsExhausted, BudgetExceeded, RateUnknown, NoRateCardInForce, NothingToHold,
    AmountTooLarge, IdempotencyConflict; by a quote QuoteNotFound, QuoteTaken, QuoteExpired; by a selection
    ServiceDisabled, ProviderUnnamed, NothingServes, PlanOverLimit, AgentNotFound, InvalidAgent, and
    InvalidPlan for a plan that nobody chooses for.
    """
    accounts = {item.account_id for item in items}
    wanted = {(item.account_id, item.workflow_id) for item in items}
    beside = [
        grants_beside(session, accounts),
        newest_card_beside(session),
        workflows_beside(session, wanted),
    ]
    claims = claim(session, items, now=now, beside=beside)
    postings = open_postings(session, accounts, now=now)
    runs = workflows_by_id(session, wanted)
    batch = _Batch(postings, claims, runs, _planner(session, items, runs, now=now))
    postings.load_holds(runs.values(), times=[(run, now) for run in runs.values()])
    answers: list[CreditsHold | Exception | HoldCredits] = []
    for item in items:
        try:
            answers.append(item if claims.replayed(item) is not None else batch.hold(item))
        except (Refusal, InvalidPlan) as refusal:
            answers.append(refusal)
    claims.settle()
    postings.write()
    batch.planner.write()
    return _with_replays(session, answers, batch)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Holds are made one after another; each finds what those before it have left."""

    postings: Postings
    claims: Claims
    runs: dict[OwnedId, Workflow]
    planner: Planner
    made: dict[UUID, Hold] = field(default_factory=dict)

    def hold(self, item: HoldCredits) -> CreditsHold:
        """Make one hold; whatever refuses it does so before anything has moved."""
        run = running(self.runs, (item.account_id, item.workflow_id))
        settled = self.planner.settle(run, item.plan)
        planned = permit(run, settled.plan, self.postings, self.planner.prices, pinned=settled.pinned)
        hold_id = self.claims.accept(item)
        expires_at = self.postings.now + item.expires_in
        hold = make_hold(run, planned, self.postings, hold_id=hold_id, expires_at=expires_at)
        self.made[hold_id] = hold
        self.planner.take(run, settled, hold_id)
        kept = self.planner.keep(run, settled.chosen)
        if kept is not None:
            self.claims.remember(item, remembered(kept))
        return CreditsHold(hold, kept, replayed=False)


def _planner(
    session: Session, items: Iterable[HoldCredits], runs: Mapping[OwnedId, Workflow], *, now: datetime
) -> Planner:
    prices = price_book(session)
    plans = [(item, item.plan.selection) for item in items if item.plan.selection is not None]
    chooser = None
    if plans:
        named = {
            (item.account_id, agent_id)
            for item, plan in plans
            if (run := runs.get((item.account_id, item.workflow_id)))
            and (agent_id := chooser_of(plan, run.agent_id))
        }
        chooser = open_chooser(session, prices, agents_by_id(session, named), now=now)
    holds = ((item.account_id, item.plan) for item in items)
    return open_planner(session, holds, prices=prices, chooser=chooser, now=now)


def _with_replays(
    session: Session, answers: Sequence[CreditsHold | Exception | HoldCredits], batch: _Batch
) -> list[CreditsHold | Exception]:
    claims, accounts = batch.claims, batch.postings.accounts
    replayed = [answer for answer in answers if isinstance(answer, HoldCredits)]
    hold_ids = {hold_id for item in replayed if (hold_id := claims.replayed(item))}
    holds = holds_by_id(session, accounts, hold_ids - batch.made.keys()) | batch.made
    selections = replayed_selections(
        session, accounts, map(claims.remembered, replayed), batch.planner.selections
    )

    def shown(item: HoldCredits) -> CreditsHold:
        hold_id, selection_id = claims.replayed(item), selection_id_of(claims.remembered(item))
        assert hold_id is not None  # noqa: S101 - it is a replay
        return CreditsHold(holds[hold_id], selections[selection_id] if selection_id else None, replayed=True)

    return [shown(answer) if isinstance(answer, HoldCredits) else answer for answer in answers]


def open_hold(holds: Mapping[UUID, Hold], *, account_id: UUID, hold_id: UUID) -> Hold:
    """Give a hold of the account that keeps its credits still.

    Raises HoldNotFound, HoldClosed.
    """
    hold = holds.get(hold_id)
    if hold is None or hold.account_id != account_id:
        raise HoldNotFound
    if hold.closed_at is not None:
        raise HoldClosed(hold.status, hold.closed_at)
    return hold


def holds_by_id(
    session: Session, account_ids: Iterable[UUID], hold_ids: Collection[UUID]
) -> dict[UUID, Hold]:
    """Load holds of the accounts by id in one statement, none where there are no ids."""
    if not hold_ids:
        return {}
    statement = select(Hold).where(Hold.account_id.in_(account_ids), Hold.id.in_(hold_ids))
    return {hold.id: hold for hold in session.scalars(statement)}


_SECOND = timedelta(seconds=1)
