"""Leases of points: never more than the bucket has, whoever claims, and the same few statements for any number."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from metering.rate_leases import Claim, Lease, lease_points, settled
from metering.rate_limits import MICRO, RateLimit
from models.database import Database
from models.rate_bucket import RateBucket
from models.writer import SetCommand
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened
from tests.databases.statements import statements
from tests.tenant import Tenant

LIMIT = RateLimit(capacity=1_000, restore_rate=100)
NOBODY = UUID(int=0)


async def leased(database: Database, *claims: Claim) -> list[Lease]:
    answers = await database.write(SetCommand(None, lease_points, claims))
    return [answer for answer in answers if isinstance(answer, Lease)]


def claim(tenant: Tenant, needed: int = 0, **fields: int) -> Claim:
    return Claim(tenant.api_key_id, LIMIT, needed, **fields)


async def test_a_key_begins_with_a_full_bucket_that_fills_again(tenant: Tenant, clock: SettableClock) -> None:
    database = tenant.database
    assert await leased(database, claim(tenant, 10, most=100, shares=2)) == [Lease(100, 900 * MICRO)]
    assert await leased(database, claim(tenant, 900)) == [Lease(900, 0)]
    assert await leased(database, claim(tenant, 1)) == [Lease(0, 0)]
    clock.forward(microseconds=9_999)
    assert await leased(database, claim(tenant, 1)) == [Lease(0, 999_900)]
    clock.forward(microseconds=1)
    assert await leased(database, claim(tenant, 1)) == [Lease(1, 0)]
    clock.forward(hours=1)
    assert await leased(database, claim(tenant)) == [Lease(0, 1_000 * MICRO)]


async def test_what_is_left_over_is_shared_out(tenant: Tenant) -> None:
    parts = [await leased(tenant.database, claim(tenant, 1, most=400, shares=4)) for _ in range(3)]
    assert [lease.points for [lease] in parts] == [250, 187, 140]


async def test_what_is_brought_back_is_there_again_and_what_is_owed_is_gone(tenant: Tenant) -> None:
    await leased(tenant.database, claim(tenant, 600))
    assert await leased(tenant.database, claim(tenant, returned=100)) == [Lease(0, 500 * MICRO)]
    assert await leased(tenant.database, claim(tenant, charged=200)) == [Lease(0, 300 * MICRO)]
    assert await leased(tenant.database, claim(tenant, charged=400)) == [Lease(0, 0)]
    assert await leased(tenant.database, claim(tenant, returned=4_000)) == [Lease(0, 1_000 * MICRO)]


async def test_a_clock_that_is_behind_neither_takes_nor_gives(
    tenant: Tenant, database_url: str, clock: SettableClock
) -> None:
    await leased(tenant.database, claim(tenant, 1_000))
    behind = SettableClock(NOON - timedelta(minutes=1))
    async with opened(database_url, behind) as another:
        assert await leased(another, claim(tenant, 1)) == [Lease(0, 0)]
    clock.forward(seconds=1)
    assert await leased(tenant.database, claim(tenant)) == [Lease(0, 100 * MICRO)]
    async with tenant.database.read() as session:
        assert [row.refilled_at for row in await session.scalars(select(RateBucket))] == [clock.now]


@pytest.mark.parametrize("count", [1, 30])
async def test_any_number_of_claims_take_three_statements(tenant: Tenant, count: int) -> None:
    tenants = [await tenant.with_another_key(f"key {number}") for number in range(count)]
    with statements(tenant.database) as sent:
        leases = await leased(tenant.database, *(claim(each, 1) for each in tenants * 2))
    assert [lease.level for lease in leases] == [999 * MICRO] * count + [998 * MICRO] * count
    assert [text.split()[0] for text in sent if not text.startswith("BEGIN")] == [
        "INSERT",
        "SELECT",
        "UPDATE",
    ]


async def test_processes_that_claim_at_once_never_get_more_than_there_is(
    tenant: Tenant, database_url: str, clock: SettableClock
) -> None:
    keys = [tenant, await tenant.with_another_key()]
    async with opened(database_url, clock) as another:
        claims = [
            leased(database, *(claim(each, 30, most=70, shares=2) for each in order))
            for number in range(25)
            for database, order in ((tenant.database, keys), (another, keys[:: (-1) ** number]))
        ]
        found = await asyncio.gather(*claims)
    points = [lease.points for leases in found for lease in leases]
    assert sum(points) <= 2 * LIMIT.capacity
    assert sum(points) > 2 * (LIMIT.capacity - 30)
    async with tenant.database.read() as session:
        levels = [row.level for row in await session.scalars(select(RateBucket))]
    assert sum(levels) + sum(points) * MICRO == 2 * LIMIT.full


@given(
    level=st.integers(0, LIMIT.full),
    numbers=st.lists(st.integers(0, 2_000), min_size=4, max_size=4),
    shares=st.integers(1, 64),
)
def test_no_claim_gets_points_that_are_not_there(level: int, numbers: list[int], shares: int) -> None:
    needed, most, returned, charged = numbers
    asked = Claim(NOBODY, LIMIT, needed=needed, most=most, shares=shares, returned=returned, charged=charged)
    lease = settled(asked, level)
    there = max(0, min(LIMIT.full, level + returned * MICRO) - charged * MICRO)
    assert lease.points * MICRO + lease.level == there
    assert lease.level >= 0
    assert lease.points == 0 if needed * MICRO > there else lease.points >= needed
    assert lease.points <= max(needed, most)
