"""Quotes: what a plan costs, promised until a moment; a hold may take it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant, Json, JsonObject, Money, Name
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType


class StoredQuote(Base):
    """The price of a plan, kept until it expires; at most one hold takes it.

    `selection` is the record of the choice, where a configuration chose. The prices are those of
    `rate_card_id`, with the account's own `override_card_id` where one was in force.
    """

    __tablename__ = "quote"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "agent_id"], ["agent.account_id", "agent.id"]),
        ForeignKeyConstraint(["account_id", "hold_id"], ["credit_hold.account_id", "credit_hold.id"]),
        ForeignKeyConstraint(["account_id", "workflow_id"], ["workflow.account_id", "workflow.id"]),
        CheckConstraint("total_credits >= 0", name="credits"),
        CheckConstraint(
            "(hold_id IS NULL) = (taken_at IS NULL) AND (hold_id IS NULL) = (workflow_id IS NULL)",
            name="taken",
        ),
        Index("ix_quote_created", "account_id", "created_at", "id"),
        Index("ix_quote_workflow", "account_id", "workflow_id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_name: Mapped[str | None] = mapped_column(Text)
    agent_id: Mapped[UUID | None] = mapped_column(Id)
    agent_version: Mapped[int | None] = mapped_column(Integer)
    preset: Mapped[str | None] = mapped_column(Text)
    rate_card_id: Mapped[UUID] = mapped_column(Id, ForeignKey("rate_card.id"))
    override_card_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("rate_card.id"))
    total_credits: Mapped[Credits] = mapped_column(Money)
    selection: Mapped[Json | None] = mapped_column(JsonObject)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    hold_id: Mapped[UUID | None] = mapped_column(Id)
    workflow_id: Mapped[UUID | None] = mapped_column(Id)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)


class QuoteLine(Base):
    """One service of a quoted plan, with the provider that would serve it; never changes."""

    __tablename__ = "quote_line"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "quote_id"], ["quote.account_id", "quote.id"]),
        CheckConstraint("credits >= 0", name="credits"),
        CheckConstraint("micro_units > 0", name="units"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    quote_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    service_type: Mapped[ServiceType] = mapped_column(Name(ServiceType))
    provider: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[UnitType] = mapped_column(Name(UnitType))
    micro_units: Mapped[int] = mapped_column(BigInt)
    rate_id: Mapped[UUID] = mapped_column(Id, ForeignKey("rate.id"))
    credits: Mapped[Credits] = mapped_column(Money)
