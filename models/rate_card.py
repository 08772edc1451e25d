"""Published rate cards. Global reference tables: a usage points at the rate that priced it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Flag, Id, Instant, Money, Name
from pricing.credits import Credits, RoundingMode
from pricing.units import ServiceType, UnitType


class PublishedRateCard(Base):
    """A version of the prices. `publishing_order` numbers the versions from 1.

    With an account it is that account's alone: its rates stand in place of everybody's, and all else, the
    rounding too, is as on everybody's card in force.
    """

    __tablename__ = "rate_card"
    __table_args__ = (
        UniqueConstraint("version"),
        UniqueConstraint("publishing_order"),
        CheckConstraint('"precision" BETWEEN 0 AND 6', name="precision"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("account.id"))
    publishing_order: Mapped[int] = mapped_column(Integer)
    version: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[datetime] = mapped_column(Instant)
    rounding: Mapped[RoundingMode] = mapped_column(Name(RoundingMode))
    precision: Mapped[int] = mapped_column(Integer)
    published_at: Mapped[datetime] = mapped_column(Instant)


class PublishedRate(Base):
    """The price of one service type, provider and unit type on one card."""

    __tablename__ = "rate"
    __table_args__ = (
        UniqueConstraint("rate_card_id", "service_type", "provider", "unit_type"),
        CheckConstraint("price >= 0 AND per >= 1 AND minimum >= 0", name="price"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    rate_card_id: Mapped[UUID] = mapped_column(Id, ForeignKey("rate_card.id"))
    service_type: Mapped[ServiceType] = mapped_column(Name(ServiceType))
    provider: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[UnitType] = mapped_column(Name(UnitType))
    price: Mapped[Credits] = mapped_column(Money)
    per: Mapped[int] = mapped_column(BigInt)
    minimum: Mapped[Credits] = mapped_column(Money)
    increment_micro_units: Mapped[int | None] = mapped_column(BigInt)
    free: Mapped[bool] = mapped_column(Flag)


class PublishedTier(Base):
    """One slice of a graduated rate; the last one is open (`up_to_micro_units` is null)."""

    __tablename__ = "rate_tier"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        Index("ix_rate_tier_rate", "rate_id"),
        {"sqlite_strict": True},
    )

    rate_id: Mapped[UUID] = mapped_column(Id, ForeignKey("rate.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    up_to_micro_units: Mapped[int | None] = mapped_column(BigInt)
    price: Mapped[Credits] = mapped_column(Money)
