"""The expiry job: quiet accounts do not lag behind, however many processes look after them."""

import asyncio
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from models.database import Database
from models.hold import HoldStatus
from server.background.expiry import ExpiryJob
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened, opened_with_prices
from tests.tenant import Tenant, new_tenant

CALL = "PHONE twilio 5 MINUTES"


async def test_it_expires_what_is_due_in_every_account(database: Database, clock: SettableClock) -> None:
    holds = []
    for number in range(3):
        tenant = await new_tenant(database, f"Quiet {number}", overdraft_limit="0")
        await tenant.grant("100", expires_at=NOON + timedelta(hours=2))
        holds.append((tenant, await tenant.hold(await tenant.start(), CALL)))
    job = ExpiryJob(database)
    assert await job.work_off() == 0
    clock.forward(hours=1)
    assert await job.work_off() == 3
    assert [(await tenant.hold_now(hold)).status for tenant, hold in holds] == [HoldStatus.EXPIRED] * 3
    clock.forward(hours=1)
    assert await job.work_off() == 3
    assert [str((await tenant.account()).expired) for tenant, _ in holds] == ["100"] * 3
    assert await job.work_off() == 0


async def test_two_processes_expire_once(database_url: str, prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    hold = await prepaid.hold(await prepaid.start(), CALL)
    clock.forward(hours=1)
    async with opened(database_url, clock) as another:
        jobs = [ExpiryJob(prepaid.database), ExpiryJob(another)]
        await asyncio.gather(*(job.work_off() for job in jobs))
    expired = await prepaid.hold_now(hold)
    assert (expired.status, str(expired.released)) == (HoldStatus.EXPIRED, "100")


async def test_it_works_in_the_background_until_it_is_closed(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    hold = await prepaid.hold(await prepaid.start(), CALL)
    clock.forward(hours=1)
    job = ExpiryJob(prepaid.database)
    job.start()
    async with asyncio.timeout(20):
        while (await prepaid.hold_now(hold)).status is HoldStatus.OPEN:  # noqa: ASYNC110 - what is waited for is in the store
            await asyncio.sleep(0.01)
    await job.close()


async def test_one_accounts_trouble_is_not_the_others(database_url: str, clock: SettableClock) -> None:
    """The books of one account are falsified, so that nothing of it can be moved: the others expire all the same."""
    async with opened_with_prices(database_url, clock) as database:
        tenants = [await new_tenant(database, f"Quiet {number}", overdraft_limit="0") for number in range(2)]
        for tenant in tenants:
            await tenant.grant("100")
        holds = [await tenant.hold(await tenant.start(), CALL) for tenant in tenants]
        engine = create_async_engine(database.url)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE account SET held = 0 WHERE name = 'Quiet 0'"))
        await engine.dispose()
        clock.forward(hours=1)
        job = ExpiryJob(database)
        assert await job.work_off() == 1
        found = [(await tenant.hold_now(hold)).status for tenant, hold in zip(tenants, holds, strict=True)]
        assert found == [HoldStatus.OPEN, HoldStatus.EXPIRED]
        assert await job.work_off() == 0
