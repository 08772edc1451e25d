"""The recount: whatever happened, counters equal what usages and open holds add up to; what differs is named."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from metering.budgets.recount import WrongCounter, wrong_counters
from models.budget import Budget, BudgetUse
from models.database import Database
from models.writer import Command
from pricing.credits import Credits
from tests.budgets import limit
from tests.clock import NOON, SettableClock
from tests.graph.agents import new_agent
from tests.tenant import Tenant, new_tenant

USAGES = ("PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS", "VISION gpt-4o 1 IMAGES")
SCOPES = ("ACCOUNT", "API_KEY", "AGENT", "USER", "WORKFLOW_NAME")
WINDOWS = ("HOUR", "DAY", "MONTH", "LIFETIME", "REQUEST")


async def wrong(database: Database, tenant: Tenant | None = None) -> list[WrongCounter]:
    account_id = None if tenant is None else tenant.account_id
    async with database.read() as session:
        return await session.run_sync(lambda inner: list(wrong_counters(inner, account_id=account_id)))


async def spread(tenant: Tenant) -> None:
    """Runs of two users, agents and names, with usages over the last 34 days and some minutes ahead."""
    agent = await new_agent(tenant)
    runs = [
        await tenant.start("voice_chat", user_id="ann", agent_id=agent.id),
        await tenant.start("phone_ai_call", user_id="bob"),
        await tenant.start("phone_ai_call"),
    ]
    for number, run in enumerate(runs):
        for ago in (-4, 0, 45, 60 * 13, 60 * 24 * 5, 60 * 24 * 34):
            used_at = tenant.database.clock() - timedelta(minutes=ago)
            await tenant.add(run, USAGES[(number + ago) % 3], used_at=used_at)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
async def test_counters_equal_the_records_whenever_the_budget_was_set(
    tenant: Tenant, clock: SettableClock, zone: str
) -> None:
    await spread(tenant)
    for scope in SCOPES:
        for window in WINDOWS:
            await limit(tenant, scope, window, "1000000", time_zone=zone)
    assert await wrong(tenant.database) == []
    for _ in range(3):
        clock.forward(hours=11, minutes=59)
        await spread(tenant)
        assert await wrong(tenant.database) == []
    await limit(tenant, "USER", "DAY", "500", time_zone=zone)
    await limit(tenant, "USER", "HOUR", "500", time_zone="Asia/Tokyo")
    assert await wrong(tenant.database, tenant) == []


async def test_named_subjects_are_recounted_alone(tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    for scope, subject in (
        ("API_KEY", f"key_{tenant.api_key_id.hex}"),
        ("AGENT", f"agent_{agent.id.hex}"),
        ("USER", "ann"),
        ("WORKFLOW_NAME", "voice_chat"),
    ):
        await limit(tenant, scope, "DAY", "1000", subject=subject)
    other = await tenant.with_another_key()
    await tenant.add(await tenant.start("voice_chat", user_id="ann", agent_id=agent.id), USAGES[0])
    await other.add(await other.start("other", user_id="bob"), USAGES[0])
    assert await wrong(tenant.database) == []


async def test_a_counter_that_is_wrong_is_named(database: Database) -> None:
    tenant, other = await new_tenant(database), await new_tenant(database, "Other")
    budget = await limit(tenant, "USER", "DAY", "1000")
    await limit(other, "USER", "DAY", "1000")
    await tenant.add(await tenant.start(user_id="ann"), USAGES[0])

    async def put(used: str, held: str) -> None:
        def verb(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
            session.execute(
                update(BudgetUse)
                .where(BudgetUse.account_id == tenant.account_id)
                .values(used=Credits.parse(used), held=Credits.parse(held))
            )

        await database.write(Command(tenant.account_id, verb))

    await put("99", "7")
    found = await wrong(database)
    assert await wrong(database, tenant) == found
    assert await wrong(database, other) == []
    assert [
        (each.key.subject, each.key.window_start, each.figure, str(each.recorded), str(each.recomputed))
        for each in found
    ] == [
        ("ann", NOON - timedelta(hours=12), "used", "99", "100"),
        ("ann", NOON - timedelta(hours=12), "held", "7", "0"),
    ]
    assert {(each.key.account_id, each.key.budget_id) for each in found} == {(tenant.account_id, budget.id)}
    await put("100", "0")


async def test_a_counter_that_is_missing_is_named(database: Database) -> None:
    tenant = await new_tenant(database)
    budget: Budget = await limit(tenant, "USER", "DAY", "1000")
    await tenant.add(await tenant.start(user_id="ann"), USAGES[1])

    async def rename(old: str, new: str) -> None:
        def verb(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
            session.execute(
                update(BudgetUse)
                .where(BudgetUse.account_id == tenant.account_id, BudgetUse.subject == old)
                .values(subject=new)
            )

        await database.write(Command(tenant.account_id, verb))

    await rename("ann", "eve")
    found = [(each.key.subject, str(each.recorded), str(each.recomputed)) for each in await wrong(database)]
    assert found == [("ann", "0", "3"), ("eve", "3", "0")]
    assert budget.removed_at is None
    await rename("eve", "ann")
