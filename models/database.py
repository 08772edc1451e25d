"""The database: `read()` for a snapshot, `write(command)` for a committed change; SQLite or PostgreSQL."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar, overload

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from models import engines
from models.availability import StoreUnavailable, is_transient
from models.feed import Feed
from models.lane import Lane
from models.statement_count import count_statements
from models.transactions import SESSION, Transactions, Work
from models.writer import Command, SetCommand

Answer = TypeVar("Answer")
Item = TypeVar("Item")

LANES_ON_POSTGRESQL = 2
TRIES = 6
Question = Callable[[Session], Answer]


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class Database:
    """One store behind two verbs, the same on SQLite and PostgreSQL.

    Verbs of the business are plain functions over a session: on SQLite a whole batch of them runs in one
    hop to the writer's thread, on PostgreSQL within the driver's greenlet.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        read_connections: int | None = None,
        read_wait_seconds: float = engines.READ_WAIT_SECONDS,
    ) -> None:
        """Prepare the store at a `sqlite+aiosqlite:` or `postgresql+asyncpg:` URL; connects when started.

        One connection for reads is enough for any operation, since each reads over one; None takes as many
        as suit the store. Who waits longer than `read_wait_seconds` for one is told that it is unavailable.
        """
        self.url = make_url(url)
        self.clock = clock
        self.info: dict[str, Any] = {}
        self.feed = Feed()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._reader = engines.reader(self.url, read_connections, read_wait_seconds)
        count_statements(self._reader.sync_engine)
        self._writer: Engine | AsyncEngine = (
            engines.sqlite_writer(self.url) if self.is_sqlite else engines.postgresql_writer(self.url)
        )
        self._thread = ThreadPoolExecutor(1, "creditgraph-writer") if self.is_sqlite else None
        lanes = 1 if self.is_sqlite else LANES_ON_POSTGRESQL
        self._transactions = [Transactions(self.writer, self.info) for _ in range(lanes)]
        self._lanes = [
            Lane(partial(self._in_transaction, transactions), clock, self.feed.announce)
            for transactions in self._transactions
        ]
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def reader(self) -> AsyncEngine:
        """The engine of the reads, for tests that count statements."""
        return self._reader

    @property
    def writer(self) -> Engine:
        """The engine of the writes, for tests that count statements."""
        return self._writer.sync_engine if isinstance(self._writer, AsyncEngine) else self._writer

    @property
    def waiting_items(self) -> tuple[int, ...]:
        """How many items wait in each lane of the writer for their transaction."""
        return tuple(lane.line.items for lane in self._lanes)

    @property
    def waited_seconds(self) -> float:
        """How long the first in line has been waiting: for a connection to read over, and in every lane.

        A lane that stands still for one account's sake is not counted while others move.
        """
        return self._readers.waited_seconds + min(lane.line.waited_seconds for lane in self._lanes)

    @property
    def reads_in_use(self) -> int:
        """How many connections of the readers are in use."""
        return self._readers.checkedout()

    @property
    def _readers(self) -> engines.Readers:
        pool = self._reader.pool
        assert isinstance(pool, engines.Readers)  # noqa: S101 - engines.reader makes no other
        return pool

    async def start(self) -> None:
        """Start the writer; commands given before would wait for it."""
        self._workers = [asyncio.create_task(lane.work()) for lane in self._lanes]

    async def close(self) -> None:
        """Commit what waits, take nothing more, and close every connection; once is enough."""
        if self._closed:
            return
        self._closed = True
        for lane in self._lanes:
            lane.close()
        await asyncio.gather(*self._workers)
        await self._reader.dispose()
        if self._thread is None:
            await greenlet_spawn(self._close_writer)
        else:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close_writer)
            self._thread.shutdown()

    def _close_writer(self) -> None:
        for transactions in self._transactions:
            transactions.close()
        self.writer.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open one snapshot over one connection; it never writes and never blocks a writer."""
        async with AsyncSession(self._reader, **SESSION) as session:
            session.info["store"] = self.info
            try:
                yield session
            finally:
                session.info.clear()  # what it keeps refers to the session, which would stay as garbage

    async def ask(self, question: Question[Answer]) -> Answer:
        """Answer a question about the store within one snapshot."""
        async with self.read() as session:
            return await session.run_sync(question)

    @overload
    async def write(self, command: Command[Answer]) -> Answer: ...

    @overload
    async def write(self, command: SetCommand[Item, Answer]) -> list[Answer | Exception]: ...

    async def write(self, command: Command[Any] | SetCommand[Any, Any]) -> Any:
        """Run a command in a transaction and give its answer after the commit.

        A command's own refusal is raised as it is; a set command gives an answer or a refusal for each item.
        Raises StoreUnavailable where nothing was acknowledged and the caller should try again.
        """
        lane = 0 if command.account_id is None else hash(command.account_id) % len(self._lanes)
        return await self._lanes[lane].submit(command)

    async def _in_transaction(self, transactions: Transactions, work: Work) -> list[Any]:
        last: Exception | None = None
        for attempt in range(TRIES):
            try:
                return await self._attempt(transactions, work)
            except (SQLAlchemyError, OSError) as error:
                last = error
                if not (is_transient(error) or isinstance(error, OSError)):
                    break
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise StoreUnavailable("The store could not commit; nothing was recorded.") from last

    async def _attempt(self, transactions: Transactions, work: Work) -> list[Any]:
        if self._thread is None:
            return await greenlet_spawn(transactions.commit, work)
        return await asyncio.get_running_loop().run_in_executor(self._thread, transactions.commit, work)
