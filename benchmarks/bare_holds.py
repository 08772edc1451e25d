"""The bare side of the hold cycle: a driver alone, with the service's settings and nothing else of it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # ships no type information
from sqlalchemy import URL, make_url

from benchmarks.bare_store import sqlite_connection
from benchmarks.bare_verbs import LOCK, RATE, RATE_VALUES, BareVerbs, Form, Steps
from benchmarks.hold_clients import Run, Side

KEPT_CONNECTIONS = 25
"""For the service's own pools and the server's reserve."""


@asynccontextmanager
async def bare_holds(url: str, *, connections: int) -> AsyncIterator[Side]:
    """Open a migrated store that has prices, for at most so many transactions at a time."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        writer = sqlite_connection(str(address.database))
        try:
            yield BareOnSqlite(writer)
        finally:
            writer.close()
    else:
        pool = await connected(address, connections)
        try:
            yield await BareOnPostgresql.with_prices(pool)
        finally:
            await asyncio.gather(*(pool.get_nowait().close() for _ in range(pool.qsize())))


class BareOnSqlite:
    """The standard library's module, over one connection that the clients use in turn.

    SQLite has one writer at a time whatever is done: further connections would only wait for each other,
    polling. A thread for each client would add its switches. So a turn is a plain call.
    """

    def __init__(self, writer: sqlite3.Connection) -> None:
        """Learn the prices."""
        self._writer = writer
        in_bytes = Form(lambda id_: id_.bytes, _micros, lambda raw: UUID(bytes=raw))
        self._verbs = BareVerbs(in_bytes, writer.execute(_on_sqlite(RATE), RATE_VALUES).fetchone()["id"])

    async def hold(self, run: Run) -> int:
        """Set credits aside for the run; give how many."""
        return await self._turn(self._verbs.hold(run))

    async def capture(self, run: Run) -> int:
        """Record a usage that the hold covers; give what it costs."""
        return await self._turn(self._verbs.capture(run))

    async def complete(self, run: Run) -> int:
        """End the run and release the rest; give what the run cost."""
        return await self._turn(self._verbs.complete(run))

    async def _turn(self, steps: Steps) -> int:
        await asyncio.sleep(0)  # those who have waited longer come first
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            text, values = next(steps)
            while True:
                rows = self._writer.execute(_on_sqlite(text), values).fetchall()
                text, values = steps.send(rows)
        except StopIteration as stop:
            self._writer.execute("COMMIT")
            answer: int = stop.value
            return answer


class BareOnPostgresql:
    """asyncpg, a connection for each client as far as the server has them."""

    def __init__(self, pool: "asyncio.Queue[asyncpg.Connection]", rate_id: UUID) -> None:
        self._pool = pool
        self._verbs = BareVerbs(Form(_as_it_is, _as_it_is, _as_it_is), rate_id)

    @classmethod
    async def with_prices(cls, pool: "asyncio.Queue[asyncpg.Connection]") -> "BareOnPostgresql":
        """Learn the prices."""
        connection = pool.get_nowait()
        row = await connection.fetchrow(RATE, *RATE_VALUES)
        pool.put_nowait(connection)
        return cls(pool, row["id"])

    async def hold(self, run: Run) -> int:
        """Set credits aside for the run; give how many."""
        return await self._transaction(self._verbs.hold(run))

    async def capture(self, run: Run) -> int:
        """Record a usage that the hold covers; give what it costs."""
        return await self._transaction(self._verbs.capture(run))

    async def complete(self, run: Run) -> int:
        """End the run and release the rest; give what the run cost."""
        return await self._transaction(self._verbs.complete(run))

    async def _transaction(self, steps: Steps) -> int:
        connection = await self._pool.get()
        try:
            async with connection.transaction():
                return await _driven(connection, steps)
        finally:
            self._pool.put_nowait(connection)


async def connected(address: URL, wanted: int) -> "asyncio.Queue[asyncpg.Connection]":
    """Open as many connections as are wanted, or as many as the server has to spare."""
    dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
    first = await asyncpg.connect(dsn)
    spare = int(await first.fetchval("SHOW max_connections")) - KEPT_CONNECTIONS
    pool: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()
    pool.put_nowait(first)
    for _ in range(min(wanted, spare) - 1):
        pool.put_nowait(await asyncpg.connect(dsn))
    return pool


async def _driven(connection: asyncpg.Connection, steps: Steps) -> int:
    try:
        text, values = next(steps)
        while True:
            rows = await connection.fetch(text, *values)
            text, values = steps.send(rows)
    except StopIteration as stop:
        answer: int = stop.value
        return answer


@cache
def _on_sqlite(text: str) -> str:
    # The transaction has the whole store to itself there.
    return text.removesuffix(LOCK).replace("$", "?")


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - asyncpg takes ids and moments themselves
    return value


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
