"""The schema's history, applied to either database.

Versions are numbered; a database that has the newest one is recognised without alembic, whose import takes
longer than all else that a start does with a migrated store.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, make_url, pool, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from models.database import Database

_VERSIONS = Path(__file__).parent / "versions"
# Any constant will do, as long as every process of this service asks for the same lock.
_LOCK = 0x63726564
_LOCK_SECONDS = 30


class NewerSchema(Exception):  # noqa: N818 - named for the state
    """The database was migrated by a newer version of creditgraph."""


class UnreachableStore(Exception):  # noqa: N818 - named for the state
    """The database URL leads nowhere."""


async def migrate(url: str) -> None:
    """Bring a database to the newest schema; safe when several processes do it at once.

    Raises:
        NewerSchema: a newer version of creditgraph has migrated it.
        UnreachableStore: no database answers at the URL.
    """
    await _with_connection(url, _bring_up)


async def is_behind(url: str) -> bool:
    """Tell whether a database has not the newest schema.

    Raises:
        UnreachableStore: no database answers at the URL.
    """
    applied: list[str | None] = []
    await _with_connection(url, lambda connection: applied.append(_applied(connection)))
    return applied != [known_versions()[-1]]


async def drift(url: str) -> Sequence[Any]:
    """Compare a migrated database with the tables in code: nothing where they are the same."""
    from models.migrations.history import differences  # noqa: PLC0415 - see the module's docstring

    found: list[Any] = []
    await _with_connection(url, lambda connection: found.extend(differences(connection)))
    return found


async def why_not_ready(database: Database) -> str | None:
    """Say why the database cannot serve now; None where it is reachable and has the newest schema."""
    try:
        applied = await database.ask(lambda session: _applied(session.connection()))
    except (OSError, SQLAlchemyError):
        return "the database is unreachable"
    return None if applied == known_versions()[-1] else "the database does not have the newest schema"


def known_versions() -> list[str]:
    """List the versions that this creditgraph knows, oldest first."""
    return sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def _bring_up(connection: Connection) -> None:
    applied = _applied(connection)
    known = known_versions()
    if applied is not None and applied not in known:
        raise NewerSchema(
            f"The database has schema {applied}, newer than this creditgraph's {known[-1]}. "
            "Run the version that migrated it, or a later one."
        )
    if applied != known[-1]:
        from models.migrations.history import upgrade  # noqa: PLC0415 - see the module's docstring

        upgrade(connection)


def _applied(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


async def _with_connection(url: str, work: Callable[[Connection], None]) -> None:
    parsed = make_url(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            await asyncio.to_thread(_with_sqlite, str(parsed.set(drivername="sqlite")), work)
            return
        engine = create_async_engine(url, poolclass=pool.NullPool)
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.run_sync(work)
        await engine.dispose()
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", None) or error
        raise UnreachableStore(
            f"Cannot use the database at {parsed.render_as_string(hide_password=True)}: {reason}"
        ) from error


def _with_sqlite(url: str, work: Callable[[Connection], None]) -> None:
    engine = create_engine(
        url, poolclass=pool.NullPool, connect_args={"timeout": _LOCK_SECONDS, "isolation_level": None}
    )
    with engine.connect() as connection:
        _write_ahead(connection)
        # The driver is in autocommit; one explicit transaction makes a half-done migration impossible.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        work(connection)
        connection.exec_driver_sql("COMMIT")
    engine.dispose()


def _write_ahead(connection: Connection) -> None:
    # A switch that is under way in another process fails this one at once, whatever the timeout.
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
