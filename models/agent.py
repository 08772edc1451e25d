"""Agents: configured AI agents of an account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Json, JsonObject


class Agent(Base):
    """A business adapter with an account's own settings, on a preset's configuration where one is chosen."""

    __tablename__ = "agent"
    __table_args__ = (
        Index("ix_agent_created", "account_id", "created_at", "id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    business_adapter: Mapped[str] = mapped_column(Text)
    preset: Mapped[str | None] = mapped_column(Text)
    custom_settings: Mapped[Json] = mapped_column(JsonObject)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)
