"""The schema's history, applied to either database; also writes the next migration (`make migration`)."""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, pool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from models import tables
from models.migrations.rendering import comparable

_FOLDER = Path(__file__).parent
# Any constant will do, as long as every process of this service asks for the same lock.
_LOCK = 0x63726564


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
    await _with_connection(url, _upgrade)


async def drift(url: str) -> list[Any]:
    """Compare a migrated database with the tables in code: an empty list where they are the same."""
    found: list[Any] = []
    await _with_connection(url, lambda connection: found.extend(_differences(connection)))
    return found


async def is_current(url: str) -> bool:
    """Tell whether the database has the newest schema."""
    current: list[bool] = []
    await _with_connection(url, lambda connection: current.append(_version(connection) == _head()))
    return current == [True]


def write_migration(title: str) -> None:
    """Write the next migration from what the tables in code have that the newest schema has not."""
    engine = create_engine("sqlite://", poolclass=pool.StaticPool)
    with engine.begin() as connection:
        _upgrade(connection)
        number = f"{len(list(ScriptDirectory.from_config(_config()).walk_revisions())) + 1:04d}"
        command.revision(_config(connection), title, autogenerate=True, rev_id=number)


async def _with_connection(url: str, work: Any) -> None:  # noqa: ANN401 - a function of a connection
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


def _with_sqlite(url: str, work: Any) -> None:  # noqa: ANN401 - a function of a connection
    engine = create_engine(
        url, poolclass=pool.NullPool, connect_args={"timeout": 30, "isolation_level": None}
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        # The driver is in autocommit; one explicit transaction makes a half-done migration impossible.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        work(connection)
        connection.exec_driver_sql("COMMIT")
    engine.dispose()


def _upgrade(connection: Connection) -> None:
    version = _version(connection)
    known = {revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version is not None and version not in known:
        raise NewerSchema(
            f"The database has schema {version}, newer than this creditgraph's {_head()}. "
            "Run the version that migrated it, or a later one."
        )
    command.upgrade(_config(connection), "head")


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": comparable})
    return list(compare_metadata(context, tables.metadata))


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
