"""Leases of points: processes take points of a key's bucket ahead of their use, and bring back what is left.

Every claim locks the rows of its keys before it reads them: however many processes claim at once, they never
get more than the bucket had and has got back since.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from metering.rate_limits import MICRO, RateLimit, microseconds_between
from models.base import table_of
from models.rate_bucket import RateBucket


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process brings of a key's points, what it has spent beyond them, and what it wants to lease.

    It gets what is `needed`, or nothing; to have some ahead, up to `most`, but only one of so many `shares`
    of what is there, so that other processes find some too.
    """

    api_key_id: UUID
    limit: RateLimit
    needed: int = 0
    most: int = 0
    shares: int = 1
    returned: int = 0
    charged: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The points that a claim got, and what is left in the bucket in millionths."""

    points: int
    level: int


def lease_points(session: Session, items: Sequence[Claim], *, now: datetime) -> list[Lease]:
    """Meet claims, in their order; a key that has no bucket yet gets a full one."""
    buckets = _locked_buckets(session, items, now)
    leases: list[Lease] = []
    for claim in items:
        bucket = buckets[claim.api_key_id]
        since = microseconds_between(bucket.refilled_at, now)
        lease = settled(claim, claim.limit.refilled(bucket.level, since))
        # A process whose clock is behind must not have the same time counted twice.
        buckets[claim.api_key_id] = _Bucket(lease.level, max(now, bucket.refilled_at))
        leases.append(lease)
    rows = [
        {"key": key, "level": bucket.level, "refilled_at": bucket.refilled_at}
        for key, bucket in buckets.items()
    ]
    session.connection().execute(_WRITE_BACK, rows)
    return leases


def settled(claim: Claim, level: int) -> Lease:
    """Meet a claim out of a bucket of this level."""
    level = min(claim.limit.full, level + claim.returned * MICRO)
    level = max(0, level - claim.charged * MICRO)
    there = level // MICRO
    points = 0 if claim.needed > there else max(claim.needed, min(claim.most, there // claim.shares))
    return Lease(points, level - points * MICRO)


@dataclass(frozen=True, slots=True)
class _Bucket:
    level: int
    refilled_at: datetime


def _locked_buckets(session: Session, claims: Iterable[Claim], now: datetime) -> dict[UUID, _Bucket]:
    first = {claim.api_key_id: claim.limit.full for claim in claims}
    keys = sorted(first)  # in one order everywhere, so that no two wait for each other
    full = [{"api_key_id": key, "level": first[key], "refilled_at": now} for key in keys]
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    session.connection().execute(_INSERT_FIRST_SQLITE if on_sqlite else _INSERT_FIRST_POSTGRESQL, full)
    rows: Sequence[Any] = session.execute(_LOCK, {"keys": keys}).all()
    return {row.api_key_id: _Bucket(row.level, row.refilled_at) for row in rows}


_TABLE = table_of(RateBucket)
_INSERT_FIRST_SQLITE = sqlite.insert(_TABLE).on_conflict_do_nothing()
_INSERT_FIRST_POSTGRESQL = postgresql.insert(_TABLE).on_conflict_do_nothing()
_LOCK = (
    select(_TABLE)
    .where(_TABLE.c.api_key_id.in_(bindparam("keys", expanding=True)))
    .order_by(_TABLE.c.api_key_id)
    .with_for_update()
)
_WRITE_BACK = (
    update(_TABLE)
    .where(_TABLE.c.api_key_id == bindparam("key"))
    .values(level=bindparam("level"), refilled_at=bindparam("refilled_at"))
)
