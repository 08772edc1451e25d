"""The relay: what one process commits wakes who waits in another, whatever gets lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from models.database import Database
from models.feed import Feed, Watch
from models.relay import MOST_IN_A_NOTICE, Relay
from tests.databases.opened import opened
from tests.tenant import Tenant

SOON = 15.0
PHONE = "PHONE twilio 1 MINUTES"


@asynccontextmanager
async def process(url: str) -> AsyncIterator[tuple[Database, Relay]]:
    """A database with its relay, as each process has one."""
    async with opened(url) as database:
        relay = Relay(database)
        relay.start()
        yield database, relay
        await relay.close()


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Database]:
    async with process(database_url) as (database, _):
        yield database


@pytest.fixture
async def there(database_url: str, tenant: Tenant) -> AsyncIterator[Tenant]:
    """The tenant as another process writes for it."""
    async with process(database_url) as (database, _):
        yield replace(tenant, database=database)


async def settled(watch: Watch) -> None:
    """Wait until the watch has been woken for being new, and sleeps."""
    await woken(watch)
    while await is_woken(watch, 0.6):
        pass


async def woken(watch: Watch) -> None:
    assert await is_woken(watch, SOON)


async def is_woken(watch: Watch, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await watch.moved(at_most_seconds=seconds)
    return loop.time() - before < seconds


async def test_a_write_elsewhere_wakes(here: Database, there: Tenant) -> None:
    with here.feed.watch(there.account_id) as watch:
        await settled(watch)
        await there.grant("5")
        await woken(watch)


async def test_what_moves_no_credits_wakes_who_watches_the_run(here: Database, there: Tenant) -> None:
    run = await there.start()
    with here.feed.watch(there.account_id, run.id) as watch:
        await settled(watch)
        await there.end(run)
        await woken(watch)


async def test_a_write_whose_word_is_lost_wakes_too(here: Database, tenant: Tenant) -> None:
    """The tenant's own database has no relay: it tells nobody, as a process that dies after its commit."""
    with here.feed.watch(tenant.account_id) as watch:
        await settled(watch)
        await tenant.grant("5")
        await woken(watch)


async def test_a_lost_connection_is_made_again(postgresql_database_url: str) -> None:
    async with process(postgresql_database_url) as (database, _):
        listening = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        account_id = UUID(int=7)
        with database.feed.watch(account_id) as watch:
            await settled(watch)
            async with database.read() as session:
                assert (await session.execute(listening)).all()
            # Whatever was said in the meantime is unknown, so everybody looks.
            await woken(watch)
            async with process(postgresql_database_url) as (other, _):
                other.feed.announce([account_id])
                await woken(watch)


def test_a_notice_fits_into_what_postgresql_takes() -> None:
    assert 33 * (MOST_IN_A_NOTICE + 1) < 8_000


async def test_a_process_tells_nobody_before_there_is_a_relay() -> None:
    Feed().announce([UUID(int=1)])
