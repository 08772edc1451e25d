"""What lists can be narrowed to, as conditions over columns."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from metering.analytics import Period, RunsLike
from models.agent import Agent
from models.api_key import ApiKey
from models.budget import Budget
from models.event import Event, EventType
from models.hold import Hold, HoldStatus
from models.ledger import Book, LedgerTransfer
from models.service_usage import ServiceUsage
from models.webhook import DeliveryStatus, WebhookDelivery, WebhookEndpoint
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
    runs: RunsLike = field(default_factory=RunsLike)
    parent_workflow_id: UUID | None = None
    started: Period = field(default_factory=Period)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions = [*self.runs.conditions(), *self.started.contains(Workflow.started_at)]
        if self.statuses:
            conditions.append(Workflow.status.in_(self.statuses))
        if self.parent_workflow_id is not None:
            conditions.append(Workflow.parent_workflow_id == self.parent_workflow_id)
        return conditions


@dataclass(frozen=True, slots=True)
class UsagesLike:
    """Usages by service, provider, whether they are late or voided, and when they happened."""

    service_types: tuple[ServiceType, ...] = ()
    provider: str | None = None
    late: bool | None = None
    voided: bool | None = None
    used: Period = field(default_factory=Period)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions = self.used.contains(ServiceUsage.used_at)
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


@dataclass(frozen=True, slots=True)
class HoldsLike:
    """Holds by status, as it is at a moment: one whose time is over by then counts as expired."""

    statuses: tuple[HoldStatus, ...]
    now: datetime

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        if not self.statuses:
            return []
        closed = [status for status in self.statuses if status is not HoldStatus.OPEN]
        any_of: list[ColumnElement[bool]] = [Hold.status.in_(closed)] if closed else []
        if HoldStatus.OPEN in self.statuses:
            any_of.append(and_(Hold.status == HoldStatus.OPEN, Hold.expires_at > self.now))
        if HoldStatus.EXPIRED in self.statuses:
            any_of.append(and_(Hold.status == HoldStatus.OPEN, Hold.expires_at <= self.now))
        return [or_(*any_of)]


@dataclass(frozen=True, slots=True)
class BudgetsLike:
    """Budgets by whether they are in force."""

    active: bool | None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        if self.active is None:
            return []
        return [Budget.removed_at.is_(None) if self.active else Budget.removed_at.is_not(None)]


@dataclass(frozen=True, slots=True)
class EventsLike:
    """Events by type."""

    types: tuple[EventType, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        return [Event.type.in_(self.types)] if self.types else []


@dataclass(frozen=True, slots=True)
class EndpointsLike:
    """Webhook endpoints by whether they are removed."""

    removed: bool

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give the condition."""
        removed_at = WebhookEndpoint.removed_at
        return [removed_at.is_not(None) if self.removed else removed_at.is_(None)]


@dataclass(frozen=True, slots=True)
class DeliveriesLike:
    """Webhook deliveries by status."""

    statuses: tuple[DeliveryStatus, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        return [WebhookDelivery.status.in_(self.statuses)] if self.statuses else []


@dataclass(frozen=True, slots=True)
class TransfersLike:
    """Ledger transfers by a book, hold, grant or usage on either side, and when they were posted."""

    book: Book | None = None
    hold_id: UUID | None = None
    grant_id: UUID | None = None
    service_usage_id: UUID | None = None
    posted: Period = field(default_factory=Period)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        conditions = self.posted.contains(LedgerTransfer.posted_at)
        if self.book is not None:
            conditions.append(
                or_(LedgerTransfer.debit_book == self.book, LedgerTransfer.credit_book == self.book)
            )
        if self.hold_id is not None:
            conditions.append(
                or_(
                    LedgerTransfer.debit_hold_id == self.hold_id,
                    LedgerTransfer.credit_hold_id == self.hold_id,
                )
            )
        if self.grant_id is not None:
            conditions.append(LedgerTransfer.grant_id == self.grant_id)
        if self.service_usage_id is not None:
            conditions.append(LedgerTransfer.service_usage_id == self.service_usage_id)
        return conditions
