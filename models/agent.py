"""Agents: configured AI agents of an account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Json, JsonObject


class Agent(Base):
    """A business adapter with an account's own settings, on a preset's configuration where one is chosen.

    `version` counts its changes from 1; each has a row of its own, so that a run can say what it ran under.
    """

    __tablename__ = "agent"
    __table_args__ = (
        Index("ix_agent_created", "account_id", "created_at", "id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    business_adapter: Mapped[str] = mapped_column(Text)
    preset: Mapped[str | None] = mapped_column(Text)
    custom_settings: Mapped[Json] = mapped_column(JsonObject)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)


class AgentVersion(Base):
    """What an agent was from one change to the next; never changes.

    `configuration` is the service configuration as it was resolved then, since the adapter's own may change
    with its package; it is null for versions older than this table.
    """

    __tablename__ = "agent_version"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "agent_id"], ["agent.account_id", "agent.id"]),
        CheckConstraint("version > 0", name="version"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    business_adapter: Mapped[str] = mapped_column(Text)
    preset: Mapped[str | None] = mapped_column(Text)
    custom_settings: Mapped[Json] = mapped_column(JsonObject)
    configuration: Mapped[Json | None] = mapped_column(JsonObject)
    created_at: Mapped[datetime] = mapped_column(Instant)
