"""A store of the first version becomes one of today: nothing is lost, and its books are right."""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from metering.auditing import audit
from metering.store_secrets import find_store_secret, make_store_secret
from models.account import Account
from models.database import Database
from models.ledger import LedgerTransfer
from models.migrations import drift, migrate, why_not_ready
from models.workflow import Workflow
from models.writer import Command
from pricing.credits import Credits
from tests.conftest import sqlite_url
from tests.databases.opened import opened, opened_with_prices, verify
from tests.models.old_store import NEXT_YEAR, OldStore, migrate_to, write_old_store
from tests.models.test_append_only import refusal
from tests.models.test_migrations import execute
from tests.tenant import new_tenant

DIE_AMID = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from models.migrations import migrate

@event.listens_for(Engine, "after_cursor_execute")
def die(connection, cursor, statement, *_):
    if statement.strip() == "DROP TABLE ledger_transfer":
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(migrate(sys.argv[1]))
"""
TRANSFERS = "SELECT * FROM ledger_transfer ORDER BY account_id, sequence"


@pytest.fixture
async def old(empty_url: str) -> OldStore:
    store = await write_old_store(empty_url)
    await migrate(empty_url)
    return store


async def test_the_upgraded_tables_are_those_of_the_code(empty_url: str, old: OldStore) -> None:
    assert await drift(empty_url) == []
    async with opened(empty_url) as database:
        assert await dangling(database) == []
        # A key of the old version still belongs to the account whose table was made anew.
        async with database.read() as session:
            assert await session.scalar(select(Account.id).where(Account.name == "Acme")) == old.acme


async def test_the_books_of_an_upgraded_store_are_right(empty_url: str, old: OldStore) -> None:
    async with opened(empty_url) as database:
        found = await database.ask(audit)
        assert (found.differences, found.account_count, found.transfer_count) == ((), 2, 13)
        alone = await database.ask(lambda session: audit(session, account_id=old.acme))
        async with database.read() as session:
            acme = await session.get_one(Account, old.acme)
            idle = await session.get_one(Account, old.idle)
    assert (acme.transfer_count, acme.chain_hash) == (13, alone.chain_hash)
    assert (idle.transfer_count, idle.chain_hash) == (0, "")
    balances = (acme.granted, acme.spent, acme.expired, acme.overdraft, acme.held, acme.held_on_credit)
    assert [str(balance) for balance in balances] == ["155", "140", "5", "20", "0", "0"]
    assert (acme.expiry_due_at, idle.expiry_due_at) == (NEXT_YEAR, None)


async def test_old_transfers_are_numbered_in_the_order_of_their_making(empty_url: str, old: OldStore) -> None:
    async with opened(empty_url) as database, database.read() as session:
        ordered = (
            select(LedgerTransfer).where(LedgerTransfer.account_id == old.acme).order_by(LedgerTransfer.id)
        )
        transfers = (await session.scalars(ordered)).all()
    assert [transfer.sequence for transfer in transfers] == [*range(1, 14)]
    assert transfers[0].amount == Credits.whole(100)
    assert len({transfer.hash for transfer in transfers}) == 13


async def test_runs_of_runs_know_their_ancestors(empty_url: str, old: OldStore) -> None:
    root, child, grandchild = old.runs
    async with opened(empty_url) as database, database.read() as session:
        runs = [await session.get_one(Workflow, (old.acme, run)) for run in old.runs]
    assert [run.ancestor_ids for run in runs] == [(), (root,), (root, child)]
    assert [run.id for run in runs] == [root, child, grandchild]


async def dangling(database: Database) -> list[object]:
    """List the rows whose foreign keys lead nowhere, in the words of the database."""
    if not database.is_sqlite:
        return []
    async with database.read() as session:
        connection = await session.connection()
        return list(await connection.exec_driver_sql("PRAGMA foreign_key_check"))


async def test_a_store_of_the_version_before_is_brought_up(empty_url: str) -> None:
    await migrate_to(empty_url, "0005")
    async with opened(empty_url) as database:
        assert await why_not_ready(database) == "the database does not have the newest schema"
        await migrate(empty_url)
        assert await why_not_ready(database) is None
        made = await database.write(Command(None, partial(make_store_secret, name="any")))
        assert await database.ask(lambda session: find_store_secret(session, "any")) == made
    assert await drift(empty_url) == []


async def test_transfers_of_the_version_before_stay_as_they_were(empty_url: str) -> None:
    before = await filled_before_0009(empty_url)
    await migrate(empty_url)
    assert await execute(empty_url, TRANSFERS) == before
    async with opened(empty_url) as database:
        assert await dangling(database) == []
        await verify(database)
        for change in ("UPDATE ledger_transfer SET amount = 1", "DELETE FROM ledger_transfer"):
            assert "ledger_transfer is append-only" in await refusal(database, change)
    assert await execute(empty_url, TRANSFERS) == before


async def test_a_migration_that_is_killed_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "killed.db")
    before = await filled_before_0009(url)
    killed = subprocess.run([sys.executable, "-c", DIE_AMID, url], check=False)  # noqa: ASYNC221 - the loop has nothing else to do
    assert killed.returncode == -signal.SIGKILL
    assert await execute(url, "SELECT version_num FROM alembic_version") == [("0008",)]
    assert await execute(url, TRANSFERS) == before
    await migrate(url)
    assert await execute(url, TRANSFERS) == before
    assert await drift(url) == []


async def filled_before_0009(url: str) -> list[tuple[object, ...]]:
    """Let an account grant, hold, use and void on a store of version 0008, and give its transfers."""
    await migrate_to(url, "0008")
    async with opened_with_prices(url) as database:
        tenant = await new_tenant(database)
        await tenant.grant("300")
        run = await tenant.start()
        await tenant.hold(run, "PHONE twilio 5 MINUTES")
        [first, *_] = await tenant.add(run, "PHONE twilio 7 MINUTES", "PHONE twilio 20 MINUTES")
        await tenant.void(first)
    transfers = await execute(url, TRANSFERS)
    assert len(transfers) == 8
    return transfers
