"""New runs: what was said of them, what they refer to, and their rows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.agents import agents_by_id, in_use
from metering.api_keys import live
from metering.credits.hold_plans import HoldPlan
from metering.credits.holding import DEFAULT_EXPIRY
from metering.errors import ApiKeyNotFound, WorkflowNestedTooDeep
from metering.idempotency import fingerprint
from metering.plans import Plan
from metering.rollups import RunCounts
from metering.selections import chooser_of
from metering.tracking.window import within_window
from metering.workflows import found, workflows_by_id
from models.agent import Agent
from models.api_key import ApiKey
from models.base import Json, table_of
from models.prepared import PreparedWrite
from models.rows import new_row, values_of
from models.workflow import Workflow, WorkflowStatus
from pricing.credits import Credits

MOST_ANCESTORS = 20
"""How deep runs may be nested."""


@dataclass(frozen=True, slots=True)
class StartWorkflow:
    """A run to be started, with what is to be selected and held for it at once.

    `api_key_id` is the calling key, `attributed_key_id` another one that the run is attributed to.
    """

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
    selection: Plan | None = None

    @property
    def fingerprint(self) -> str:
        """The input without the calling key, so that a replay survives a key's rotation."""
        hold = self.hold and [self.hold.content, self.hold_expires_in // timedelta(seconds=1)]
        # Without a hold and a selection it has the digest that it had before there were any.
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
            *([{"selection": self.selection.content}] if self.selection else []),
        )


@dataclass(frozen=True, slots=True)
class References:
    """The agents, keys and parent runs that a batch names, by account."""

    agents: dict[tuple[UUID, UUID], Agent]
    keys: set[tuple[UUID, UUID]]
    workflows: dict[tuple[UUID, UUID], Workflow]


def load_references(session: Session, items: Iterable[StartWorkflow], *, now: datetime) -> References:
    """Load what the batch names, each kind in one statement and none where nothing is named."""
    agents = {(item.account_id, agent_id) for item in items for agent_id in _agents_of(item)}
    key_ids = {item.attributed_key_id for item in items if item.attributed_key_id}
    keys: set[tuple[UUID, UUID]] = set()
    if key_ids:
        living = select(ApiKey.account_id, ApiKey.id).where(ApiKey.id.in_(key_ids), live(now))
        keys = {(row.account_id, row.id) for row in session.execute(living) if row.account_id}
    parents = {(item.account_id, item.parent_workflow_id) for item in items if item.parent_workflow_id}
    return References(agents_by_id(session, agents), keys, workflows_by_id(session, parents))


def new_workflow(item: StartWorkflow, references: References, *, now: datetime) -> Workflow:
    """Make the row of a run from what the caller said, its references checked; its id is given later."""
    agent = None
    if item.agent_id is not None:
        agent = in_use(references.agents.get((item.account_id, item.agent_id)))
    if item.attributed_key_id and (item.account_id, item.attributed_key_id) not in references.keys:
        raise ApiKeyNotFound
    ancestor_ids: tuple[UUID, ...] = ()
    if item.parent_workflow_id is not None:
        parent = found(references.workflows, (item.account_id, item.parent_workflow_id))
        ancestor_ids = (*parent.ancestor_ids, parent.id)
        if len(ancestor_ids) > MOST_ANCESTORS:
            raise WorkflowNestedTooDeep(MOST_ANCESTORS)
    return new_row(
        Workflow,
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


def insert_workflows(session: Session, workflows: Collection[Workflow]) -> None:
    """Insert new runs in one statement, and count them in another."""
    if workflows:
        _INSERT.write(session, values_of(Workflow, workflows))
        counts = RunCounts()
        counts.add_started(workflows)
        counts.write(session)


def _agents_of(item: StartWorkflow) -> list[UUID]:
    chooser = None if item.selection is None else chooser_of(item.selection, item.agent_id)
    return [agent_id for agent_id in (item.agent_id, chooser) if agent_id is not None]


_INSERT = PreparedWrite(insert(table_of(Workflow)))
