"""The promises of read() and write(), on both databases."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from metering.accounts import create_account
from metering.errors import AccountNotFound
from models.account import Account
from models.availability import StoreUnavailable
from models.database import Database
from models.line import MOST_ITEMS_OF_AN_ACCOUNT, MOST_ITEMS_WAITING
from models.writer import Command, SetCommand
from tests.clock import SettableClock
from tests.databases.opened import opened
from tests.models.probes import Broken, append, append_together, name_of, new_account


async def account_count(database: Database) -> int:
    async with database.read() as session:
        return (await session.scalars(select(func.count()).select_from(Account))).one()


async def test_a_write_can_be_read_as_soon_as_it_is_answered(database: Database) -> None:
    for number in range(5):
        account_id = await new_account(database, f"account {number}")
        assert await name_of(database, account_id) == f"account {number}"


async def test_the_verb_is_told_the_time_of_the_database(database: Database, clock: SettableClock) -> None:
    verb = partial(create_account, name="a", overdraft_limit=None)
    account = await database.write(Command(None, verb))
    assert account.created_at == clock.now


async def test_a_refused_command_leaves_nothing(database: Database) -> None:
    def refuse(session: Session, *, now: datetime) -> None:
        create_account(session, name="never", overdraft_limit=None, now=now)
        raise AccountNotFound

    with pytest.raises(AccountNotFound):
        await database.write(Command(None, refuse))
    assert await account_count(database) == 0


@pytest.mark.parametrize(("bad", "error"), [("!", Broken), ("?", IntegrityError)])
async def test_a_broken_command_does_not_harm_its_neighbours(
    database: Database, bad: str, error: type[Exception]
) -> None:
    one, other, third = [await new_account(database) for _ in range(3)]
    commands = [
        append_together(one, "ab"),
        append_together(other, f"x{bad}z"),
        append_together(one, "c"),
        append(third, "u"),
        append(third, f"v{bad}"),
        append_together(third, "w"),
    ]
    answers = await asyncio.gather(*map(database.write, commands), return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, list)] == [["a", "b"], ["c"], ["u"], ["w"]]
    assert [type(answers[broken]) for broken in (1, 4)] == [error, error]
    assert await name_of(database, one) == "abc"
    assert await name_of(database, other) == ""
    assert sorted(await name_of(database, third)) == ["u", "w"]


async def test_what_waits_for_one_verb_is_done_in_one_call(database: Database) -> None:
    calls: list[int] = []
    held = await new_account(database)

    def note(_session: Session, items: tuple[int, ...], *, now: datetime) -> list[int]:  # noqa: ARG001 - a set verb's signature
        calls.append(len(items))
        return list(items)

    answers = await asyncio.gather(*(database.write(SetCommand(held, note, (n, -n))) for n in range(50)))
    assert answers == [[n, -n] for n in range(50)]
    # The first may go alone, while the others gather; nothing else splits them.
    assert sum(calls) == 100
    assert len(calls) <= 2


async def test_a_caller_that_leaves_does_not_take_its_write_along(database: Database) -> None:
    account_id = await new_account(database)
    caller = asyncio.create_task(database.write(append(account_id, "left")))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await database.write(append(account_id, "+stayed"))
    assert await name_of(database, account_id) == "left+stayed"


async def test_closing_commits_what_waits_and_takes_nothing_more(database_url: str) -> None:
    async with opened(database_url) as database:
        account_id = await new_account(database)
        waiting = [asyncio.create_task(database.write(append(account_id, "x"))) for _ in range(20)]
        await asyncio.sleep(0)
        await database.close()
        assert await asyncio.gather(*waiting) == [["x"]] * 20
        with pytest.raises(StoreUnavailable, match="shutting down"):
            await database.write(append(account_id, "y"))
    async with opened(database_url) as database:
        assert await name_of(database, account_id) == "x" * 20


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    account_id = await new_account(database, "before")
    name = select(Account.name).where(Account.id == account_id)
    async with database.read() as session:
        assert (await session.scalars(name)).one() == "before"
        await database.write(append(account_id, "/after"))
        assert (await session.scalars(name)).one() == "before"
    assert await name_of(database, account_id) == "before/after"


async def test_a_reader_cannot_write(database: Database) -> None:
    await new_account(database, "kept")
    async with database.read() as session:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await session.execute(text("UPDATE account SET name = 'changed'"))
    async with database.read() as session:
        assert (await session.scalars(select(Account.name))).all() == ["kept"]


async def test_too_much_waiting_is_unavailable_and_nothing_is_done(database: Database) -> None:
    account_id = await new_account(database)
    with pytest.raises(StoreUnavailable, match="Too many writes are waiting"):
        await database.write(append(account_id, "x" * (MOST_ITEMS_WAITING + 1)))
    assert await name_of(database, account_id) == ""
    assert await database.write(append(account_id, "y")) == ["y"]


async def test_what_waits_counts_until_it_is_taken_up(database: Database) -> None:
    account_id = await new_account(database)

    def nothing(_session: Session, items: tuple[int, ...], *, now: datetime) -> list[None]:  # noqa: ARG001 - a set verb's signature
        return [None] * len(items)

    half = SetCommand(account_id, nothing, (0,) * (MOST_ITEMS_OF_AN_ACCOUNT // 2))
    answers: list[Any] = await asyncio.gather(
        *(database.write(half) for _ in range(3)), return_exceptions=True
    )
    assert [len(answer) for answer in answers[:2]] == [MOST_ITEMS_OF_AN_ACCOUNT // 2] * 2
    assert isinstance(answers[2], StoreUnavailable)
    assert len(await database.write(half)) == MOST_ITEMS_OF_AN_ACCOUNT // 2


async def test_an_account_that_the_command_does_not_name_is_not_touched(database: Database) -> None:
    from metering.ledger import locked_account  # noqa: PLC0415 - the one verb's help that this test is about

    account_id: UUID = await new_account(database)

    def careless(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
        locked_account(session, account_id)

    with pytest.raises(RuntimeError, match="not among them"):
        await database.write(Command(None, careless))
    await database.write(Command(account_id, careless))
