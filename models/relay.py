"""The relay: processes that serve one store wake each other's watchers.

On PostgreSQL by NOTIFY, sent after the commit over a connection of its own: inside the transaction it would
make commits wait for each other. On SQLite the file's own version says that somebody has committed. Either
way the store is looked at from time to time as well, since a process may die between its commit and its word.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from models.availability import is_unavailable
from models.database import Database
from models.engines import CONNECT_TIMEOUT_SECONDS
from models.marks import Marks

CHANNEL = "creditgraph_moved"
MOST_IN_A_NOTICE = 200
"""Accounts that one notice names; PostgreSQL takes notices of up to 8,000 bytes."""
GATHER_SECONDS = 0.02
LOOK_EVERY_SECONDS = 2.0
SQLITE_LOOK_EVERY_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Relay:
    """Carries word of commits between processes until it is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._feed = database.feed
        self._marks = Marks()
        self._name = uuid4().hex
        self._moved: set[UUID] = set()
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen and to tell."""
        if not self._database.is_sqlite:
            self._feed.pass_on = self._note
        self._work = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """Tell what is still to be told, and stop."""
        self._closing.set()
        self._wake.set()
        if self._work is not None:
            # A store that cannot be reached any more must not keep the process.
            await asyncio.wait([self._work], timeout=_CLOSE_SECONDS)
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def _note(self, account_ids: Collection[UUID]) -> None:
        self._moved.update(account_ids)
        self._wake.set()

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        engine = _engine(self._database)
        while not self._closing.is_set():
            try:
                async with engine.connect() as connection:
                    pause = FIRST_PAUSE_SECONDS
                    await (self._poll if self._database.is_sqlite else self._exchange)(connection)
            except Exception as error:
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                reason = "the store is unavailable" if is_unavailable(error) else None
                log.warning("relay pauses", seconds=pause, reason=reason, exc_info=None if reason else error)
                await _wait(self._closing, pause)

    async def _poll(self, connection: AsyncConnection) -> None:
        """Look whenever the SQLite file has another version, as long as anybody watches."""
        seen = None
        while not self._closing.is_set():
            if self._feed.watch_count:
                version = (await connection.exec_driver_sql("PRAGMA data_version")).scalar_one()
                if version != seen or self._marks.lack(self._feed.watches()):
                    seen = version
                    await self._look()
            await _wait(self._closing, SQLITE_LOOK_EVERY_SECONDS)

    async def _exchange(self, connection: AsyncConnection) -> None:
        """Listen, tell what has gathered, and look from time to time."""
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.add_listener(CHANNEL, self._heard)
        # What was said before this connection listened is not repeated.
        self._feed.wake_all()
        while True:
            await _wait(self._wake, LOOK_EVERY_SECONDS)
            if not self._wake.is_set():
                # This also shows whether the connection still lives.
                await connection.execute(_STILL_THERE)
                await self._look()
                continue
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            for notice in self._notices():
                await connection.execute(_NOTIFY, {"channel": CHANNEL, "notice": notice})
            if self._closing.is_set():
                return

    def _notices(self) -> Iterator[str]:
        moved, self._moved = list(self._moved), set()
        for start in range(0, len(moved), MOST_IN_A_NOTICE):
            names = (account_id.hex for account_id in moved[start : start + MOST_IN_A_NOTICE])
            yield " ".join((self._name, *names))

    def _heard(self, _connection: object, _process: int, _channel: str, notice: str) -> None:
        sender, *names = notice.split(" ")
        if sender != self._name:
            self._feed.wake([UUID(hex=name) for name in names])

    async def _look(self) -> None:
        watches = self._feed.watches()
        if not watches:
            return
        for watch in await self._database.ask(lambda session: self._marks.look(session, watches)):
            watch.wake()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, or for so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _engine(database: Database) -> AsyncEngine:
    if database.is_sqlite:
        return create_async_engine(database.url, poolclass=NullPool, hide_parameters=True)
    return create_async_engine(
        database.url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": CONNECT_TIMEOUT_SECONDS},
        hide_parameters=True,
    )


_NOTIFY = text("SELECT pg_notify(:channel, :notice)")
_STILL_THERE = text("SELECT 1")
_CLOSE_SECONDS = 1.0
