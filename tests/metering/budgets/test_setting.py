"""Budgets are set, replaced and removed; what does not hold together is refused and leaves nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from metering.budgets.setting import MOST_BUDGETS
from metering.errors import (
    AgentNotFound,
    ApiKeyNotFound,
    BudgetExceeded,
    BudgetNotFound,
    InvalidBudget,
)
from models.budget import Budget, BudgetAction, BudgetScope, BudgetWindow
from models.database import Database
from models.identity import new_id
from pricing.credits import Credits
from tests.budgets import figures, limit, told, unlimit
from tests.clock import NOON, SettableClock
from tests.graph.agents import new_agent
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, new_tenant

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""


async def in_force(tenant: Tenant) -> list[Budget]:
    statement = (
        select(Budget)
        .where(Budget.account_id == tenant.account_id, Budget.removed_at.is_(None))
        .order_by(Budget.id)
    )
    async with tenant.database.read() as session:
        return list((await session.scalars(statement)).all())


async def test_a_budget_is_kept_as_it_was_set(tenant: Tenant) -> None:
    await limit(
        tenant,
        "USER",
        "DAY",
        "12.5",
        subject="ann",
        name="Calls",
        time_zone="Europe/Vienna",
        action="ALERT",
        thresholds=(50, 1_000),
    )
    [budget] = await in_force(tenant)
    assert (budget.scope, budget.subject, budget.window) == (BudgetScope.USER, "ann", BudgetWindow.DAY)
    assert (budget.name, str(budget.limit), budget.time_zone) == ("Calls", "12.5", "Europe/Vienna")
    assert (budget.action, budget.thresholds) == (BudgetAction.ALERT, (50, 1_000))
    assert (budget.created_at, budget.updated_at, budget.removed_at) == (NOON, NOON, None)


async def test_what_is_left_out_has_its_default(tenant: Tenant) -> None:
    budget = await limit(tenant, "ACCOUNT", "MONTH", "0")
    assert (budget.name, budget.subject, budget.time_zone) == (None, None, "UTC")
    assert (budget.action, budget.thresholds) == (BudgetAction.BLOCK, (80, 100))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scope": "ACCOUNT", "subject": "ann"}, "subject"),
        ({"scope": "API_KEY", "subject": "ann"}, "subject"),
        ({"scope": "API_KEY", "subject": f"agent_{32 * '0'}"}, "subject"),
        ({"scope": "AGENT", "subject": f"key_{32 * '0'}"}, "subject"),
        ({"time_zone": "Europe/Wien"}, "timeZone"),
        ({"time_zone": "localtime"}, "timeZone"),
        ({"thresholds": (0,)}, "thresholds"),
        ({"thresholds": (1_001,)}, "thresholds"),
        ({"thresholds": (80, 80)}, "thresholds"),
        ({"thresholds": (100, 80)}, "thresholds"),
        ({"thresholds": tuple(range(1, 12))}, "thresholds"),
        ({"thresholds": (), "action": "ALERT"}, "thresholds"),
        ({"amount": Credits(-1)}, "limit"),
        ({"amount": Credits.whole(10**12)}, "limit"),
    ],
)
async def test_what_does_not_hold_together_is_refused(
    tenant: Tenant, nothing_written: NothingWritten, fields: dict[str, Any], field: str
) -> None:
    given = {"scope": "USER", "window": "DAY", "amount": "10", **fields}
    async with nothing_written():
        with pytest.raises(InvalidBudget) as raised:
            await limit(tenant, **given)
    assert (raised.value.code, raised.value.field) == ("INVALID_BUDGET", field)
    assert (await tenant.account()).budgets_version == 0


async def test_a_zone_that_there_is_not_names_the_nearest(tenant: Tenant) -> None:
    with pytest.raises(InvalidBudget, match="Did you mean 'Europe/Vienna'"):
        await limit(tenant, "USER", "DAY", "10", time_zone="Europe/Wienna")


async def test_a_key_or_agent_must_be_the_accounts_own_and_in_use(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(database, "Stranger")
    theirs = await new_agent(stranger)
    async with nothing_written():
        for key_id in (stranger.api_key_id, new_id()):
            with pytest.raises(ApiKeyNotFound):
                await limit(tenant, "API_KEY", "DAY", "10", subject=f"key_{key_id.hex}")
        for agent_id in (theirs.id, new_id()):
            with pytest.raises(AgentNotFound):
                await limit(tenant, "AGENT", "DAY", "10", subject=f"agent_{agent_id.hex}")


async def test_an_account_has_so_many_budgets_at_most(tenant: Tenant) -> None:
    for number in range(MOST_BUDGETS):
        await limit(tenant, "USER", "REQUEST", "1", subject=f"user-{number}")
    with pytest.raises(InvalidBudget, match="200 budgets in force"):
        await limit(tenant, "USER", "REQUEST", "1", subject="one more")
    # What is replaced, also by one of another zone, is not one more.
    await limit(tenant, "USER", "REQUEST", "2", subject="user-7")
    await limit(tenant, "USER", "REQUEST", "2", subject="user-8", time_zone="Asia/Tokyo")
    await unlimit(tenant, (await in_force(tenant))[0].id)
    await limit(tenant, "USER", "REQUEST", "1", subject="one more")
    assert len(await in_force(tenant)) == MOST_BUDGETS


async def test_another_limit_replaces_the_first_and_goes_on_counting(
    tenant: Tenant, clock: SettableClock
) -> None:
    first = await limit(tenant, "ACCOUNT", "DAY", "100", name="Day")
    await tenant.add(await tenant.start(), CHAT, "GPT gpt-4o-mini 80000 TOKENS")
    now = clock.forward(minutes=1)
    second = await limit(tenant, "ACCOUNT", "DAY", "200")
    assert (second.id, second.name, str(second.limit)) == (first.id, None, "200")
    assert (second.created_at, second.updated_at) == (NOON, now)
    assert await figures(tenant, second) == {"@03-04T00:00": ("83", "0", 0)}
    await tenant.add(await tenant.start(), "GPT gpt-4o-mini 77000 TOKENS")
    assert await told(tenant) == [(None, 80, "83"), (None, 80, "160")]
    await limit(tenant, "ACCOUNT", "DAY", "150", thresholds=(10, 50, 200))
    assert await figures(tenant, second) == {"@03-04T00:00": ("160", "0", 50)}
    await limit(tenant, "ACCOUNT", "DAY", "150", thresholds=())
    assert await figures(tenant, second) == {"@03-04T00:00": ("160", "0", 0)}


async def test_what_differs_in_kind_stands_beside_it(tenant: Tenant) -> None:
    for fields in (
        {"scope": "USER", "window": "DAY"},
        {"scope": "USER", "window": "HOUR"},
        {"scope": "ACCOUNT", "window": "DAY"},
        {"scope": "USER", "window": "DAY", "subject": "ann"},
        {"scope": "USER", "window": "DAY", "action": "ALERT"},
    ):
        await limit(tenant, amount="10", **fields)
    assert len(await in_force(tenant)) == 5


async def test_another_zone_is_a_budget_of_its_own_in_the_place_of_the_first(
    tenant: Tenant, clock: SettableClock
) -> None:
    first = await limit(tenant, "ACCOUNT", "DAY", "200")
    workflow = await tenant.start()
    await tenant.add(workflow, CHAT, used_at=NOON)
    await tenant.add(workflow, CALL, used_at=NOON - timedelta(hours=13, minutes=30))
    assert await figures(tenant, first) == {"@03-04T00:00": ("3", "0", 0)}
    now = clock.forward(minutes=1)
    second = await limit(tenant, "ACCOUNT", "DAY", "200", time_zone="Europe/Moscow")
    assert second.id != first.id
    assert [budget.id for budget in await in_force(tenant)] == [second.id]
    # 22:30 in UTC is the next day in Moscow.
    assert await figures(tenant, second) == {"@03-03T21:00": ("103", "0", 0)}
    async with tenant.database.read() as session:
        assert (await session.get_one(Budget, (tenant.account_id, first.id))).removed_at == now


async def test_a_new_budget_counts_its_present_window(tenant: Tenant, clock: SettableClock) -> None:
    workflow = await tenant.start(user_id="ann")
    await tenant.add(workflow, CALL, CHAT, used_at=NOON - timedelta(hours=1))
    await tenant.add(workflow, CALL, used_at=NOON - timedelta(days=1))
    [voided] = await tenant.add(workflow, CALL)
    await tenant.void(voided)
    await tenant.add(await tenant.start(user_id="bob"), CHAT)
    await tenant.add(await tenant.start(), CALL, CHAT)
    day = await limit(tenant, "USER", "DAY", "110", thresholds=(50, 90, 200))
    assert await figures(tenant, day) == {
        "ann@03-04T00:00": ("103", "0", 90),
        "bob@03-04T00:00": ("3", "0", 0),
    }
    ever = await limit(tenant, "USER", "LIFETIME", "1000")
    assert await figures(tenant, ever) == {
        "ann@01-01T00:00": ("203", "0", 0),
        "bob@01-01T00:00": ("3", "0", 0),
    }
    key = await limit(tenant, "API_KEY", "HOUR", "1000", subject=f"key_{tenant.api_key_id.hex}")
    assert await figures(tenant, key) == {f"key_{tenant.api_key_id.hex}@03-04T12:00": ("106", "0", 0)}
    assert await told(tenant) == []
    clock.forward(minutes=1)
    await tenant.add(workflow, CHAT)
    assert await figures(tenant, day) == {
        "ann@03-04T00:00": ("106", "0", 90),
        "bob@03-04T00:00": ("3", "0", 0),
    }


async def test_a_removed_budget_stays_as_it_was(tenant: Tenant, clock: SettableClock) -> None:
    budget = await limit(tenant, "ACCOUNT", "LIFETIME", "1")
    await tenant.add(await tenant.start(), CHAT)
    with pytest.raises(BudgetExceeded):
        await tenant.start()
    now = clock.forward(minutes=1)
    assert (await unlimit(tenant, budget.id)).removed_at == now
    clock.forward(minutes=1)
    assert (await unlimit(tenant, budget.id)).removed_at == now
    await tenant.start()
    again = await limit(tenant, "ACCOUNT", "LIFETIME", "1")
    assert again.id != budget.id


async def test_another_accounts_budget_is_not_found(tenant: Tenant, database: Database) -> None:
    theirs = await limit(await new_tenant(database, "Stranger"), "ACCOUNT", "DAY", "10")
    for budget_id in (theirs.id, new_id()):
        with pytest.raises(BudgetNotFound):
            await unlimit(tenant, budget_id)


async def test_every_change_is_seen_at_once(tenant: Tenant) -> None:
    versions = [(await tenant.account()).budgets_version]
    for amount in ("10", "0", "20"):
        budget = await limit(tenant, "ACCOUNT", "DAY", amount)
        versions.append((await tenant.account()).budgets_version)
        if amount == "0":
            with pytest.raises(BudgetExceeded):
                await tenant.start()
        else:
            await tenant.start()
    await unlimit(tenant, budget.id)
    versions.append((await tenant.account()).budgets_version)
    assert versions == sorted(set(versions))
