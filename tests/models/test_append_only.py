"""What happened stays as it was written: the database itself refuses to change or to delete it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from models.database import Database
from models.tables import metadata
from tests.databases.opened import opened_with_prices
from tests.tenant import Tenant, new_tenant

APPEND_ONLY = ("ledger_transfer", "hold_line", "audit_entry")
VOIDING = {"voided_at", "void_reason"}


async def filled(tenant: Tenant) -> None:
    """Write at least one row to each of the tables."""
    await tenant.grant("10")
    run = await tenant.start()
    await tenant.hold(run, "PHONE twilio 1 MINUTES")
    await tenant.add(run, "PHONE twilio 1 MINUTES")


async def changed_rows(database: Database, statement: str) -> int:
    """Send a statement as an administrator would, and count the rows that it changed."""
    engine = create_async_engine(database.url)
    try:
        async with engine.begin() as connection:
            return (await connection.execute(text(statement))).rowcount
    finally:
        await engine.dispose()


async def refusal(database: Database, statement: str) -> str:
    with pytest.raises(DBAPIError) as raised:
        await changed_rows(database, statement)
    return str(raised.value.orig)


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_no_column_of_what_is_append_only_changes(tenant: Tenant, table: str) -> None:
    await filled(tenant)
    for column in metadata.tables[table].columns:
        refused = await refusal(tenant.database, f"UPDATE {table} SET {column.name} = {column.name}")
        assert f"{table} is append-only" in refused, column.name


@pytest.mark.parametrize("table", [*APPEND_ONLY, "service_usage"])
async def test_no_fact_is_deleted(tenant: Tenant, table: str) -> None:
    await filled(tenant)
    refused = await refusal(tenant.database, f"DELETE FROM {table}")
    assert f"{table} is append-only" in refused


async def test_no_fact_of_a_usage_changes_but_it_may_be_voided(tenant: Tenant) -> None:
    await filled(tenant)
    columns = set(metadata.tables["service_usage"].columns.keys())
    assert columns > VOIDING
    for column in columns - VOIDING:
        refused = await refusal(tenant.database, f"UPDATE service_usage SET {column} = {column}")
        assert "service_usage is append-only" in refused, column
    for column in VOIDING:
        assert await changed_rows(tenant.database, f"UPDATE service_usage SET {column} = {column}") == 1


async def test_nothing_is_truncated(postgresql_database_url: str) -> None:
    database = Database(postgresql_database_url)
    for table in (*APPEND_ONLY, "service_usage"):
        assert f"{table} is append-only" in await refusal(database, f"TRUNCATE {table} CASCADE")
    await database.close()


async def test_a_conflict_is_no_way_around(tenant: Tenant) -> None:
    await filled(tenant)
    refused = await refusal(
        tenant.database,
        "INSERT INTO ledger_transfer SELECT * FROM ledger_transfer WHERE true "
        "ON CONFLICT (account_id, id) DO UPDATE SET amount = 1",
    )
    assert "ledger_transfer is append-only" in refused


@pytest.mark.parametrize("table", [*APPEND_ONLY, "service_usage"])
async def test_replacing_is_no_way_around_on_sqlite(sqlite_database_url: str, table: str) -> None:
    async with opened_with_prices(sqlite_database_url) as database:
        await filled(await new_tenant(database))
        refused = await refusal(database, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert f"{table} is append-only" in refused
