"""New runs: what was said of them, what they refer to, and their rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.credits.hold_making import HoldPlan
from metering.credits.holding import DEFAULT_EXPIRY
from metering.errors import AgentNotFound, ApiKeyNotFound, WorkflowNestedTooDeep
from metering.idempotency import fingerprint
from metering.tracking.window import within_window
from metering.workflows import found, workflows_by_id
from models.agent import Agent
from models.api_key import ApiKey
from models.base import Json, table_of
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
        named = select(Agent).where(Agent.account_id.in_(accounts), Agent.id.in_(agent_ids))
        agents = {(agent.account_id, agent.id): agent for agent in session.scalars(named)}
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
        agent_version=agent.version if agent else None,
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


_INSERT = insert(table_of(Workflow))
# `metadata` is a word of the mapper's own, so one attribute is called otherwise than its column.
_COLUMNS = [(attribute.key, attribute.columns[0].key) for attribute in Workflow.__mapper__.column_attrs]
