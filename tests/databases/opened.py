"""A store that is open for the length of a test, and the proof that its books are right afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from metering.auditing import audit
from metering.rate_cards import publish_built_in_rate_card
from models.database import Database, utc_now
from models.writer import Command

READ_CONNECTIONS = 1
"""So that every test also shows that one connection is enough for any operation."""
READ_WAIT_SECONDS = 10.0
"""An operation that asks for a second connection waits for itself: it is found out before a test gives up."""


@asynccontextmanager
async def opened(
    url: str,
    clock: Callable[[], datetime] = utc_now,
    *,
    read_connections: int = READ_CONNECTIONS,
    read_wait_seconds: float = READ_WAIT_SECONDS,
) -> AsyncIterator[Database]:
    """Give a started Database on a migrated store; its connections end with the block.

    A test that itself reads while it keeps a connection says how many it needs.
    """
    database = closed(url, clock, read_connections=read_connections, read_wait_seconds=read_wait_seconds)
    await database.start()
    try:
        yield database
    finally:
        await database.close()


def closed(
    url: str,
    clock: Callable[[], datetime] = utc_now,
    *,
    read_connections: int = READ_CONNECTIONS,
    read_wait_seconds: float = READ_WAIT_SECONDS,
) -> Database:
    """Give a Database that somebody else starts and closes."""
    return Database(url, clock=clock, read_connections=read_connections, read_wait_seconds=read_wait_seconds)


@asynccontextmanager
async def opened_with_prices(
    url: str, clock: Callable[[], datetime] = utc_now, *, read_connections: int = READ_CONNECTIONS
) -> AsyncIterator[Database]:
    """Give a started Database with the built-in rate card published."""
    async with opened(url, clock, read_connections=read_connections) as database:
        await database.write(Command(None, publish_built_in_rate_card))
        yield database


async def verify(database: Database) -> None:
    """Assert that every balance and total equals what the records add up to."""
    async with database.read() as session:
        found = await session.run_sync(audit)
    assert found.differences == ()


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end in a thread of its own: the caller's thread may have a running event loop."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, work).result()
