"""Rate limits that processes share: together they never spend more than one bucket has, and rarely ask the store."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from metering.rate_limits import MICRO, RateLimit
from models.database import Database
from models.rate_bucket import RateBucket
from server.rate_limits import (
    ProcessRateLimits,
    RateLimited,
    SharedRateLimits,
    TooDear,
    Unlimited,
    rate_limits,
)
from server.rate_limits.standing import Standing
from server.settings import Settings
from tests.clock import SettableClock
from tests.databases.opened import closed, opened
from tests.databases.statements import statements
from tests.tenant import Tenant, new_tenant

LIMIT = RateLimit(capacity=1_000, restore_rate=100)


@pytest.fixture
def limits(tenant: Tenant) -> SharedRateLimits:
    return SharedRateLimits(LIMIT, tenant.database, processes=2)


@pytest.fixture
async def other(database_url: str, clock: SettableClock) -> AsyncIterator[SharedRateLimits]:
    """The limits of another process over the same store."""
    async with opened(database_url, clock) as database:
        yield SharedRateLimits(LIMIT, database, processes=2)


async def accepted(take: Awaitable[Standing]) -> bool:
    try:
        await take
    except RateLimited:
        return False
    return True


async def level(tenant: Tenant) -> int | None:
    """What the store says is left, in points."""
    async with tenant.database.read() as session:
        found = await session.scalar(
            select(RateBucket.level).where(RateBucket.api_key_id == tenant.api_key_id)
        )
    return None if found is None else found // MICRO


async def test_two_processes_never_let_more_through_than_one_would(
    tenant: Tenant, limits: SharedRateLimits, other: SharedRateLimits, clock: SettableClock
) -> None:
    async def fifty_each() -> int:
        takes = [accepted(each.take(tenant.api_key_id, 20)) for _ in range(50) for each in (limits, other)]
        return 20 * sum(await asyncio.gather(*takes))

    spent = await fifty_each()
    assert 900 <= spent <= 1_000
    clock.forward(seconds=5)
    spent += await fifty_each()
    assert 1_400 <= spent <= 1_500


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_order_no_more_is_spent_than_was_there_and_came_back(
    tenant: Tenant, limits: SharedRateLimits, other: SharedRateLimits, clock: SettableClock, seed: int
) -> None:
    chance = random.Random(seed)
    spent, microseconds = 0, 0
    for _ in range(150):
        process = chance.choice((limits, other))
        match chance.choice(("take", "take", "takes", "give back", "charge", "wait", "sweep")):
            case "take":
                points = chance.randrange(400)
                spent += points * await accepted(process.take(tenant.api_key_id, points))
            case "takes":
                points = chance.randrange(100)
                takes = [accepted(each.take(tenant.api_key_id, points)) for each in (limits, other) * 3]
                spent += points * sum(await asyncio.gather(*takes))
            case "give back":
                points = min(spent, chance.randrange(100))
                process.give_back(tenant.api_key_id, points)
                spent -= points
            case "charge":
                process.charge(tenant.api_key_id, chance.randrange(100))
            case "wait":
                passed = chance.choice((1_000, 200_000, 6_000_000))
                clock.forward(microseconds=passed)
                microseconds += passed
            case _:
                await process.sweep()
        assert spent * MICRO <= LIMIT.full + LIMIT.restore_rate * microseconds


async def test_operations_take_from_the_lease_and_refusals_write_nothing(
    tenant: Tenant, limits: SharedRateLimits, clock: SettableClock
) -> None:
    with statements(tenant.database) as sent:
        assert await limits.take(tenant.api_key_id, 1) == Standing(1_000, 999, 100)
        leases = len(sent)
        for _ in range(99):
            await limits.take(tenant.api_key_id, 1)
        assert len(sent) == leases
        assert await limits.take(tenant.api_key_id, 850) == Standing(1_000, 50, 100)
        for _ in range(3):
            with pytest.raises(RateLimited) as refused:
                await limits.take(tenant.api_key_id, 300)
            assert (refused.value.retry_after_seconds, refused.value.standing.remaining) == (3, 50)
        assert len(sent) == 3 * leases
        clock.forward(seconds=2.5)
        assert (await limits.take(tenant.api_key_id, 300)).remaining == 0
        assert len(sent) == 4 * leases


async def test_a_small_operation_passes_where_a_dear_one_was_refused(
    tenant: Tenant, limits: SharedRateLimits
) -> None:
    await limits.take(tenant.api_key_id, 900)
    assert not await accepted(limits.take(tenant.api_key_id, 400))
    assert (await limits.take(tenant.api_key_id, 10)).remaining == 90
    with pytest.raises(
        TooDear, match=r"^This costs 1001 points; a key has at most 1000: ask for less at once\.$"
    ):
        await limits.take(tenant.api_key_id, 1_001)


async def test_what_is_not_used_goes_back_to_the_others(
    tenant: Tenant, limits: SharedRateLimits, other: SharedRateLimits, clock: SettableClock
) -> None:
    await limits.take(tenant.api_key_id, 10)
    assert await level(tenant) == 900
    await limits.sweep()
    assert not await accepted(other.take(tenant.api_key_id, 950))
    clock.forward(seconds=0.2)
    limits.charge(tenant.api_key_id, 30)
    clock.forward(seconds=4.9)
    await limits.sweep()
    assert await level(tenant) == 900
    clock.forward(seconds=0.1)
    await limits.sweep()
    assert len(limits) == 1
    await limits.sweep()
    assert len(limits) == 0
    assert (await other.take(tenant.api_key_id, 1_000)).remaining == 0


async def test_what_is_given_back_beyond_a_lease_goes_to_the_others_at_once(
    tenant: Tenant, limits: SharedRateLimits, other: SharedRateLimits
) -> None:
    limits.start()
    await limits.take(tenant.api_key_id, 950)
    limits.give_back(tenant.api_key_id, 900)
    async with asyncio.timeout(10):
        while await level(tenant) != 850:  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.01)
    assert await accepted(other.take(tenant.api_key_id, 850))
    await limits.close()
    assert await level(tenant) == 100


async def test_many_processes_leave_each_other_enough(tenant: Tenant) -> None:
    """As many as can serve, each with a small operation of a key whose bucket was full."""
    for _ in range(64):
        limits = SharedRateLimits(LIMIT, tenant.database, processes=64)
        assert await accepted(limits.take(tenant.api_key_id, 3))
    assert await level(tenant) == 1_000 - 64 * 7


async def test_what_is_charged_is_taken_from_the_bucket_too(
    tenant: Tenant, limits: SharedRateLimits, other: SharedRateLimits
) -> None:
    await limits.take(tenant.api_key_id, 10)
    limits.charge(tenant.api_key_id, 290)
    await limits.sweep()
    assert await level(tenant) == 700
    assert not await accepted(other.take(tenant.api_key_id, 701))
    limits.charge(tenant.api_key_id, 5_000)
    await limits.sweep()
    assert await level(tenant) == 0


async def test_a_restart_forgets_nothing(tenant: Tenant, limits: SharedRateLimits) -> None:
    limits.start()
    await limits.take(tenant.api_key_id, 210)
    limits.give_back(tenant.api_key_id, 10)
    await limits.close()
    assert await level(tenant) == 800
    again = SharedRateLimits(LIMIT, tenant.database, processes=2)
    assert not await accepted(again.take(tenant.api_key_id, 801))
    assert (await again.take(tenant.api_key_id, 800)).remaining == 0


async def test_the_background_settles_what_is_owed(tenant: Tenant, limits: SharedRateLimits) -> None:
    limits.charge(tenant.api_key_id, 300)
    limits.start()
    async with asyncio.timeout(10):
        while await level(tenant) != 700:  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.01)
    await limits.close()


async def test_without_a_store_each_process_limits_by_itself(
    tenant: Tenant, database_url: str, clock: SettableClock
) -> None:
    ended = closed(database_url, clock)
    await ended.close()
    alone = SharedRateLimits(LIMIT, ended, processes=2)
    with capture_logs() as logs:
        assert (await alone.take(tenant.api_key_id, 600)).remaining == 400
        alone.give_back(tenant.api_key_id, 50)
        alone.charge(tenant.api_key_id, 100)
        assert (await alone.take(tenant.api_key_id, 0)).remaining == 1_000  # nothing is asked for nothing
        assert not await accepted(alone.take(tenant.api_key_id, 600))
        clock.forward(seconds=30)
        assert await accepted(alone.take(tenant.api_key_id, 1))
        await alone.close()
    assert [(log["event"], log["reason"]) for log in logs] == [
        ("rate limits are counted in this process only", "the store is unavailable")
    ]


async def test_a_store_that_takes_long_is_not_waited_for(
    tenant: Tenant, database_url: str, clock: SettableClock
) -> None:
    database: Database = closed(database_url, clock)
    slow = SharedRateLimits(LIMIT, database, processes=2)
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            assert await accepted(slow.take(tenant.api_key_id, 10))
            assert await accepted(slow.take(tenant.api_key_id, 10))
        await database.start()
        async with asyncio.timeout(10):
            while len(logs) < 2:  # noqa: ASYNC110 - what is waited for is in the store
                await asyncio.sleep(0.01)
        assert await level(tenant) == 900
        assert (await slow.take(tenant.api_key_id, 100)).remaining == 900
    assert [log["event"] for log in logs] == [
        "rate limits are counted in this process only",
        "rate limits are shared again",
    ]
    await database.close()


async def test_keys_have_buckets_of_their_own(tenant: Tenant, limits: SharedRateLimits) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    await limits.take(tenant.api_key_id, 1_000)
    assert (await limits.take(stranger.api_key_id, 1_000)).remaining == 0
    assert not await accepted(limits.take(tenant.api_key_id, 1))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, ProcessRateLimits),
        ({"workers": 2}, SharedRateLimits),
        ({"workers": 2, "rate_limits": "process"}, ProcessRateLimits),
        ({"rate_limits": "shared"}, SharedRateLimits),
        ({"rate_limits": "shared", "cost_limit": 0}, Unlimited),
    ],
)
async def test_the_settings_choose(sqlite_database_url: str, given: dict[str, object], kind: type) -> None:
    assert type(rate_limits(Settings.of(given), closed(sqlite_database_url))) is kind
