"""Verbs without a business, to try the writer with: each adds to a name, or goes wrong in its own way."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from metering.accounts import create_account
from models.account import Account
from models.database import Database
from models.writer import Command, SetCommand


class Broken(Exception):  # noqa: N818 - the name of what a bug does
    """A bug in a verb: no refusal."""


async def new_account(database: Database, name: str = "") -> UUID:
    account = await database.write(Command(None, partial(create_account, name=name, overdraft_limit=None)))
    return account.id


async def name_of(database: Database, account_id: UUID) -> str:
    async with database.read() as session:
        return (await session.scalars(select(Account.name).where(Account.id == account_id))).one()


def append(account_id: UUID, letters: str) -> SetCommand[str, str]:
    """Append letters to the account's name; "!" is a bug, "?" a statement that the database rejects."""
    return SetCommand(account_id, partial(_append, account_id), tuple(letters))


def append_together(account_id: UUID, letters: str) -> SetCommand[tuple[UUID, str], str]:
    """Append as `append` does, by a verb under which commands are merged."""
    return SetCommand(account_id, append_letters, tuple((account_id, letter) for letter in letters))


def append_letters(session: Session, items: Sequence[tuple[UUID, str]], *, now: datetime) -> list[str]:  # noqa: ARG001 - a set verb's signature
    return [_append_one(session, account_id, letter) for account_id, letter in items]


def _append(account_id: UUID, session: Session, items: Sequence[str], *, now: datetime) -> list[str]:  # noqa: ARG001 - a set verb's signature
    return [_append_one(session, account_id, letter) for letter in items]


def _append_one(session: Session, account_id: UUID, letter: str) -> str:
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(name=Account.name + letter)
        .execution_options(synchronize_session=False)
    )
    if letter == "!":
        raise Broken
    if letter == "?":
        session.execute(text("UPDATE account SET granted = -1"))
    return letter
