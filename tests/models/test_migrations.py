"""Migrations: safe to repeat, safe in parallel, equal to the tables in code, and clear where they cannot go on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from select import select

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from models import tables
from models.database import Database
from models.migrations import NewerSchema, UnreachableStore, drift, migrate, why_not_ready
from tests.databases.postgresql import PostgresqlServer

MIGRATE = "import asyncio, sys; from models.migrations import migrate; asyncio.run(migrate(sys.argv[1]))"
APART = (
    "import sys; from models.migrations.apart import migrate_apart; migrate_apart(sys.argv[1]); "
    "print('alembic' in sys.modules)"
)


async def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        result = await connection.execute(text(statement))
        rows = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


async def test_migrating_twice_is_migrating_once(empty_url: str) -> None:
    database = Database(empty_url)
    assert await why_not_ready(database) == "the database does not have the newest schema"
    await migrate(empty_url)
    assert await why_not_ready(database) is None
    await migrate(empty_url)
    assert await why_not_ready(database) is None
    assert await drift(empty_url) == []
    await database.close()


async def test_a_store_that_cannot_be_reached_is_not_ready(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/store.db")
    assert await why_not_ready(database) == "the database is unreachable"
    await database.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process that serves migrates by itself")
async def test_a_process_that_has_migrated_apart_does_not_know_how(empty_url: str) -> None:
    for _ in ("it is behind", "nothing is left"):
        done = subprocess.run(  # noqa: ASYNC221 - the loop has nothing else to do
            [sys.executable, "-W", "error", "-c", APART, empty_url],
            check=True,
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr) == ("False\n", "")
    assert await drift(empty_url) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process that serves migrates by itself")
async def test_who_was_started_with_ended_children_ignored_migrates_apart(empty_url: str) -> None:
    ignoring = f"import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); {APART}"
    done = subprocess.run(  # noqa: ASYNC221 - the loop has nothing else to do
        [sys.executable, "-W", "error", "-c", ignoring, empty_url], check=True, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
    assert await drift(empty_url) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process that serves migrates by itself")
@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_who_is_killed_while_another_migrates_leaves_nothing_open_and_a_store_that_is_ready(
    empty_url: str,
) -> None:
    read, write = os.pipe()
    engine = create_async_engine(empty_url)
    async with engine.connect() as somebody:  # whose table will not stay; until then the migration waits
        await somebody.execute(text("CREATE TABLE alembic_version (nothing integer)"))
        process = subprocess.Popen([sys.executable, "-c", APART, empty_url], pass_fds=[write])  # noqa: ASYNC220 - the loop has nothing else to do
        os.close(write)
        await until(lambda: somebody_waits(empty_url))
        process.kill()
        process.wait()
        ended, _, _ = select([read], [], [], 5)
        assert ended == [read]  # nobody has the other end of the pipe any more
    os.close(read)
    await until(lambda: is_ready(empty_url))
    await engine.dispose()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.05)


async def somebody_waits(url: str) -> bool:
    return bool(await execute(url, "SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"))


async def is_ready(url: str) -> bool:
    database = Database(url)
    try:
        return await why_not_ready(database) is None
    finally:
        await database.close()


async def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", MIGRATE, empty_url], stderr=subprocess.PIPE)  # noqa: ASYNC220 - the loop has nothing else to do
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [(process.returncode, output) for process, output in zip(processes, outputs, strict=True)] == [
        (0, "")
    ] * 2
    assert await drift(empty_url) == []


async def test_a_missing_column_is_drift(database_url: str) -> None:
    await execute(database_url, "ALTER TABLE agent DROP COLUMN preset")
    [(kind, _, table, column)] = await drift(database_url)
    assert (kind, table, column.name) == ("add_column", "agent", "preset")


async def test_a_column_of_another_type_is_drift(database_url: str) -> None:
    await execute(database_url, "ALTER TABLE agent DROP COLUMN preset")
    await execute(database_url, "ALTER TABLE agent ADD COLUMN preset INTEGER")
    [[(kind, _, table, column, *_)]] = await drift(database_url)
    assert (kind, table, column) == ("modify_type", "agent", "preset")


async def test_a_missing_index_and_a_foreign_table_are_drift(database_url: str) -> None:
    await execute(database_url, "DROP INDEX ix_agent_created")
    await execute(database_url, "CREATE TABLE stranger (id INTEGER PRIMARY KEY)")
    assert sorted(difference[0] for difference in await drift(database_url)) == ["add_index", "remove_table"]


async def test_a_newer_schema_is_left_alone(database_url: str) -> None:
    await execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        NewerSchema, match=r"The database has schema 9999, newer than this creditgraph's 0009\."
    ):
        await migrate(database_url)
    assert await execute(database_url, "SELECT version_num FROM alembic_version") == [("9999",)]


async def test_what_fails_apart_says_nothing(database_url: str) -> None:
    await execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    done = subprocess.run(  # noqa: ASYNC221 - the loop has nothing else to do
        [sys.executable, "-c", APART, database_url], check=True, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
    assert await execute(database_url, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://someone:s3cret@127.0.0.1:1/nowhere",
        "sqlite+aiosqlite:////no/such/folder/creditgraph.db",
    ],
)
async def test_a_store_that_is_not_there_is_named_without_its_password(url: str) -> None:
    with pytest.raises(UnreachableStore, match=r"^Cannot use the database at ") as raised:
        await migrate(url)
    assert "s3cret" not in str(raised.value)
    assert url.replace("s3cret", "***").split("?")[0].split("+")[0] in str(raised.value)


async def test_a_database_that_the_server_does_not_have_is_named(postgresql: PostgresqlServer) -> None:
    with pytest.raises(UnreachableStore, match='database "nothing_here" does not exist'):
        await migrate(postgresql.url("nothing_here"))


async def test_every_table_of_sqlite_is_strict(sqlite_database_url: str) -> None:
    strict = await execute(
        sqlite_database_url, "SELECT name, strict FROM pragma_table_list WHERE type = 'table'"
    )
    ours = {name: flag for name, flag in strict if name in tables.metadata.tables}
    assert ours == dict.fromkeys(tables.metadata.tables, 1)


def test_account_leads_every_key_and_index_of_what_an_account_owns() -> None:
    reference = {"account", "api_key", "old_secret", "audit_entry", "rate_card", "rate", "rate_tier"}
    reference |= {"provider_outage", "rate_bucket", "store_secret"}
    for name, table in tables.metadata.tables.items():
        if name in reference:
            continue
        assert table.primary_key.columns[0].name == "account_id", name
        assert {index.columns[0].name for index in table.indexes} <= {"account_id"}, name
