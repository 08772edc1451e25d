"""What is given back is given back once, and what was taken back is not paid with."""

import asyncio

from tests.metering.races.arena import Arena
from tests.metering.races.endings import endings
from tests.tenant import Tenant

SEVEN = "GPT gpt-4o-mini 7000 TOKENS"


async def test_a_usage_is_voided_twice(rich: Arena) -> None:
    runs = await rich.start(hold="10")
    usages = await asyncio.gather(*(rich.owner(n).add(run, SEVEN) for n, run in enumerate(runs)))

    async def void(tenant: Tenant, number: int) -> object:
        return await tenant.void(usages[number][0])

    heard = await rich.run(void, void)
    await rich.end_all(runs)
    found = await endings(rich, heard)
    after = "SETTLED 10 = 7 + 3 + 0 | GRANT-HOLD 10, HOLD-SPENT 7, SPENT-GRANT 7, HOLD-GRANT 3"
    assert set(found) == {
        f"UsageVoiding ServiceUsageAlreadyVoided | {after}",
        f"ServiceUsageAlreadyVoided UsageVoiding | {after}",
    }


async def test_a_usage_is_voided_while_its_run_ends(rich: Arena) -> None:
    runs = await rich.start(hold="10")
    usages = await asyncio.gather(*(rich.owner(n).add(run, SEVEN) for n, run in enumerate(runs)))

    async def void(tenant: Tenant, number: int) -> object:
        return await tenant.void(usages[number][0])

    async def end(tenant: Tenant, number: int) -> object:
        return await tenant.end(runs[number])

    found = await endings(rich, await rich.run(void, end))
    before = "UsageVoiding Workflow | SETTLED 10 = 7 + 3 + 0 | GRANT-HOLD 10, HOLD-SPENT 7"
    assert set(found) == {
        f"{before}, SPENT-GRANT 7, HOLD-GRANT 3",
        f"{before}, HOLD-GRANT 3, SPENT-GRANT 7",
    }
    for number, run in enumerate(runs):
        after = await rich.owner(number).workflow(run.id)
        assert (after.status, str(after.total_credits), after.usage_count) == ("COMPLETED", "0", 0)


async def test_a_grant_is_voided_while_it_is_held(arena: Arena) -> None:
    """It is held first, and taken back when the hold gives it back; or it is gone before."""
    grants = await arena.grant_each("10")
    runs = await arena.start()

    async def void(tenant: Tenant, number: int) -> object:
        return await tenant.void_grant(grants[number])

    async def hold(tenant: Tenant, number: int) -> object:
        return await tenant.hold(runs[number], "6")

    heard = await arena.run(void, hold)
    await arena.end_all(runs)
    found = await endings(arena, heard)
    assert set(found) == {
        "GrantVoiding CreditsExhausted |  | ISSUED-GRANT 10, GRANT-ISSUED 10",
        (
            "GrantVoiding Hold | SETTLED 6 = 0 + 6 + 0 | "
            "ISSUED-GRANT 10, GRANT-HOLD 6, GRANT-ISSUED 4, HOLD-ISSUED 6"
        ),
    }
