"""Idempotency: which key was used for what, kept for ever."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Json, JsonObject


class IdempotentRequest(Base):
    """An accepted request: its key, the fingerprint of its input and the id of what it made.

    `answer` keeps what the first answer said that what it made does not say for ever.
    """

    __tablename__ = "idempotent_request"
    __table_args__ = ({"sqlite_strict": True},)

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    result_id: Mapped[UUID] = mapped_column(Id)
    answer: Mapped[Json | None] = mapped_column(JsonObject)
    created_at: Mapped[datetime] = mapped_column(Instant)
