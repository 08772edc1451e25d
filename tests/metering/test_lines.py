"""Lines of writes: bounded, in turn for accounts, and what is refused is not recorded."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from models.availability import StoreUnavailable
from models.database import Database
from models.line import MOST_ITEMS_OF_AN_ACCOUNT, MOST_ITEMS_WAITING, Line
from models.writer import SetCommand
from tests.tenant import Tenant

ONE, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)


def nothing(_session: Session, items: Sequence[int], *, now: datetime) -> list[datetime | Exception]:
    """Do nothing to many."""
    return [now for _ in items]


def command(account_id: UUID | None, items: int = 1) -> SetCommand[int, datetime]:
    return SetCommand(account_id, nothing, tuple(range(items)))


async def test_accounts_take_turns_and_each_keeps_its_order() -> None:
    line = Line()
    joined = [line.join(command(account)) for account in (ONE, ONE, ONE, OTHER, OTHER, None)]
    taken = list(line.batch(4))
    assert taken == [joined[0], joined[3], joined[5], joined[1]]
    late = line.join(command(THIRD))
    assert list(line.batch(100)) == [joined[4], joined[2], late]
    assert (bool(line), line.items, line.waited_seconds) == (False, 0, 0.0)


async def test_a_batch_takes_what_fits_and_the_first_whatever_its_size() -> None:
    line = Line()
    large, small = line.join(command(ONE, 2_500)), line.join(command(OTHER, 3))
    assert list(line.batch(2_000)) == [large]
    fits, next_one = line.join(command(ONE, 1_997)), line.join(command(OTHER))
    assert list(line.batch(2_000)) == [small, fits]
    assert list(line.batch(2_000)) == [next_one]


async def test_an_account_may_fill_half_of_the_line_and_all_of_them_no_more_than_it() -> None:
    line = Line()
    line.join(command(ONE, MOST_ITEMS_OF_AN_ACCOUNT))
    with pytest.raises(StoreUnavailable, match="of the account"):
        line.join(command(ONE))
    line.join(command(OTHER, MOST_ITEMS_OF_AN_ACCOUNT))
    assert line.items == MOST_ITEMS_WAITING
    with pytest.raises(StoreUnavailable, match="Too many writes are waiting"):
        line.join(command(THIRD))
    assert len(list(line.batch(MOST_ITEMS_WAITING))) == 2
    line.join(command(THIRD))


async def test_what_is_refused_is_not_recorded_and_the_rest_is(database: Database, tenant: Tenant) -> None:
    blocks = MOST_ITEMS_OF_AN_ACCOUNT // 1_000 + 1
    account = tenant.account_id
    answers = await asyncio.gather(
        *(database.write(command(account, 1_000)) for _ in range(blocks)),
        database.write(command(uuid4(), 1)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, StoreUnavailable)]
    assert len(refused) == 1
    assert [len(answer) for answer in answers if isinstance(answer, list)] == [1_000] * (blocks - 1) + [1]
    await database.write(command(account, 1_000))
    assert sum(database.waiting_items) == 0
