"""Holds: credits set aside for a workflow before it spends them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant, Money, Name
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType


class HoldStatus(StrEnum):
    """Where a hold is: open, or closed in one of three ways."""

    OPEN = "OPEN"
    SETTLED = "SETTLED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Hold(Base):
    """Credits set aside for one run.

    Of all that was ever held, the `amount`, usages `captured` some, some was `released`, some is `lent` to
    holds of child runs, and the rest is `remaining`; a closed hold keeps nothing. `rate_card_id` is the
    version that priced its planned services, for extensions too, with the account's own `override_card_id`
    where one was in force.
    """

    __tablename__ = "credit_hold"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "workflow_id"], ["workflow.account_id", "workflow.id"]),
        CheckConstraint("status IN ('OPEN', 'SETTLED', 'RELEASED', 'EXPIRED')", name="status"),
        CheckConstraint("(status = 'OPEN') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("status = 'OPEN' OR remaining = 0", name="closed_is_empty"),
        CheckConstraint(
            "amount > 0 AND captured >= 0 AND released >= 0 AND lent >= 0 AND remaining >= 0 "
            "AND captured + released + lent + remaining = amount",
            name="parts",
        ),
        Index("ix_credit_hold_workflow", "account_id", "workflow_id", "id"),
        Index("ix_credit_hold_created", "account_id", "created_at", "id"),
        Index(
            "ix_credit_hold_open",
            "account_id",
            "expires_at",
            sqlite_where=text("status = 'OPEN'"),
            postgresql_where=text("status = 'OPEN'"),
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_id: Mapped[UUID] = mapped_column(Id)
    status: Mapped[HoldStatus] = mapped_column(Name(HoldStatus))
    amount: Mapped[Credits] = mapped_column(Money)
    captured: Mapped[Credits] = mapped_column(Money)
    released: Mapped[Credits] = mapped_column(Money)
    lent: Mapped[Credits] = mapped_column(Money)
    remaining: Mapped[Credits] = mapped_column(Money)
    rate_card_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("rate_card.id"))
    override_card_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("rate_card.id"))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class HoldLine(Base):
    """What a hold was made for: one planned service, or any service where it names none. Never changes."""

    __tablename__ = "hold_line"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "hold_id"], ["credit_hold.account_id", "credit_hold.id"]),
        CheckConstraint("credits >= 0", name="credits"),
        CheckConstraint("micro_units > 0", name="units"),
        CheckConstraint(
            "(service_type IS NULL) = (provider IS NULL) AND (service_type IS NULL) = (unit_type IS NULL) "
            "AND (service_type IS NULL) = (micro_units IS NULL) "
            "AND (service_type IS NULL) = (rate_id IS NULL)",
            name="service",
        ),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    hold_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    service_type: Mapped[ServiceType | None] = mapped_column(Name(ServiceType))
    provider: Mapped[str | None] = mapped_column(Text)
    unit_type: Mapped[UnitType | None] = mapped_column(Name(UnitType))
    micro_units: Mapped[int | None] = mapped_column(BigInt)
    rate_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("rate.id"))
    credits: Mapped[Credits] = mapped_column(Money)
    held_at: Mapped[datetime] = mapped_column(Instant)


class HoldPart(Base):
    """The credits of one line that came from one source: a grant, or the credit line where it names none.

    Where the hold of a parent run lent them, `lender_hold_id` and `lender_part` say which part of it.
    """

    __tablename__ = "hold_part"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "hold_id", "line"], ["hold_line.account_id", "hold_line.hold_id", "hold_line.line"]
        ),
        ForeignKeyConstraint(["account_id", "grant_id"], ["credit_grant.account_id", "credit_grant.id"]),
        ForeignKeyConstraint(
            ["account_id", "lender_hold_id", "lender_part"],
            ["hold_part.account_id", "hold_part.hold_id", "hold_part.part"],
            name="fk_hold_part_lender",
        ),
        CheckConstraint("amount > 0 AND remaining >= 0 AND remaining <= amount", name="bounds"),
        CheckConstraint("(lender_hold_id IS NULL) = (lender_part IS NULL)", name="lender"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    hold_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[int] = mapped_column(Integer)
    grant_id: Mapped[UUID | None] = mapped_column(Id)
    lender_hold_id: Mapped[UUID | None] = mapped_column(Id)
    lender_part: Mapped[int | None] = mapped_column(Integer)
    amount: Mapped[Credits] = mapped_column(Money)
    remaining: Mapped[Credits] = mapped_column(Money)
