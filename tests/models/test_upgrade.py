"""A store of the first version becomes one of today: nothing is lost, and its books are right."""

from functools import partial

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
from tests.databases.opened import opened
from tests.models.old_store import NEXT_YEAR, OldStore, migrate_to, write_old_store


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
