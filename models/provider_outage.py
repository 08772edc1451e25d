"""Outages: when an operator took a provider out of selections, and put it back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Name
from pricing.units import ServiceType


class ProviderOutage(Base):
    """A time in which a provider of a service type is not selected; it lasts until `ended_at`. Global."""

    __tablename__ = "provider_outage"
    __table_args__ = (
        CheckConstraint("ended_at >= began_at", name="order"),
        Index("ix_provider_outage_provider", "service_type", "provider", "began_at"),
        Index(
            "uq_provider_outage_open",
            "service_type",
            "provider",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    service_type: Mapped[ServiceType] = mapped_column(Name(ServiceType))
    provider: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
