"""A store through its driver alone, with the service's settings and nothing else of it."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped]  # ships no type information
from sqlalchemy import make_url

Statement = tuple[str, Sequence[tuple[Any, ...]]]
"""Text with its values written as {0}, {1}…, and the rows of values to run it with."""

MOST_VALUES = 30


class BareStore(Protocol):
    """What both drivers can do."""

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Give rows as the driver does."""

    def write(self, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction."""


@contextmanager
def bare_store(url: str) -> Iterator[BareStore]:
    """Open the store at a database URL."""
    address = make_url(url)
    store: BareSqlite | BarePostgresql
    if address.get_backend_name() == "sqlite":
        store = BareSqlite(str(address.database))
    else:
        store = BarePostgresql(address.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        yield store
    finally:
        store.close()


def sqlite_connection(path: str) -> sqlite3.Connection:
    """Connect with the service's settings; whoever has the connection begins its transactions."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")
    return connection


class BareSqlite:
    """The module of the standard library."""

    def __init__(self, path: str) -> None:
        """Connect."""
        self._connection = sqlite_connection(path)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Give rows as the driver does."""
        return [dict(row) for row in self._connection.execute(statement)]

    def write(self, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        for text, rows in statements:
            self._connection.executemany(text.format(*["?"] * MOST_VALUES), rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


class BarePostgresql:
    """asyncpg, waited for."""

    def __init__(self, dsn: str) -> None:
        """Connect."""
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(dsn))

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Give rows as the driver does."""
        return [dict(row) for row in self._runner.run(self._connection.fetch(statement))]

    def write(self, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction."""
        self._runner.run(self._write(statements))

    def close(self) -> None:
        """Disconnect."""
        self._runner.run(self._connection.close())
        self._runner.close()

    async def _write(self, statements: Sequence[Statement]) -> None:
        values = [f"${position}" for position in range(1, MOST_VALUES + 1)]
        async with self._connection.transaction():
            for text, rows in statements:
                await self._connection.executemany(text.format(*values), rows)
