"""Selections of runs, and the policies that are tried beside them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Json, JsonObject, Money
from pricing.credits import Credits


class WorkflowSelection(Base):
    """Which providers were chosen for a run, and why; never changes.

    A run may be selected for more than once: the newest counts. Where the agent had a shadow policy, what it
    would have chosen stands beside: a selection (`shadow_record`) or why it refused (`shadow_refusal`).
    """

    __tablename__ = "workflow_selection"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "workflow_id"], ["workflow.account_id", "workflow.id"]),
        ForeignKeyConstraint(
            ["account_id", "shadow_policy_id"],
            ["shadow_policy.account_id", "shadow_policy.id"],
            name="fk_workflow_selection_shadow_policy",
        ),
        CheckConstraint("total_credits >= 0 AND shadow_credits >= 0", name="credits"),
        CheckConstraint("(shadow_record IS NULL) = (shadow_credits IS NULL)", name="shadow_priced"),
        CheckConstraint(
            "(shadow_policy_id IS NOT NULL) = (shadow_record IS NOT NULL OR shadow_refusal IS NOT NULL)",
            name="shadow",
        ),
        CheckConstraint("shadow_record IS NULL OR shadow_refusal IS NULL", name="shadow_outcome"),
        Index("ix_workflow_selection_workflow", "account_id", "workflow_id", "id"),
        Index("ix_workflow_selection_shadow", "account_id", "shadow_policy_id", "made_at", "id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_id: Mapped[UUID] = mapped_column(Id)
    agent_version: Mapped[int | None] = mapped_column(Integer)
    preset: Mapped[str | None] = mapped_column(Text)
    total_credits: Mapped[Credits] = mapped_column(Money)
    record: Mapped[Json] = mapped_column(JsonObject)
    shadow_policy_id: Mapped[UUID | None] = mapped_column(Id)
    shadow_credits: Mapped[Credits | None] = mapped_column(Money)
    shadow_record: Mapped[Json | None] = mapped_column(JsonObject)
    shadow_refusal: Mapped[Json | None] = mapped_column(JsonObject)
    made_at: Mapped[datetime] = mapped_column(Instant)


class ShadowPolicy(Base):
    """A configuration that is tried on an agent's runs without serving any; one of an agent at a time.

    `configuration` is the resolved one; `preset` names where it came from, if from a preset.
    """

    __tablename__ = "shadow_policy"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "agent_id"], ["agent.account_id", "agent.id"]),
        Index("ix_shadow_policy_agent", "account_id", "agent_id", "set_at", "id"),
        Index(
            "uq_shadow_policy_in_force",
            "account_id",
            "agent_id",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(Id)
    preset: Mapped[str | None] = mapped_column(Text)
    configuration: Mapped[Json] = mapped_column(JsonObject)
    set_at: Mapped[datetime] = mapped_column(Instant)
    removed_at: Mapped[datetime | None] = mapped_column(Instant)
