"""Replay jobs: replays that are too long for one answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Flag, Id, Instant, Json, JsonObject, Name


class ReplayStatus(StrEnum):
    """Where a replay job is: waiting, at work, or ended in one of three ways."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ReplayJob(Base):
    """A replay that a process works off in the background.

    The process holds it until `leased_until`; when that passes without word, the process is taken for dead
    and another begins anew. `run_total` is what was counted at the beginning; `run_done` rises to it.
    """

    __tablename__ = "replay_job"
    __table_args__ = (
        CheckConstraint("status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')", name="status"),
        CheckConstraint("(status IN ('QUEUED', 'RUNNING')) = (finished_at IS NULL)", name="finished"),
        CheckConstraint("(status = 'COMPLETED') = (result IS NOT NULL)", name="result"),
        CheckConstraint("(status = 'FAILED') = (error IS NOT NULL)", name="error"),
        CheckConstraint("run_total >= 0 AND run_done >= 0", name="progress"),
        Index("ix_replay_job_created", "account_id", "created_at", "id"),
        Index(
            "ix_replay_job_unfinished",
            "account_id",
            "leased_until",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    status: Mapped[ReplayStatus] = mapped_column(Name(ReplayStatus))
    request: Mapped[Json] = mapped_column(JsonObject)
    run_total: Mapped[int | None] = mapped_column(BigInt)
    run_done: Mapped[int] = mapped_column(BigInt)
    result: Mapped[Json | None] = mapped_column(JsonObject)
    error: Mapped[str | None] = mapped_column(Text)
    cancel_requested: Mapped[bool] = mapped_column(Flag)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
