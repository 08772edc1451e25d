"""What PostgreSQL keeps ready for a connection: bounded, and made anew where its tables have changed."""

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models.account import Account
from models.base import table_of
from models.database import Database
from models.prepared import PreparedRead, PreparedWrite
from models.sending import MOST_CHARACTERS_KEPT, connection_of, fetched
from models.writer import Command
from tests.models.test_migrations import execute
from tests.tenant import new_tenant


@pytest.fixture
def database_url(postgresql_database_url: str) -> str:
    """SQLite keeps no statements for others."""
    return postgresql_database_url


async def test_statements_are_kept_by_their_length(database: Database) -> None:
    long, times = "x" * (MOST_CHARACTERS_KEPT // 10), 25

    def ask(session: Session, *, now: datetime) -> tuple[int, int]:
        del now
        connection = connection_of(session)
        for number in range(times):
            assert fetched(connection, f"SELECT {number} AS {long[:9]}, '{long}'", ())[0][0] == number
        [(count, characters)] = fetched(
            connection, "SELECT count(*), sum(length(statement)) FROM pg_prepared_statements", ()
        )
        assert isinstance(count, int)
        return count, int(str(characters))

    for _ in range(2):
        count, characters = await database.write(Command(None, ask))
        assert 0 < count < times
        assert 0 < characters < 2 * MOST_CHARACTERS_KEPT


async def test_a_table_that_changed_is_asked_anew(database: Database, database_url: str) -> None:
    names = PreparedRead(select(table_of(Account).c.name))

    def ask(session: Session, *, now: datetime) -> list[str]:
        del now
        return [name for (name,) in names.rows(session)]

    await new_tenant(database, "one")
    for kind in ("text", "varchar", "text"):
        await execute(database_url, f"ALTER TABLE account ALTER COLUMN name TYPE {kind}")
        for _ in range(3):
            assert await database.write(Command(None, ask)) == ["one"]


@pytest.mark.parametrize(
    "change", ["ADD COLUMN more INTEGER", "DROP COLUMN more", "ALTER COLUMN name TYPE varchar"]
)
async def test_rows_are_written_to_a_table_that_changed(
    database: Database, database_url: str, change: str
) -> None:
    table = table_of(Account)
    renaming = PreparedWrite(
        update(table).where(table.c.id == bindparam("of_id")).values(name=bindparam("name")),
        ("of_id", "name"),
    )
    await execute(database_url, "ALTER TABLE account ADD COLUMN IF NOT EXISTS more INTEGER")
    tenants = [await new_tenant(database, name) for name in ("one", "two")]

    def rename(session: Session, *, now: datetime, name: str) -> None:
        del now
        renaming.write(session, [(tenant.account_id, f"{tenant.account_id} {name}") for tenant in tenants])

    await database.write(Command(None, partial(rename, name="before")))
    await execute(database_url, "ALTER TABLE account DROP COLUMN more" if "ADD" in change else "SELECT 1")
    await execute(database_url, f"ALTER TABLE account {change}")
    await database.write(Command(None, partial(rename, name="after")))
    assert [(await tenant.account()).name for tenant in tenants] == [
        f"{tenant.account_id} after" for tenant in tenants
    ]
