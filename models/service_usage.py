"""Service usages: facts, priced once, never repriced, never deleted."""

from datetime import datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Flag, Id, Instant, Money, Name
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType


class ServiceUsage(Base):
    """One metered use of one service within a workflow, with the rate that priced it.

    `exact_micros` is the amount before rounding in micro-credits as an exact ratio, e.g. `900000` or
    `1000000/3`; `credits` is what was charged.
    """

    __tablename__ = "service_usage"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "workflow_id"], ["workflow.account_id", "workflow.id"]),
        CheckConstraint("micro_units > 0", name="units"),
        CheckConstraint("credits >= 0", name="credits"),
        Index("ix_service_usage_workflow", "account_id", "workflow_id", "id"),
        Index("ix_service_usage_used", "account_id", "used_at", "id"),
        {"sqlite_strict": True},
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_id: Mapped[UUID] = mapped_column(Id)
    rate_id: Mapped[UUID] = mapped_column(Id, ForeignKey("rate.id"))
    service_type: Mapped[ServiceType] = mapped_column(Name(ServiceType))
    provider: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[UnitType] = mapped_column(Name(UnitType))
    micro_units: Mapped[int] = mapped_column(BigInt)
    credits: Mapped[Credits] = mapped_column(Money)
    exact_micros: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    late: Mapped[bool] = mapped_column(Flag)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    void_reason: Mapped[str | None] = mapped_column(Text)

    @property
    def exact_credits(self) -> Fraction:
        """The amount before rounding, in credits."""
        return Fraction(self.exact_micros) / 1_000_000
