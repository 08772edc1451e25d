"""What lists can be narrowed to, as conditions over columns."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement

from models.agent import Agent
from models.api_key import ApiKey
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from pricing.units import ServiceType


@dataclass(frozen=True, slots=True)
class Everything:
    """No narrowing."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give no conditions."""
        return []


@dataclass(frozen=True, slots=True)
class WorkflowsLike:
    """Runs by status, name, agent, user, key, adapter, parent and when they started."""

    statuses: tuple[WorkflowStatus, ...] = ()
    workflow_name: str | None = None
    business_adapter: str | None = None
    agent_id: UUID | None = None
    user_id: str | None = None
    api_key_id: UUID | None = None
    parent_workflow_id: UUID | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        equal = (
            (Workflow.workflow_name, self.workflow_name),
            (Workflow.business_adapter, self.business_adapter),
            (Workflow.agent_id, self.agent_id),
            (Workflow.user_id, self.user_id),
            (Workflow.api_key_id, self.api_key_id),
            (Workflow.parent_workflow_id, self.parent_workflow_id),
        )
        conditions = [column == value for column, value in equal if value is not None]
        if self.statuses:
            conditions.append(Workflow.status.in_(self.statuses))
        if self.started_from is not None:
            conditions.append(Workflow.started_at >= self.started_from)
        if self.started_to is not None:
            conditions.append(Workflow.started_at < self.started_to)
        return conditions


@dataclass(frozen=True, slots=True)
class UsagesLike:
    """Usages by service, provider, whether they are late or voided, and when they happened."""

    service_types: tuple[ServiceType, ...] = ()
    provider: str | None = None
    late: bool | None = None
    voided: bool | None = None
    used_from: datetime | None = None
    used_to: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions: list[ColumnElement[bool]] = []
        if self.service_types:
            conditions.append(ServiceUsage.service_type.in_(self.service_types))
        if self.provider is not None:
            conditions.append(ServiceUsage.provider == self.provider)
        if self.late is not None:
            conditions.append(ServiceUsage.late == self.late)
        if self.voided is not None:
            conditions.append(
                ServiceUsage.voided_at.is_not(None) if self.voided else ServiceUsage.voided_at.is_(None)
            )
        if self.used_from is not None:
            conditions.append(ServiceUsage.used_at >= self.used_from)
        if self.used_to is not None:
            conditions.append(ServiceUsage.used_at < self.used_to)
        return conditions


@dataclass(frozen=True, slots=True)
class AgentsLike:
    """Agents by adapter and whether they are archived."""

    business_adapter: str | None = None
    archived: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions: list[ColumnElement[bool]] = []
        if self.business_adapter is not None:
            conditions.append(Agent.business_adapter == self.business_adapter)
        if self.archived is not None:
            conditions.append(
                Agent.archived_at.is_not(None) if self.archived else Agent.archived_at.is_(None)
            )
        return conditions


@dataclass(frozen=True, slots=True)
class KeysLike:
    """API keys by whether they are revoked."""

    revoked: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        if self.revoked is None:
            return []
        return [ApiKey.revoked_at.is_not(None) if self.revoked else ApiKey.revoked_at.is_(None)]
