"""Budgets beside holds: what is held counts as taken, and whatever becomes of it, the counters follow."""

import asyncio
from datetime import timedelta

import pytest

from metering.errors import BudgetExceeded
from tests.budgets import figures, limit, told
from tests.clock import SettableClock
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""


async def test_a_hold_is_captured_and_the_rest_released(tenant: Tenant) -> None:
    budget = await limit(tenant, "USER", "DAY", "200")
    run = await tenant.start(user_id="ann")
    await tenant.hold(run, CALL, CHAT)
    assert await figures(tenant, budget) == {"ann@03-04T00:00": ("0", "103", 0)}
    await tenant.add(run, "PHONE twilio 2 MINUTES", "GPT gpt-4o-mini 5000 TOKENS")
    assert await figures(tenant, budget) == {"ann@03-04T00:00": ("45", "60", 0)}
    await tenant.end(run)
    assert await figures(tenant, budget) == {"ann@03-04T00:00": ("45", "0", 0)}


async def test_a_hold_that_expires_leaves_its_window(tenant: Tenant, clock: SettableClock) -> None:
    budget = await limit(tenant, "ACCOUNT", "DAY", "100")
    await tenant.hold(await tenant.start(), "100", expires_in=timedelta(hours=1))
    with pytest.raises(BudgetExceeded):
        await tenant.start()
    clock.forward(hours=1)
    await tenant.hold(await tenant.start(), "70")
    assert await figures(tenant, budget) == {"@03-04T00:00": ("0", "70", 0)}


async def test_a_hold_of_yesterday_is_captured_today(tenant: Tenant, clock: SettableClock) -> None:
    budget = await limit(tenant, "ACCOUNT", "DAY", "100", thresholds=(50,))
    run = await tenant.start()
    hold = await tenant.hold(run, "80", expires_in=timedelta(days=2))
    clock.forward(hours=13)
    await tenant.add(run, "PHONE twilio 3 MINUTES")
    assert await figures(tenant, budget) == {
        "@03-04T00:00": ("0", "20", 0),
        "@03-05T00:00": ("60", "0", 50),
    }
    assert await told(tenant) == [(None, 50, "60")]
    await tenant.extend(hold, "40")
    with pytest.raises(BudgetExceeded):
        await tenant.extend(hold, "0.000001")
    assert await figures(tenant, budget) == {
        "@03-04T00:00": ("0", "20", 0),
        "@03-05T00:00": ("60", "40", 50),
    }
    await tenant.release(hold)
    assert await figures(tenant, budget) == {"@03-05T00:00": ("60", "0", 50)}


async def test_what_a_parent_lends_changes_hands(tenant: Tenant) -> None:
    each = await limit(tenant, "USER", "DAY", "100")
    everyone = await limit(tenant, "ACCOUNT", "DAY", "100")
    parent = await tenant.start(user_id="ann")
    await tenant.hold(parent, "100")
    with pytest.raises(BudgetExceeded):
        await tenant.start(user_id="bob")
    child = await tenant.start(user_id="bob", parent_workflow_id=parent.id)
    held = await tenant.hold(child, "60")
    assert await figures(tenant, each) == {
        "ann@03-04T00:00": ("0", "40", 0),
        "bob@03-04T00:00": ("0", "60", 0),
    }
    assert await figures(tenant, everyone) == {"@03-04T00:00": ("0", "100", 0)}
    await tenant.add(child, "GPT gpt-4o-mini 20000 TOKENS")
    await tenant.release(held)
    assert await figures(tenant, each) == {
        "ann@03-04T00:00": ("0", "80", 0),
        "bob@03-04T00:00": ("20", "0", 0),
    }
    assert await figures(tenant, everyone) == {"@03-04T00:00": ("20", "80", 0)}


async def test_a_run_has_a_budget_of_its_own(tenant: Tenant, nothing_written: NothingWritten) -> None:
    await limit(tenant, "ACCOUNT", "REQUEST", "100")
    run, other = await tenant.start(), await tenant.start()
    await tenant.hold(run, "60")
    await tenant.add(run, "GPT gpt-4o-mini 20000 TOKENS")
    async with nothing_written():
        with pytest.raises(BudgetExceeded) as raised:
            await tenant.hold(run, "41")
    assert (str(raised.value.used), str(raised.value.held), str(raised.value.left)) == ("20", "40", "40")
    await tenant.hold(run, "40")
    await tenant.hold(other, "100")


async def test_a_usage_of_the_past_counts_where_it_was_used(tenant: Tenant, clock: SettableClock) -> None:
    budget = await limit(tenant, "USER", "DAY", "1")
    run = await tenant.start(user_id="ann")
    yesterday = clock.now
    clock.forward(days=1)
    [usage] = await tenant.add(run, CHAT, used_at=yesterday)
    assert await figures(tenant, budget) == {"ann@03-04T00:00": ("3", "0", 100)}
    await tenant.start(user_id="ann")
    await tenant.void(usage)
    assert await figures(tenant, budget) == {"ann@03-04T00:00": ("0", "0", 100)}


async def test_of_many_holds_at_once_exactly_those_pass_that_fit(tenant: Tenant) -> None:
    """The first use of a user who was never seen is as safe as the hundredth."""
    budget = await limit(tenant, "USER", "DAY", "70")
    runs = [await tenant.start(user_id="new") for _ in range(40)]

    async def hold(number: int) -> bool:
        [answer] = await tenant.hold_all(tenant.holding(runs[number % 40].id, "1"))
        assert not isinstance(answer, Exception) or isinstance(answer, BudgetExceeded)
        return not isinstance(answer, Exception)

    passed = await asyncio.gather(*(hold(number) for number in range(200)))
    assert sum(passed) == 70
    assert await figures(tenant, budget) == {"new@03-04T00:00": ("0", "70", 0)}
