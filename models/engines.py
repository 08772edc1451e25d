"""Engines with the settings that were found to hold: one writer and many readers of one store."""

import logging
import time
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, StaticPool

from models.plans import BY_INDEX_ALONE
from models.sending import send

BUSY_TIMEOUT_MILLISECONDS = 10_000
CONNECT_TIMEOUT_SECONDS = 10
READERS_ON_SQLITE = 4
READERS_ON_POSTGRESQL = 20
READERS_KEPT_IDLE = 10
READ_WAIT_SECONDS = 30.0


class Readers(AsyncAdaptedQueuePool):
    """Connections to read over; it knows for how long the first in line has been waiting for one."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        super().__init__(*given, **named)
        self._waiting: dict[object, float] = {}

    @property
    def waited_seconds(self) -> float:
        """How long the first in line has been waiting; 0 where nobody does."""
        first = next(iter(self._waiting.values()), None)
        return 0.0 if first is None else time.monotonic() - first

    def _do_get(self) -> ConnectionPoolEntry:
        mark = object()
        self._waiting[mark] = time.monotonic()
        try:
            return super()._do_get()
        finally:
            del self._waiting[mark]


# SQLAlchemy's own pools tell nothing below a warning; a pool of ours logs under a name of its own.
logging.getLogger(f"{Readers.__module__}.{Readers.__qualname__}").setLevel(logging.WARNING)


def sqlite_writer(url: URL) -> Engine:
    """One connection that takes the write lock as its transaction begins: deferred, it fails under load."""
    engine = create_engine(
        url.set(drivername="sqlite"),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    _prepare_sqlite(engine, begin="BEGIN IMMEDIATE", query_only=False)
    return engine


def postgresql_writer(url: URL) -> AsyncEngine:
    """READ COMMITTED with bounded waits; rows are locked before they are read.

    Connections are not tried before they are used: one that was lost is found out by the first statement,
    and the transaction begins again over another.
    """
    settings = {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "30s",
        "jit": "off",
        **BY_INDEX_ALONE,
    }
    return create_async_engine(
        url,
        pool_size=8,
        connect_args={"server_settings": settings, "timeout": CONNECT_TIMEOUT_SECONDS},
        hide_parameters=True,
    )


def reader(url: URL, connections: int | None, wait_seconds: float) -> AsyncEngine:
    """Snapshots that cannot write: over so many connections, or over as many as suit the store.

    Who finds all of them taken waits for one, and gives up after `wait_seconds`.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(
            url, **_pool(connections or READERS_ON_SQLITE, wait_seconds), hide_parameters=True
        )
        _prepare_sqlite(engine.sync_engine, begin="BEGIN", query_only=True)
        return engine
    # A statement of many lists looks dear enough to be compiled, which takes longer than it runs.
    settings = {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s", "jit": "off"}
    return create_async_engine(
        url,
        pool_pre_ping=True,
        **_pool(connections or READERS_ON_POSTGRESQL, wait_seconds),
        connect_args={"server_settings": settings, "timeout": CONNECT_TIMEOUT_SECONDS},
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        hide_parameters=True,
    )


def _pool(connections: int, wait_seconds: float) -> dict[str, Any]:
    kept = min(connections, READERS_KEPT_IDLE)
    return {
        "poolclass": Readers,
        "pool_size": kept,
        "max_overflow": connections - kept,
        "pool_timeout": wait_seconds,
    }


def _prepare_sqlite(engine: Engine, *, begin: str, query_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
        connection.isolation_level = None  # the driver begins no transactions; the listener below does
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        # A reader leaves the journal mode alone: the writer has made it WAL, and the file remembers.
        cursor.execute("PRAGMA query_only = ON" if query_only else "PRAGMA journal_mode = WAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's connection
        send(connection, begin)
