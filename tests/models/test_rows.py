"""Rows that are read straight are the session's own, and what changed in them is known."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Account
from models.base import table_of
from models.database import Database
from models.prepared import PreparedRead
from models.rows import changes_of, forget_changes, loaded, move, new_row, read_row, values_of
from models.workflow import Workflow
from pricing.credits import Credits
from tests.models.probes import new_account
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
async def account_id(database: Database) -> UUID:
    return await new_account(database, "Acme")


def the_account(session: Session) -> Account:
    [values] = PreparedRead(select(table_of(Account))).rows(session)
    return read_row(session, Account, values)


async def test_there_is_one_object_of_each_row(database: Database, account_id: UUID) -> None:
    def read(session: Session) -> None:
        account = the_account(session)
        assert account is the_account(session)
        assert account is session.get(Account, account_id)
        assert account is session.scalars(select(Account)).one()
        assert (account.name, account.spent, account.overdraft_limit) == ("Acme", Credits.ZERO, None)

    await database.ask(read)


async def test_a_row_that_the_session_knows_keeps_what_was_changed(
    database: Database, account_id: UUID
) -> None:
    def read(session: Session) -> None:
        account = session.get_one(Account, account_id)
        account.spent = Credits(5)
        assert the_account(session) is account
        assert account.spent == Credits(5)
        session.rollback()

    await database.ask(read)


async def test_a_row_that_was_forgotten_is_completed(database: Database) -> None:
    def read(session: Session) -> None:
        account = the_account(session)
        account.spent = Credits(5)
        session.expire_all()
        assert the_account(session) is account
        assert account.__dict__["spent"] == Credits.ZERO
        assert changes_of(account) == set()

    await database.ask(read)


async def test_changes_are_those_from_what_the_store_has(database: Database) -> None:
    def change(session: Session) -> None:
        account = the_account(session)
        account.spent = Credits(5)
        account.held = Credits(1)
        account.held = Credits(0)
        assert changes_of(account) == {"spent"}
        assert list(session.dirty) == [account]
        forget_changes(session, account)
        assert changes_of(account) == set()
        assert list(session.dirty) == []
        assert account.spent == Credits(5)

    await database.ask(change)


async def test_several_attributes_are_read_at_once_and_again_once_forgotten(database: Database) -> None:
    read_both = loaded("name", "spent")

    def read(session: Session) -> None:
        account = the_account(session)
        assert read_both(account) == ("Acme", Credits.ZERO)
        session.expire_all()
        assert read_both(account) == ("Acme", Credits.ZERO)

    await database.ask(read)


async def test_a_session_hears_nothing_of_what_is_moved(database: Database) -> None:
    def change(session: Session) -> None:
        account = the_account(session)
        move(account, {"spent": Credits(5), "transfer_count": 1})
        assert (account.spent, account.transfer_count, account.name) == (Credits(5), 1, "Acme")
        assert changes_of(account) == set()
        assert list(session.dirty) == []
        session.expire_all()
        assert account.spent == Credits.ZERO

    await database.ask(change)


async def test_a_new_row_is_as_the_class_would_make_it(tenant: Tenant) -> None:
    run = await tenant.start(metadata={"a": 1})

    def compare(session: Session) -> None:
        [values] = PreparedRead(select(table_of(Workflow))).rows(session)
        [stored] = session.scalars(select(Workflow)).all()
        fields = {key: getattr(stored, key) for key in Workflow.__mapper__.attrs.keys()}  # noqa: SIM118 - no dict
        made = new_row(Workflow, **fields)
        assert made not in session
        assert values_of(Workflow, [made, stored]) == [values, values]
        assert made.run_metadata == {"a": 1}

    await tenant.database.ask(compare)
    assert run.run_metadata == {"a": 1}
