"""Time is over while somebody pays: for one process it has expired, for the other not yet."""

import asyncio
from datetime import timedelta

from tests.metering.races.arena import Arena, expire
from tests.metering.races.endings import endings
from tests.tenant import Tenant, given

SEVEN = "GPT gpt-4o-mini 7000 TOKENS"


async def test_capture_and_expiry_of_the_hold(rich: Arena) -> None:
    runs = await rich.start(hold="10", until_its_round=True)

    async def add(tenant: Tenant, number: int) -> object:
        [answer] = await tenant.add_all(tenant.usage(runs[number].id, SEVEN))
        return given(answer)

    found = await endings(rich, await rich.run(add, expire))
    assert set(found) == {
        "UsageAddition Expiry | EXPIRED 10 = 7 + 3 + 0 | GRANT-HOLD 10, HOLD-SPENT 7, HOLD-GRANT 3",
        "UsageAddition Expiry | EXPIRED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10, GRANT-SPENT 7",
    }


async def test_extension_in_time_and_expiry(rich: Arena) -> None:
    """It is extended before its time is over, or it has expired; never both."""
    held = await rich.start_held(hold="10", until_its_round=True)

    async def extend(tenant: Tenant, number: int) -> object:
        return await tenant.extend(held[number][1], expires_in=timedelta(days=30))

    found = await endings(rich, await rich.run(extend, expire))
    assert set(found) == {
        "HoldExtension Expiry | OPEN 10 = 0 + 0 + 0 + 10 kept | GRANT-HOLD 10",
        "HoldClosed Expiry | EXPIRED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10",
    }


async def test_expiry_by_two_processes(rich: Arena) -> None:
    """The job of one process and the next verb of another: one of them moves what is left."""
    held = await rich.start_held(hold="10", until_its_round=True)

    async def release(tenant: Tenant, number: int) -> object:
        return await tenant.release(held[number][1])

    found = await endings(rich, await rich.run(release, expire))
    assert set(found) == {
        "HoldRelease Expiry | RELEASED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10",
        "HoldClosed Expiry | EXPIRED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10",
    }


async def test_a_grant_expires_in_mid_usage(arena: Arena) -> None:
    """What is held of it still pays; what is not held has expired, or has paid just before."""
    await arena.grant_each("10", until_its_round=True)
    runs = await arena.start(hold="4")
    usages = {}

    async def add(tenant: Tenant, number: int) -> object:
        [answer] = await tenant.add_all(tenant.usage(runs[number].id, SEVEN))
        usages[number] = given(answer).usage
        return answer

    heard = await arena.run(add, expire)
    await asyncio.gather(*(arena.owner(number).void(usage) for number, usage in usages.items()))
    found = await endings(arena, heard)
    before = "OPEN 4 = 4 + 0 + 0 | ISSUED-GRANT 10, GRANT-HOLD 4"
    assert set(found) == {
        (
            f"UsageAddition Expiry | {before}, HOLD-SPENT 4, GRANT-SPENT 3, GRANT-EXPIRED 3, "
            "SPENT-EXPIRED 4, SPENT-EXPIRED 3"
        ),
        (
            f"UsageAddition Expiry | {before}, GRANT-EXPIRED 6, HOLD-SPENT 4, OVERDRAFT-SPENT 3, "
            "SPENT-EXPIRED 4, SPENT-OVERDRAFT 3"
        ),
    }
