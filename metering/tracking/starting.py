"""Start workflows, many at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.credits.hold_making import HoldPlan, PlannedHold, make_hold, permit
from metering.credits.holding import DEFAULT_EXPIRY, holds_by_id
from metering.errors import (
    AgentNotFound,
    ApiKeyNotFound,
    OverdraftLimitReached,
    Refusal,
    WorkflowNestedTooDeep,
)
from metering.idempotency import Claims, claim, fingerprint
from metering.ledger import Postings, open_postings
from metering.rate_cards import PriceBook, price_book
from metering.tracking.window import within_window
from metering.workflows import found, workflows_by_id
from models.agent import Agent
from models.api_key import ApiKey
from models.base import Json, table_of
from models.hold import Hold
from models.identity import new_id
from models.workflow import Workflow, WorkflowStatus
from pricing.credits import Credits

MOST_ANCESTORS = 20
"""How deep runs may be nested."""


@dataclass(frozen=True, slots=True)
class StartWorkflow:
    """A run to be started. `api_key_id` is the key that the run is attributed to."""

    account_id: UUID
    api_key_id: UUID
    workflow_name: str
    idempotency_key: str
    agent_id: UUID | None = None
    business_adapter: str | None = None
    user_id: str | None = None
    attributed_key_id: UUID | None = None
    parent_workflow_id: UUID | None = None
    started_at: datetime | None = None
    metadata: Json | None = None
    hold: HoldPlan | None = None
    hold_expires_in: timedelta = DEFAULT_EXPIRY

    @property
    def fingerprint(self) -> str:
        """The input without the calling key, so that a replay survives a key's rotation."""
        hold = self.hold and [self.hold.content, self.hold_expires_in // timedelta(seconds=1)]
        # A run without a hold has the digest that it had before there were holds.
        return fingerprint(
            "start_workflow",
            self.workflow_name,
            self.agent_id,
            self.business_adapter,
            self.user_id,
            self.attributed_key_id,
            self.parent_workflow_id,
            self.started_at,
            self.metadata,
            *([hold] if hold else []),
        )


@dataclass(frozen=True, slots=True)
class WorkflowStart:
    """A started run with its first hold; `replayed` where an earlier request with the same key started it."""

    workflow: Workflow
    hold: Hold | None
    replayed: bool


def start_workflows(
    session: Session, items: Sequence[StartWorkflow], *, now: datetime
) -> list[WorkflowStart | Exception]:
    """Start runs that are permitted, each with the hold that it asks for, or not at all.

    A prepaid account with nothing left starts none, and neither does a budget that is used up. Refusals:
    AgentNotFound, ApiKeyNotFound, WorkflowNotFound (the parent), WorkflowNestedTooDeep,
    OverdraftLimitReached, BudgetExceeded, TimeOutOfRange, IdempotencyConflict, and with a hold those of
    hold_credits.
    """
    postings = open_postings(session, {item.account_id for item in items}, now=now)
    claims = claim(session, items, now=now)
    references = load_references(session, items)
    batch = _Batch(postings, claims, references, price_book(session) if any(i.hold for i in items) else None)
    batch.load(items)
    answers: list[WorkflowStart | Exception | StartWorkflow] = []
    for item in items:
        try:
            answers.append(item if claims.replayed(item) is not None else batch.start(item))
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    insert_workflows(session, batch.started.values())
    postings.write()
    return _with_replays(session, answers, batch)


@dataclass(slots=True)
class _Batch:
    """Runs are started one after another; each finds what those before it have left."""

    postings: Postings
    claims: Claims
    references: "References"
    prices: PriceBook | None
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
        planned = None
        if item.hold is not None and self.prices is not None:
            planned = permit(run, item.hold, self.postings, self.prices)
        else:
            self._require_something_left(run)
        self.postings.budgets.require_any_room(run)
        run.id = self.claims.accept(item)
        self.started[run.id] = run
        return WorkflowStart(run, self._hold(item, run, planned) if planned else None, replayed=False)

    def _hold(self, item: StartWorkflow, run: Workflow, planned: PlannedHold) -> Hold:
        hold_id = new_id()
        expires_at = self.postings.now + item.hold_expires_in
        self.holds[hold_id] = make_hold(run, planned, self.postings, hold_id=hold_id, expires_at=expires_at)
        self.claims.remember(item, {"hold": hold_id.hex})
        return self.holds[hold_id]

    def _require_something_left(self, run: Workflow) -> None:
        spendable = self.postings.spendable(run)
        if spendable is not None and not spendable:
            raise OverdraftLimitReached(spendable)

    def _draft(self, item: StartWorkflow) -> Workflow | None:
        try:
            return new_workflow(item, self.references, now=self.postings.now)
        except Refusal:
            return None


def _with_replays(
    session: Session, answers: Sequence[WorkflowStart | Exception | StartWorkflow], batch: _Batch
) -> list[WorkflowStart | Exception]:
    replayed = [answer for answer in answers if isinstance(answer, StartWorkflow)]
    if not replayed:
        return [answer for answer in answers if not isinstance(answer, StartWorkflow)]
    accounts, claims = batch.postings.accounts, batch.claims
    run_ids = {id_ for item in replayed if (id_ := claims.replayed(item))}
    hold_ids = {id_ for item in replayed if (id_ := _hold_id(claims.remembered(item)))}
    runs = load_workflows(session, accounts, run_ids - batch.started.keys()) | batch.started
    holds = holds_by_id(session, accounts, hold_ids - batch.holds.keys()) | batch.holds

    def shown(item: StartWorkflow) -> WorkflowStart:
        run_id, hold_id = claims.replayed(item), _hold_id(claims.remembered(item))
        assert run_id is not None  # noqa: S101 - it is a replay
        return WorkflowStart(runs[run_id], holds[hold_id] if hold_id else None, replayed=True)

    return [shown(answer) if isinstance(answer, StartWorkflow) else answer for answer in answers]


def _hold_id(answer: Json) -> UUID | None:
    return UUID(hex=str(answer["hold"])) if "hold" in answer else None


@dataclass(frozen=True, slots=True)
class References:
    """The agents, keys and parent runs that a batch names, by account."""

    agents: dict[tuple[UUID, UUID], Agent]
    keys: set[tuple[UUID, UUID]]
    workflows: dict[tuple[UUID, UUID], Workflow]


def load_references(session: Session, items: Iterable[StartWorkflow]) -> References:
    """Load what the batch names, each kind in one statement and none where nothing is named."""
    agent_ids = {item.agent_id for item in items if item.agent_id}
    key_ids = {item.attributed_key_id for item in items if item.attributed_key_id}
    accounts = {item.account_id for item in items}
    agents: dict[tuple[UUID, UUID], Agent] = {}
    keys: set[tuple[UUID, UUID]] = set()
    if agent_ids:
        found = select(Agent).where(Agent.account_id.in_(accounts), Agent.id.in_(agent_ids))
        agents = {(agent.account_id, agent.id): agent for agent in session.scalars(found)}
    if key_ids:
        live = select(ApiKey.account_id, ApiKey.id).where(ApiKey.id.in_(key_ids), ApiKey.revoked_at.is_(None))
        keys = {(row.account_id, row.id) for row in session.execute(live) if row.account_id}
    parents = {(item.account_id, item.parent_workflow_id) for item in items if item.parent_workflow_id}
    return References(agents, keys, workflows_by_id(session, parents))


def new_workflow(item: StartWorkflow, references: References, *, now: datetime) -> Workflow:
    """Make the row of a run from what the caller said, its references checked; its id is given later."""
    agent = None
    if item.agent_id is not None:
        agent = references.agents.get((item.account_id, item.agent_id))
        if agent is None or agent.archived_at is not None:
            raise AgentNotFound
    if item.attributed_key_id and (item.account_id, item.attributed_key_id) not in references.keys:
        raise ApiKeyNotFound
    ancestor_ids: tuple[UUID, ...] = ()
    if item.parent_workflow_id is not None:
        parent = found(references.workflows, (item.account_id, item.parent_workflow_id))
        ancestor_ids = (*parent.ancestor_ids, parent.id)
        if len(ancestor_ids) > MOST_ANCESTORS:
            raise WorkflowNestedTooDeep(MOST_ANCESTORS)
    return Workflow(
        account_id=item.account_id,
        workflow_name=item.workflow_name,
        status=WorkflowStatus.RUNNING,
        business_adapter=item.business_adapter or (agent.business_adapter if agent else None),
        user_id=item.user_id,
        agent_id=item.agent_id,
        api_key_id=item.attributed_key_id or item.api_key_id,
        parent_workflow_id=item.parent_workflow_id,
        ancestor_ids=ancestor_ids,
        started_at=within_window("startedAt", item.started_at, now=now),
        ended_at=None,
        duration_micros=None,
        recorded_at=now,
        total_credits=Credits.ZERO,
        usage_count=0,
        run_metadata=item.metadata,
    )


def insert_workflows(session: Session, workflows: Iterable[Workflow]) -> None:
    """Insert new runs in one statement."""
    rows = [{name: getattr(workflow, key) for key, name in _COLUMNS} for workflow in workflows]
    if rows:
        session.execute(_INSERT, rows)


def load_workflows(
    session: Session, account_ids: Iterable[UUID], workflow_ids: Collection[UUID]
) -> dict[UUID, Workflow]:
    """Load runs of the accounts by id in one statement, none where there are no ids."""
    if not workflow_ids:
        return {}
    statement = select(Workflow).where(Workflow.account_id.in_(account_ids), Workflow.id.in_(workflow_ids))
    return {workflow.id: workflow for workflow in session.scalars(statement)}


_INSERT = insert(table_of(Workflow))
# `metadata` is a word of the mapper's own, so one attribute is called otherwise than its column.
_COLUMNS = [(attribute.key, attribute.columns[0].key) for attribute in Workflow.__mapper__.column_attrs]
