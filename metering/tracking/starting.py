"""Start workflows, many at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.errors import (
    AgentNotFound,
    ApiKeyNotFound,
    OverdraftLimitReached,
    Refusal,
    WorkflowNotFound,
)
from metering.idempotency import claim, fingerprint, replayed_ids
from metering.ledger import Postings, open_postings
from metering.tracking.usage_batch import purpose_of
from metering.tracking.window import within_window
from models.agent import Agent
from models.api_key import ApiKey
from models.base import Json, table_of
from models.workflow import Workflow, WorkflowStatus
from pricing.credits import Credits


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

    @property
    def fingerprint(self) -> str:
        """The input without the calling key, so that a replay survives a key's rotation."""
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
        )


@dataclass(frozen=True, slots=True)
class WorkflowStart:
    """A started run; `replayed` where an earlier request with the same key had started it."""

    workflow: Workflow
    replayed: bool


def start_workflows(
    session: Session, items: Sequence[StartWorkflow], *, now: datetime
) -> list[WorkflowStart | Exception]:
    """Start runs that are permitted: a prepaid account with nothing left starts none.

    Refusals: AgentNotFound, ApiKeyNotFound, WorkflowNotFound (the parent), OverdraftLimitReached,
    TimeOutOfRange, IdempotencyConflict.
    """
    postings = open_postings(session, {item.account_id for item in items}, now=now)
    claims = claim(session, items, now=now)
    references = load_references(session, items)
    started: dict[UUID, Workflow] = {}
    answers: list[WorkflowStart | Exception | UUID] = []
    for item in items:
        try:
            replayed = claims.replayed(item)
            if replayed is not None:
                answers.append(replayed)
                continue
            workflow = _start(item, references, postings, now)
            workflow.id = claims.accept(item)
            started[workflow.id] = workflow
            answers.append(WorkflowStart(workflow, replayed=False))
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    insert_workflows(session, started.values())
    postings.write()
    earlier = load_workflows(session, postings.accounts, replayed_ids(answers)) | started
    return [
        WorkflowStart(earlier[answer], replayed=True) if isinstance(answer, UUID) else answer
        for answer in answers
    ]


@dataclass(frozen=True, slots=True)
class References:
    """The agents, keys and parent runs that a batch names, by account."""

    agents: dict[tuple[UUID, UUID], Agent]
    keys: set[tuple[UUID, UUID]]
    workflows: set[tuple[UUID, UUID]]


def load_references(session: Session, items: Iterable[StartWorkflow]) -> References:
    """Load what the batch names, each kind in one statement and none where nothing is named."""
    agent_ids = {item.agent_id for item in items if item.agent_id}
    key_ids = {item.attributed_key_id for item in items if item.attributed_key_id}
    parent_ids = {item.parent_workflow_id for item in items if item.parent_workflow_id}
    accounts = {item.account_id for item in items}
    agents: dict[tuple[UUID, UUID], Agent] = {}
    keys: set[tuple[UUID, UUID]] = set()
    workflows: set[tuple[UUID, UUID]] = set()
    if agent_ids:
        found = select(Agent).where(Agent.account_id.in_(accounts), Agent.id.in_(agent_ids))
        agents = {(agent.account_id, agent.id): agent for agent in session.scalars(found)}
    if key_ids:
        live = select(ApiKey.account_id, ApiKey.id).where(ApiKey.id.in_(key_ids), ApiKey.revoked_at.is_(None))
        keys = {(row.account_id, row.id) for row in session.execute(live) if row.account_id}
    if parent_ids:
        parents = select(Workflow.account_id, Workflow.id).where(
            Workflow.account_id.in_(accounts), Workflow.id.in_(parent_ids)
        )
        workflows = {(row.account_id, row.id) for row in session.execute(parents)}
    return References(agents, keys, workflows)


def new_workflow(item: StartWorkflow, references: References, *, now: datetime) -> Workflow:
    """Make the row of a run from what the caller said, its references checked; its id is given later."""
    agent = None
    if item.agent_id is not None:
        agent = references.agents.get((item.account_id, item.agent_id))
        if agent is None or agent.archived_at is not None:
            raise AgentNotFound
    if item.attributed_key_id and (item.account_id, item.attributed_key_id) not in references.keys:
        raise ApiKeyNotFound
    if item.parent_workflow_id and (item.account_id, item.parent_workflow_id) not in references.workflows:
        raise WorkflowNotFound
    return Workflow(
        account_id=item.account_id,
        workflow_name=item.workflow_name,
        status=WorkflowStatus.RUNNING,
        business_adapter=item.business_adapter or (agent.business_adapter if agent else None),
        user_id=item.user_id,
        agent_id=item.agent_id,
        api_key_id=item.attributed_key_id or item.api_key_id,
        parent_workflow_id=item.parent_workflow_id,
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


def _start(item: StartWorkflow, references: References, postings: Postings, now: datetime) -> Workflow:
    workflow = new_workflow(item, references, now=now)
    headroom = postings.headroom(item.account_id, purpose_of(workflow))
    if headroom is not None and headroom <= Credits.ZERO:
        raise OverdraftLimitReached(max(headroom, Credits.ZERO))
    return workflow


_INSERT = insert(table_of(Workflow))
# `metadata` is a word of the mapper's own, so one attribute is called otherwise than its column.
_COLUMNS = [(attribute.key, attribute.columns[0].key) for attribute in Workflow.__mapper__.column_attrs]
