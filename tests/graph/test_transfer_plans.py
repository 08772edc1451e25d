"""What asks for the transfers of one usage or grant does not walk through all of its account's."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url

from graph.context import Snapshot
from graph.loaders.additions import UsagesOf, additions_after, place_now
from models.identity import IdKind, format_id
from tests.databases.opened import opened_with_prices
from tests.door import opened_door
from tests.tenant import Tenant, new_tenant

CALL = "PHONE twilio 5 MINUTES"
TRANSFERS = """query ($filter: LedgerTransferFilter!) {
  viewer { account { ledgerTransfers(filter: $filter) { totalCount nodes { sequence } } } } }"""
EXPLANATION = "query ($id: ID!) { serviceUsage(id: $id) { explanation { payments { credits } } } }"
Asked = list[tuple[str, Sequence[object]]]


@contextmanager
def asked_of_transfers(*engines: Engine) -> Iterator[Asked]:
    """Keep what is asked of the transfers in the block."""
    asked: Asked = []

    def keep(_connection: object, _cursor: object, text: str, values: Sequence[object], *_: object) -> None:
        if text.startswith("SELECT") and "ledger_transfer" in text:
            asked.append((text, values))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", keep)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", keep)


def plans(url: str, asked: Asked) -> list[list[str]]:
    """Ask SQLite how it looks for transfers in each statement."""
    store = sqlite3.connect(Path(make_url(url).database or ""))
    try:
        told = [
            [detail for *_, detail in store.execute(f"EXPLAIN QUERY PLAN {text}", values)]
            for text, values in asked
        ]
    finally:
        store.close()
    return [[step for step in steps if "ledger_transfer" in step or "earlier" in step] for steps in told]


async def after_a_void(tenant: Tenant) -> None:
    run = await tenant.start()
    [usage, _] = await tenant.add(run, CALL, CALL)
    await tenant.void(usage)


async def after_an_explanation(tenant: Tenant) -> None:
    [usage] = await tenant.add(await tenant.start(), CALL)
    async with opened_door(tenant.database) as ask:
        await ask.data(tenant.secret, EXPLANATION, {"id": format_id(IdKind.SERVICE_USAGE, usage.id)})


async def after_a_search(tenant: Tenant) -> None:
    [usage] = await tenant.add(await tenant.start(), CALL)
    async with opened_door(tenant.database) as ask:
        id_ = format_id(IdKind.SERVICE_USAGE, usage.id)
        await ask.data(tenant.secret, TRANSFERS, {"filter": {"serviceUsageId": id_}})


async def after_new_usages(tenant: Tenant) -> None:
    usages = UsagesOf(tenant.account_id)
    before = Snapshot(tenant.database)
    place = await place_now(before, usages)
    await before.close()
    await tenant.add(await tenant.start(), CALL)
    snapshot = Snapshot(tenant.database)
    found = await additions_after(snapshot, usages, place)
    await snapshot.close()
    assert len(found.additions) == 1


@pytest.mark.parametrize("happen", [after_a_void, after_an_explanation, after_a_search, after_new_usages])
async def test_transfers_of_a_usage_are_found_by_it(
    sqlite_database_url: str, happen: Callable[[Tenant], Awaitable[None]]
) -> None:
    async with opened_with_prices(sqlite_database_url) as database:
        tenant = await new_tenant(database)
        with asked_of_transfers(database.reader.sync_engine, database.writer) as asked:
            await happen(tenant)
    found = [step for steps in plans(sqlite_database_url, asked) for step in steps]
    assert any("ix_ledger_transfer_usage (account_id=? AND service_usage_id=?" in step for step in found), (
        found
    )
    assert not any("(account_id=?)" in step for step in found), found


async def test_transfers_of_a_grant_are_found_by_it(sqlite_database_url: str) -> None:
    async with opened_with_prices(sqlite_database_url) as database, opened_door(database) as ask:
        tenant = await new_tenant(database)
        grant = await tenant.grant("100")
        with asked_of_transfers(database.reader.sync_engine) as asked:
            id_ = format_id(IdKind.GRANT, grant.id)
            await ask.data(tenant.secret, TRANSFERS, {"filter": {"grantId": id_}})
    found = [step for steps in plans(sqlite_database_url, asked) for step in steps]
    assert found
    assert all("ix_ledger_transfer_grant (account_id=? AND grant_id=?" in step for step in found), found
