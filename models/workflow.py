"""Workflows: runs that collect service usages."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant, Json, JsonObject, Lineage, Money, Name
from pricing.credits import Credits


class WorkflowStatus(StrEnum):
    """Where a run is: running, or ended in one of three ways."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Workflow(Base):
    """One run. Its totals count the usages that are not voided and move with them in one transaction.

    `ancestor_ids` are its parent's ancestors and its parent, the root first. `agent_version` is the version
    of the agent that it ran under.
    """

    __tablename__ = "workflow"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "agent_id"], ["agent.account_id", "agent.id"]),
        ForeignKeyConstraint(["account_id", "api_key_id"], ["api_key.account_id", "api_key.id"]),
        ForeignKeyConstraint(
            ["account_id", "parent_workflow_id"],
            ["workflow.account_id", "workflow.id"],
            name="fk_workflow_parent_workflow",
        ),
        CheckConstraint("status IN ('RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')", name="status"),
        CheckConstraint("(status = 'RUNNING') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("duration_micros >= 0", name="duration"),
        CheckConstraint("total_credits >= 0 AND usage_count >= 0", name="totals"),
        Index("ix_workflow_started", "account_id", "started_at", "id"),
        Index("ix_workflow_agent", "account_id", "agent_id", "started_at", "id"),
        Index("ix_workflow_api_key", "account_id", "api_key_id", "started_at", "id"),
        Index("ix_workflow_user", "account_id", "user_id", "started_at", "id"),
        Index("ix_workflow_name", "account_id", "workflow_name", "started_at", "id"),
        Index("ix_workflow_cost", "account_id", "total_credits", "id"),
        Index("ix_workflow_parent", "account_id", "parent_workflow_id"),
        Index(
            "ix_workflow_running",
            "account_id",
            "id",
            sqlite_where=text("status = 'RUNNING'"),
            postgresql_where=text("status = 'RUNNING'"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_name: Mapped[str] = mapped_column(Text)
    status: Mapped[WorkflowStatus] = mapped_column(Name(WorkflowStatus))
    business_adapter: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(Text)
    agent_id: Mapped[UUID | None] = mapped_column(Id)
    agent_version: Mapped[int | None] = mapped_column(Integer)
    api_key_id: Mapped[UUID] = mapped_column(Id)
    parent_workflow_id: Mapped[UUID | None] = mapped_column(Id)
    ancestor_ids: Mapped[tuple[UUID, ...]] = mapped_column(Lineage)
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    duration_micros: Mapped[int | None] = mapped_column(BigInt)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    total_credits: Mapped[Credits] = mapped_column(Money)
    usage_count: Mapped[int] = mapped_column(BigInt)
    run_metadata: Mapped[Json | None] = mapped_column("metadata", JsonObject)
