"""The buckets of points that keys have in all processes together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant


class RateBucket(Base):
    """What a key had left at a moment, in millionths of a point. A key without a row has a full bucket."""

    __tablename__ = "rate_bucket"
    __table_args__ = (CheckConstraint("level >= 0", name="level"), {"sqlite_strict": True})

    api_key_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_key.id"), primary_key=True)
    level: Mapped[int] = mapped_column(BigInt)
    refilled_at: Mapped[datetime] = mapped_column(Instant)
