"""The audit log: every administrative act, written in its transaction and never changed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.actor import Actor, ActorKind
from models.base import Base, Id, Instant, Json, JsonObject, Name


class AuditAct(StrEnum):
    """What was done; the name of the mutation that does it."""

    CREATE_ACCOUNT = "CREATE_ACCOUNT"
    ISSUE_API_KEY = "ISSUE_API_KEY"
    ROTATE_API_KEY = "ROTATE_API_KEY"
    REVOKE_API_KEY = "REVOKE_API_KEY"
    CREATE_AGENT = "CREATE_AGENT"
    UPDATE_AGENT = "UPDATE_AGENT"
    ARCHIVE_AGENT = "ARCHIVE_AGENT"
    SET_SHADOW_POLICY = "SET_SHADOW_POLICY"
    REMOVE_SHADOW_POLICY = "REMOVE_SHADOW_POLICY"
    GRANT_CREDITS = "GRANT_CREDITS"
    VOID_GRANT = "VOID_GRANT"
    VOID_SERVICE_USAGE = "VOID_SERVICE_USAGE"
    SET_BUDGET = "SET_BUDGET"
    REMOVE_BUDGET = "REMOVE_BUDGET"
    SET_BALANCE_ALERT = "SET_BALANCE_ALERT"
    CREATE_WEBHOOK_ENDPOINT = "CREATE_WEBHOOK_ENDPOINT"
    UPDATE_WEBHOOK_ENDPOINT = "UPDATE_WEBHOOK_ENDPOINT"
    REMOVE_WEBHOOK_ENDPOINT = "REMOVE_WEBHOOK_ENDPOINT"
    ROTATE_WEBHOOK_SECRET = "ROTATE_WEBHOOK_SECRET"  # noqa: S105 - the name of an act
    RESEND_WEBHOOK_DELIVERY = "RESEND_WEBHOOK_DELIVERY"
    SEND_TEST_EVENT = "SEND_TEST_EVENT"
    START_REPLAY = "START_REPLAY"
    CANCEL_REPLAY = "CANCEL_REPLAY"
    PUBLISH_RATE_CARD = "PUBLISH_RATE_CARD"
    SET_PROVIDER_AVAILABILITY = "SET_PROVIDER_AVAILABILITY"


class AuditEntry(Base):
    """One act: who, what, when and from where. Without an account it concerns the service as a whole.

    `subject` is the id of what was acted upon as callers see it, or its name where it has no id.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("(actor IN ('API_KEY', 'OPERATOR')) = (api_key_id IS NOT NULL)", name="actor"),
        Index("ix_audit_entry_account", "account_id", "occurred_at", "id"),
        Index("ix_audit_entry_occurred", "occurred_at", "id"),
        Index("ix_audit_entry_subject", "account_id", "subject", "occurred_at", "id"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("account.id"))
    act: Mapped[AuditAct] = mapped_column(Name(AuditAct))
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[Json] = mapped_column(JsonObject)
    actor: Mapped[ActorKind] = mapped_column(Name(ActorKind))
    api_key_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_key.id"))
    address: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def by(self) -> Actor:
        """Who did it."""
        return Actor(self.actor, self.api_key_id, self.address, self.request_id)
