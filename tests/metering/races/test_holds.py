"""Captures, releases, extensions and endings of one hold race each other: it is used and given back once."""

from metering.tracking import IfUncovered
from tests.metering.races.arena import Arena
from tests.metering.races.endings import endings
from tests.tenant import Tenant, given

SEVEN = "GPT gpt-4o-mini 7000 TOKENS"


async def test_capture_and_capture(arena: Arena) -> None:
    """The hold covers one of two usages, and nothing else does."""
    await arena.grant_each("10")
    runs = await arena.start(hold="10")

    async def add(tenant: Tenant, number: int) -> object:
        item = tenant.usage(runs[number].id, SEVEN, if_uncovered=IfUncovered.REFUSE)
        [answer] = await tenant.add_all(item)
        return given(answer)

    heard = await arena.run(add, add)
    await arena.end_all(runs)
    found = await endings(arena, heard)
    after = "SETTLED 10 = 7 + 3 + 0 | ISSUED-GRANT 10, GRANT-HOLD 10, HOLD-SPENT 7, HOLD-GRANT 3"
    assert set(found) == {
        f"UsageAddition CreditsExhausted | {after}",
        f"CreditsExhausted UsageAddition | {after}",
    }


async def test_capture_and_capture_of_facts(rich: Arena) -> None:
    """Both are recorded: the hold pays what it has, the grant the rest."""
    runs = await rich.start(hold="10")

    async def add(tenant: Tenant, number: int) -> object:
        [answer] = await tenant.add_all(tenant.usage(runs[number].id, SEVEN))
        return given(answer)

    found = await endings(rich, await rich.run(add, add))
    moves = "GRANT-HOLD 10, HOLD-SPENT 7, HOLD-SPENT 3, GRANT-SPENT 4"
    assert set(found) == {f"UsageAddition UsageAddition | OPEN 10 = 10 + 0 + 0 | {moves}"}


async def test_capture_and_release(rich: Arena) -> None:
    held = await rich.start_held(hold="10")

    async def add(tenant: Tenant, number: int) -> object:
        [answer] = await tenant.add_all(tenant.usage(held[number][0].id, SEVEN))
        return given(answer)

    async def release(tenant: Tenant, number: int) -> object:
        return await tenant.release(held[number][1])

    found = await endings(rich, await rich.run(add, release))
    assert set(found) == {
        "UsageAddition HoldRelease | RELEASED 10 = 7 + 3 + 0 | GRANT-HOLD 10, HOLD-SPENT 7, HOLD-GRANT 3",
        "UsageAddition HoldRelease | RELEASED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10, GRANT-SPENT 7",
    }


async def test_completion_and_release(rich: Arena) -> None:
    held = await rich.start_held(hold="10")

    async def complete(tenant: Tenant, number: int) -> object:
        return await tenant.end(held[number][0])

    async def release(tenant: Tenant, number: int) -> object:
        return await tenant.release(held[number][1])

    found = await endings(rich, await rich.run(complete, release))
    assert set(found) == {
        "Workflow HoldClosed | SETTLED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10",
        "Workflow HoldRelease | RELEASED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10",
    }


async def test_release_and_release(rich: Arena) -> None:
    held = await rich.start_held(hold="10")

    async def release(tenant: Tenant, number: int) -> object:
        return await tenant.release(held[number][1])

    found = await endings(rich, await rich.run(release, release))
    after = "RELEASED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10"
    assert set(found) == {f"HoldRelease HoldClosed | {after}", f"HoldClosed HoldRelease | {after}"}


async def test_extension_and_release(rich: Arena) -> None:
    held = await rich.start_held(hold="10")

    async def extend(tenant: Tenant, number: int) -> object:
        return await tenant.extend(held[number][1], "5")

    async def release(tenant: Tenant, number: int) -> object:
        return await tenant.release(held[number][1])

    found = await endings(rich, await rich.run(extend, release))
    extended = "GRANT-HOLD 10, GRANT-HOLD 5, HOLD-GRANT 10, HOLD-GRANT 5"
    assert set(found) == {
        f"HoldExtension HoldRelease | RELEASED 15 = 0 + 15 + 0 | {extended}",
        "HoldClosed HoldRelease | RELEASED 10 = 0 + 10 + 0 | GRANT-HOLD 10, HOLD-GRANT 10",
    }


async def test_completion_of_parent_and_child(rich: Arena) -> None:
    """What a child borrowed goes back to its parent, or past it where the parent has ended."""
    parents = await rich.start(hold="10")
    children = await rich.start(hold="4", parents=parents)

    async def complete_parent(tenant: Tenant, number: int) -> object:
        return await tenant.end(parents[number])

    async def complete_child(tenant: Tenant, number: int) -> object:
        return await tenant.end(children[number])

    found = await endings(rich, await rich.run(complete_parent, complete_child))
    child = "SETTLED 4 = 0 + 4 + 0"
    assert set(found) == {
        (
            f"Workflow Workflow | SETTLED 10 = 0 + 10 + 0, {child} | "
            "GRANT-HOLD 10, HOLD-HOLD 4, HOLD-HOLD 4, HOLD-GRANT 10"
        ),
        (
            f"Workflow Workflow | SETTLED 10 = 0 + 6 + 4, {child} | "
            "GRANT-HOLD 10, HOLD-HOLD 4, HOLD-GRANT 6, HOLD-GRANT 4"
        ),
    }
