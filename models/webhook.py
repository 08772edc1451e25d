"""Webhooks: where an account wants to hear of its events, and what became of telling it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Name, Names
from models.event import EventType


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing any more."""

    BY_HAND = "BY_HAND"
    GONE = "GONE"
    FAILING = "FAILING"


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class WebhookEndpoint(Base):
    """An address that events are sent to; no `event_types` are all types.

    The secret signs, so it is kept as it is; the one before it signs too until `previous_secret_until`.
    `failing_since` is the first failure after which nothing was delivered.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("disabled_reason IN ('BY_HAND', 'GONE', 'FAILING')", name="disabled_reason"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled"),
        CheckConstraint(
            "(previous_secret IS NULL) = (previous_secret_until IS NULL)", name="previous_secret"
        ),
        Index("ix_webhook_endpoint_created", "account_id", "created_at", "id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    event_types: Mapped[tuple[EventType, ...]] = mapped_column(Names(EventType))
    secret: Mapped[str] = mapped_column(Text)
    previous_secret: Mapped[str | None] = mapped_column(Text)
    previous_secret_until: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    disabled_reason: Mapped[DisabledReason | None] = mapped_column(Name(DisabledReason))
    removed_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def is_active(self) -> bool:
        """Whether events are sent to it."""
        return self.disabled_at is None and self.removed_at is None


class WebhookDelivery(Base):
    """The telling of one event to one endpoint, with as many attempts as it takes.

    A process that attempts it holds it until `leased_until`; when that passes without word, the process is
    taken for dead and another attempts it. `attempt_count` rises as an attempt begins.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "event_id"], ["event.account_id", "event.id"]),
        ForeignKeyConstraint(
            ["account_id", "endpoint_id"],
            ["webhook_endpoint.account_id", "webhook_endpoint.id"],
            name="fk_webhook_delivery_endpoint",
        ),
        CheckConstraint("status IN ('PENDING', 'DELIVERED', 'FAILED')", name="status"),
        CheckConstraint("(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name="pending"),
        CheckConstraint("(status = 'DELIVERED') = (delivered_at IS NOT NULL)", name="delivered"),
        CheckConstraint("attempt_count >= 0", name="attempt_count"),
        Index("ix_webhook_delivery_event", "account_id", "event_id", "created_at", "id"),
        Index("ix_webhook_delivery_endpoint", "account_id", "endpoint_id", "created_at", "id"),
        Index(
            "ix_webhook_delivery_due",
            "account_id",
            "next_attempt_at",
            sqlite_where=text("status = 'PENDING'"),
            postgresql_where=text("status = 'PENDING'"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(Id)
    endpoint_id: Mapped[UUID] = mapped_column(Id)
    status: Mapped[DeliveryStatus] = mapped_column(Name(DeliveryStatus))
    attempt_count: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime | None] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    last_attempt_at: Mapped[datetime | None] = mapped_column(Instant)
    last_status_code: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
