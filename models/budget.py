"""Budgets: limits over a window, and how much of each was used."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Money, Name, Percents
from pricing.credits import Credits


class BudgetScope(StrEnum):
    """Whose spending a budget limits."""

    ACCOUNT = "ACCOUNT"
    API_KEY = "API_KEY"
    AGENT = "AGENT"
    USER = "USER"
    WORKFLOW_NAME = "WORKFLOW_NAME"


class BudgetWindow(StrEnum):
    """Over what a budget's limit counts: one run, a calendar window, or for ever."""

    REQUEST = "REQUEST"
    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"
    LIFETIME = "LIFETIME"


class BudgetAction(StrEnum):
    """What happens beyond the limit."""

    BLOCK = "BLOCK"
    ALERT = "ALERT"


class Budget(Base):
    """A limit. Without a `subject` it holds for each key, agent, user or workflow name by itself.

    `subject` is the id of a key or agent as callers see it, a user id, or a workflow name.
    """

    __tablename__ = "budget"
    __table_args__ = (
        CheckConstraint("scope IN ('ACCOUNT', 'API_KEY', 'AGENT', 'USER', 'WORKFLOW_NAME')", name="scope"),
        CheckConstraint("window_kind IN ('REQUEST', 'HOUR', 'DAY', 'MONTH', 'LIFETIME')", name="window_kind"),
        CheckConstraint("action IN ('BLOCK', 'ALERT')", name="action"),
        CheckConstraint("credit_limit >= 0", name="credit_limit"),
        CheckConstraint("scope <> 'ACCOUNT' OR subject IS NULL", name="subject"),
        Index("ix_budget_created", "account_id", "created_at", "id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    scope: Mapped[BudgetScope] = mapped_column(Name(BudgetScope))
    subject: Mapped[str | None] = mapped_column(Text)
    window: Mapped[BudgetWindow] = mapped_column("window_kind", Name(BudgetWindow))
    time_zone: Mapped[str] = mapped_column(Text)
    limit: Mapped[Credits] = mapped_column("credit_limit", Money)
    action: Mapped[BudgetAction] = mapped_column(Name(BudgetAction))
    thresholds: Mapped[tuple[int, ...]] = mapped_column(Percents)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    removed_at: Mapped[datetime | None] = mapped_column(Instant)


class BudgetUse(Base):
    """How much of a budget one subject used in one window; no row means none.

    `used` is what usages cost, by when they were used; `held` what open holds set aside, by when they were
    made; `alerted` the highest threshold, in percent, that was told. A budget of the whole account has the
    subject "", a budget for ever the window that starts in 1970; a budget of single runs has no rows.
    """

    __tablename__ = "budget_use"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "budget_id"], ["budget.account_id", "budget.id"]),
        CheckConstraint("used >= 0 AND held >= 0 AND alerted >= 0", name="bounds"),
        Index("ix_budget_use_window", "account_id", "budget_id", "window_start"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    budget_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    window_start: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    used: Mapped[Credits] = mapped_column(Money)
    held: Mapped[Credits] = mapped_column(Money)
    alerted: Mapped[int] = mapped_column(Integer)
