"""Events: what happened to an account that somebody may want to hear of; the outbox of the webhooks."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Json, JsonObject, Name


class EventType(StrEnum):
    """What happened; the value is what webhooks call it."""

    BALANCE_LOW = "balance.low"
    OVERDRAFT_STARTED = "overdraft.started"
    BUDGET_THRESHOLD_REACHED = "budget.threshold_reached"
    HOLD_EXPIRED = "hold.expired"
    WEBHOOK_TEST = "webhook.test"


class Event(Base):
    """One event, written in the transaction that caused it; `dispatched_at` is when it went to webhooks."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint(
            "type IN ('balance.low', 'overdraft.started', 'budget.threshold_reached', 'hold.expired', "
            "'webhook.test')",
            name="type",
        ),
        Index("ix_event_occurred", "account_id", "occurred_at", "id"),
        Index("ix_event_type", "account_id", "type", "occurred_at", "id"),
        Index(
            "ix_event_waiting",
            "account_id",
            "id",
            sqlite_where=text("dispatched_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    type: Mapped[EventType] = mapped_column(Name(EventType))
    data: Mapped[Json] = mapped_column(JsonObject)
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    dispatched_at: Mapped[datetime | None] = mapped_column(Instant)
