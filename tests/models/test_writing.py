"""What a block writes goes together: in one statement on PostgreSQL, whole or not at all on both databases."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.account import Account
from models.base import table_of
from models.database import Database
from models.idempotency import IdempotentRequest
from models.identity import new_id
from models.prepared import PreparedRead, PreparedWrite
from models.writer import Command
from models.writing import FEWEST_ROWS_TO_COPY, together
from pricing.credits import Credits
from tests.databases.statements import statements

_ACCOUNTS = PreparedWrite(insert(table_of(Account)))
_KEYS = PreparedWrite(
    insert(table_of(IdempotentRequest)), ("account_id", "key", "fingerprint", "result_id", "created_at")
)
_COUNT = PreparedRead(
    select(func.count())
    .select_from(IdempotentRequest)
    .where(IdempotentRequest.account_id == bindparam("account"))
)


def account(account_id: UUID, now: datetime) -> tuple[object, ...]:
    zero = (Credits.ZERO,) * 6
    return (account_id, "one", None, *zero, 0, "", None, 0, None, now)


def keys(account_id: UUID, number: int, now: datetime) -> list[tuple[object, ...]]:
    return [(account_id, f"key {n}", "print", new_id(), now) for n in range(number)]


@pytest.mark.parametrize("number", [1, 2, 3, 4, FEWEST_ROWS_TO_COPY - 1, FEWEST_ROWS_TO_COPY])
async def test_rows_may_refer_to_rows_of_their_block(database: Database, number: int) -> None:
    account_id, begun = new_id(), new_id()

    def write(session: Session, *, now: datetime) -> list[tuple[object, ...]]:
        _ACCOUNTS.write(session, [account(begun, now)])
        with together(session):
            _ACCOUNTS.write(session, [account(account_id, now)])
            with together(session):
                _KEYS.write(session, keys(account_id, number, now))
        return _COUNT.rows(session, account=account_id)

    with statements(database) as sent:
        assert await database.write(Command(None, write)) == [(number,)]
    copies = not database.is_sqlite and number >= FEWEST_ROWS_TO_COPY
    assert len([text for text in sent if "idempotent_request" in text]) == 2
    assert [text.startswith("WITH") for text in sent].count(True) == (not database.is_sqlite and not copies)


async def test_a_block_that_breaks_writes_nothing(database: Database) -> None:
    account_id = new_id()

    def write(session: Session, *, now: datetime) -> None:
        with together(session):
            _ACCOUNTS.write(session, [account(account_id, now)])
            _KEYS.write(session, [*keys(account_id, 2, now), *keys(account_id, 1, now)])

    with pytest.raises(IntegrityError):
        await database.write(Command(None, write))
    assert await database.ask(lambda session: _COUNT.rows(session, account=account_id)) == [(0,)]
    assert await database.ask(lambda session: session.get(Account, account_id)) is None


async def test_a_block_that_is_left_by_an_error_keeps_nothing_for_later(database: Database) -> None:
    account_id, begun = new_id(), new_id()

    def break_off(session: Session, now: datetime) -> None:
        with together(session):
            _ACCOUNTS.write(session, [account(account_id, now)])
            raise LookupError

    def write(session: Session, *, now: datetime) -> None:
        with pytest.raises(LookupError):
            break_off(session, now)
        with together(session):
            _ACCOUNTS.write(session, [account(begun, now)])

    await database.write(Command(None, write))
    there = await database.ask(lambda session: session.get(Account, begun))
    assert there is not None
    if not database.is_sqlite:  # which writes at once, and leaves it to the transaction to take it back
        assert await database.ask(lambda session: session.get(Account, account_id)) is None
