"""Start workflows, many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.credits.hold_making import PlannedHold, make_hold, permit
from metering.credits.hold_plans import Planner, open_planner, plan_of
from metering.credits.holding import holds_by_id
from metering.errors import Refusal
from metering.idempotency import Claims, claim
from metering.ledger import Postings, grants_beside, open_postings
from metering.plans import InvalidPlan
from metering.prices import price_book
from metering.selections import KeptSelection, open_chooser
from metering.selections.first_answers import remembered, replayed_selections, selection_id_of
from metering.tracking.new_runs import (
    References,
    StartWorkflow,
    insert_workflows,
    load_references,
    new_workflow,
)
from metering.workflows import workflows_of
from models.base import Json
from models.hold import Hold
from models.identity import new_id
from models.workflow import Workflow
from models.writing import together


@dataclass(frozen=True, slots=True)
class WorkflowStart:
    """A started run with its first hold and what was selected for it.

    `replayed` where an earlier request with the same key started it.
    """

    workflow: Workflow
    hold: Hold | None
    selection: KeptSelection | None
    replayed: bool


def start_workflows(
    session: Session, items: Sequence[StartWorkflow], *, now: datetime
) -> list[WorkflowStart | Exception]:
    """Start runs that are permitted, each with the hold that it asks for, or not at all.

    A prepaid account with nothing left starts none, and neither does a budget that is used up. What is
    selected for a run must be covered too, whether it is held or not. Refusals: AgentNotFound,
    ApiKeyNotFound, WorkflowNotFound (the parent), WorkflowNestedTooDeep, OverdraftLimitReached,
    BudgetExceeded, TimeOutOfRange, IdempotencyConflict, and with a hold or a selection those of hold_credits.
    """
    accounts = {item.account_id for item in items}
    claims = claim(session, items, now=now, beside=[grants_beside(session, accounts)])
    postings = open_postings(session, accounts, now=now)
    references = load_references(session, items, now=now)
    batch = _Batch(postings, claims, references, _planner(session, items, references, now=now))
    batch.load(items)
    answers: list[WorkflowStart | Exception | StartWorkflow] = []
    for item in items:
        try:
            answers.append(item if claims.replayed(item) is not None else batch.start(item))
        except (Refusal, InvalidPlan) as refusal:
            answers.append(refusal)
    claims.settle()
    with together(session):
        insert_workflows(session, batch.started.values())
        postings.write()
    if batch.planner is not None:
        batch.planner.write()
    return _with_replays(session, answers, batch)


@dataclass(slots=True)
class _Batch:
    """Runs are started one after another; each finds what those before it have left."""

    postings: Postings
    claims: Claims
    references: References
    planner: Planner | None
    started: dict[UUID, Workflow] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)

    def load(self, items: Iterable[StartWorkflow]) -> None:
        """Load the holds of the parents, and the budgets of the runs to come."""
        drafts = (self._draft(item) for item in items)
        self.postings.load_holds(
            self.references.workflows.values(), times=[(run, self.postings.now) for run in drafts if run]
        )

    def start(self, item: StartWorkflow) -> WorkflowStart:
        """Start one run; whatever refuses it does so before anything has moved."""
        run = new_workflow(item, self.references, now=self.postings.now)
        if item.hold is None:
            self.postings.require_something_left(run)
        if self.planner is None:
            self._begin(item, run)
            return WorkflowStart(run, hold=None, selection=None, replayed=False)
        return self._start_with_plans(item, run, self.planner)

    def _start_with_plans(self, item: StartWorkflow, run: Workflow, planner: Planner) -> WorkflowStart:
        chosen = None if item.selection is None else planner.choose(run, item.selection)
        settled = None if item.hold is None else planner.settle(run, item.hold, chosen)
        if (
            chosen is not None
            and chosen.selection.total
            and (settled is None or settled.chosen is not chosen)
        ):
            permit(run, plan_of(chosen), self.postings, planner.prices)
        planned = None
        if settled is not None:
            planned = permit(run, settled.plan, self.postings, planner.prices, pinned=settled.pinned)
        self._begin(item, run)
        hold = None
        if settled is not None and planned is not None:
            hold = self._hold(item, run, planned)
            planner.take(run, settled, hold.id)
            chosen = settled.chosen or chosen
        kept = planner.keep(run, chosen)
        self._remember(item, hold, kept)
        return WorkflowStart(run, hold, kept, replayed=False)

    def _begin(self, item: StartWorkflow, run: Workflow) -> None:
        run.id = self.claims.accept(item)
        self.started[run.id] = run

    def _hold(self, item: StartWorkflow, run: Workflow, planned: PlannedHold) -> Hold:
        hold_id = new_id()
        expires_at = self.postings.now + item.hold_expires_in
        self.holds[hold_id] = make_hold(run, planned, self.postings, hold_id=hold_id, expires_at=expires_at)
        return self.holds[hold_id]

    def _remember(self, item: StartWorkflow, hold: Hold | None, kept: KeptSelection | None) -> None:
        answer = remembered(kept) if hold is None else {"hold": hold.id.hex} | remembered(kept)
        if answer:
            self.claims.remember(item, answer)

    def _draft(self, item: StartWorkflow) -> Workflow | None:
        try:
            return new_workflow(item, self.references, now=self.postings.now)
        except Refusal:
            return None


def _planner(
    session: Session, items: Sequence[StartWorkflow], references: References, *, now: datetime
) -> Planner | None:
    holds = [(item.account_id, item.hold) for item in items if item.hold is not None]
    selects = any(item.selection is not None for item in items)
    if not holds and not selects:
        return None
    prices = price_book(session)
    chooser = open_chooser(session, prices, references.agents, now=now) if selects else None
    return open_planner(session, holds, prices=prices, chooser=chooser, now=now)


def _with_replays(
    session: Session, answers: Sequence[WorkflowStart | Exception | StartWorkflow], batch: _Batch
) -> list[WorkflowStart | Exception]:
    replayed = [answer for answer in answers if isinstance(answer, StartWorkflow)]
    if not replayed:
        return [answer for answer in answers if not isinstance(answer, StartWorkflow)]
    accounts, claims = batch.postings.accounts, batch.claims
    run_ids = {id_ for item in replayed if (id_ := claims.replayed(item))}
    hold_ids = {id_ for item in replayed if (id_ := _hold_id(claims.remembered(item)))}
    runs = workflows_of(session, accounts, run_ids - batch.started.keys()) | batch.started
    holds = holds_by_id(session, accounts, hold_ids - batch.holds.keys()) | batch.holds
    made = None if batch.planner is None else batch.planner.selections
    selections = replayed_selections(session, accounts, map(claims.remembered, replayed), made)

    def shown(item: StartWorkflow) -> WorkflowStart:
        run_id, answer = claims.replayed(item), claims.remembered(item)
        assert run_id is not None  # noqa: S101 - it is a replay
        hold_id, selection_id = _hold_id(answer), selection_id_of(answer)
        return WorkflowStart(
            runs[run_id],
            holds[hold_id] if hold_id else None,
            selections[selection_id] if selection_id else None,
            replayed=True,
        )

    return [shown(answer) if isinstance(answer, StartWorkflow) else answer for answer in answers]


def _hold_id(answer: Json) -> UUID | None:
    return UUID(hex=str(answer["hold"])) if "hold" in answer else None
