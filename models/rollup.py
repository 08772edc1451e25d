"""Rollups: figures of usages and runs, added up by hour and day as they are recorded."""

from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigInt, Id, Instant, Name
from pricing.units import ServiceType, UnitType

NOBODY = ""
"""The user of runs for no user, and the adapter of runs of no adapter."""
NO_AGENT = UUID(int=0)
"""The agent of runs of no agent."""


class Grain(StrEnum):
    """How long a row's stretch of time is, and whether it is of one user or of all together."""

    HOUR = "HOUR"
    DAY = "DAY"
    USER_DAY = "USER_DAY"

    @property
    def length(self) -> timedelta:
        """How long a stretch is; stretches begin at whole multiples of it since 1970, in UTC."""
        return timedelta(hours=1) if self is Grain.HOUR else timedelta(days=1)


_OF_RUN = ("workflow_name", "business_adapter", "agent_id", "api_key_id")


class UsageRollup(Base):
    """What usages of one kind add up to in one stretch of time, those that are voided left out.

    A row is of its `dimensions`, in the order in which `series_of` takes them; its `figures` are added up.

    Names may be too long for an index together, so a row is known by `series_id`, a digest of all that it
    is of. `units` and `millionths` are whole units and what is left of them: in one figure they could
    outgrow 64 bits. `micros` are micro-credits. A row that was added to and taken from in equal measure says
    nothing.
    """

    __tablename__ = "usage_rollup"
    __table_args__ = (
        Index("ix_usage_rollup_api_key", "account_id", "api_key_id", "grain", "bucket"),
        Index("ix_usage_rollup_user", "account_id", "user_id", "grain", "bucket"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )

    grains: ClassVar = (Grain.HOUR, Grain.DAY, Grain.USER_DAY)
    dimensions: ClassVar = (*_OF_RUN, "user_id", "service_type", "provider", "unit_type")
    figures: ClassVar = ("usage_count", "units", "millionths", "micros")

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    grain: Mapped[Grain] = mapped_column(Name(Grain), primary_key=True)
    bucket: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    series_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_name: Mapped[str] = mapped_column(Text)
    business_adapter: Mapped[str] = mapped_column(Text)
    agent_id: Mapped[UUID] = mapped_column(Id)
    api_key_id: Mapped[UUID] = mapped_column(Id)
    user_id: Mapped[str] = mapped_column(Text)
    service_type: Mapped[ServiceType] = mapped_column(Name(ServiceType))
    provider: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[UnitType] = mapped_column(Name(UnitType))
    usage_count: Mapped[int] = mapped_column(BigInt)
    units: Mapped[int] = mapped_column(BigInt)
    millionths: Mapped[int] = mapped_column(BigInt)
    micros: Mapped[int] = mapped_column(BigInt)


class RunRollup(Base):
    """How many runs of one kind started in one stretch of time, and how long those took that have ended.

    `seconds` and `microseconds` are whole seconds and what is left of them.
    """

    __tablename__ = "run_rollup"
    __table_args__ = (
        Index("ix_run_rollup_api_key", "account_id", "api_key_id", "grain", "bucket"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )

    grains: ClassVar = (Grain.HOUR, Grain.DAY)
    dimensions: ClassVar = _OF_RUN
    figures: ClassVar = ("run_count", "ended_count", "seconds", "microseconds")

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("account.id"), primary_key=True)
    grain: Mapped[Grain] = mapped_column(Name(Grain), primary_key=True)
    bucket: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    series_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    workflow_name: Mapped[str] = mapped_column(Text)
    business_adapter: Mapped[str] = mapped_column(Text)
    agent_id: Mapped[UUID] = mapped_column(Id)
    api_key_id: Mapped[UUID] = mapped_column(Id)
    run_count: Mapped[int] = mapped_column(BigInt)
    ended_count: Mapped[int] = mapped_column(BigInt)
    seconds: Mapped[int] = mapped_column(BigInt)
    microseconds: Mapped[int] = mapped_column(BigInt)


@lru_cache(maxsize=10_000)
def series_of(*dimensions: str | UUID) -> UUID:
    """Digest what a row is of; names hold no control characters, which part them here."""
    text = "\x1f".join(each.hex if isinstance(each, UUID) else each for each in dimensions)
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


Rollup = type[UsageRollup] | type[RunRollup]
