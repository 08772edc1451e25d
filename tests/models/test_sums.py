"""Sums beyond 64 bits are exact on both databases, on the way and in the end."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, MetaData, Table, bindparam, case, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from models.base import BigInt
from models.sums import wide_total

NUMBERS = Table("number", MetaData(), Column("place", BigInt), Column("value", BigInt), sqlite_strict=True)
MOST, LEAST = 2**63 - 1, -(2**63)
NUMBER_LISTS = [
    [],
    [0],
    [5, -7],
    [-1],
    [2**30, -1, 2**30 - 1],
    [MOST],
    [LEAST],
    [MOST, 1],
    [LEAST, -1],
    [MOST] * 3,
    [LEAST] * 3,
    [MOST, MOST, LEAST, LEAST, 2],
    [LEAST, LEAST, MOST, MOST],
    [10**18 - 1] * 1_000 + [1 - 10**18] * 999,
    [10**18 - 1] * 1_000,
]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction with the table, rolled back afterwards."""
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        await connection.run_sync(NUMBERS.create)
        yield connection
        await connection.rollback()
    await engine.dispose()


async def put(connection: AsyncConnection, values: list[int]) -> None:
    rows = [{"place": place, "value": value} for place, value in enumerate(values)]
    if rows:
        await connection.execute(insert(NUMBERS), rows)


@pytest.mark.parametrize("values", NUMBER_LISTS, ids=lambda values: f"{len(values)} to {sum(values)}")
async def test_any_sum_is_exact(connection: AsyncConnection, values: list[int]) -> None:
    await put(connection, values)
    found = await connection.scalar(select(wide_total(NUMBERS.c.value)))
    assert (found, type(found)) == (sum(values), int)


async def test_sums_are_equal_only_where_the_numbers_are(connection: AsyncConnection) -> None:
    await put(connection, [MOST, MOST - 2, MOST - 1, MOST - 1, 1])
    pairs = [select(wide_total(NUMBERS.c.value)).where(NUMBERS.c.place.in_(places)) for places in _PLACES]
    first, same, other = (pair.scalar_subquery() for pair in pairs)
    row = (await connection.execute(select(first == same, first == other, first != other))).one()
    assert [bool(each) for each in row] == [True, False, True]


async def test_a_sum_of_a_choice_takes_parameters(connection: AsyncConnection) -> None:
    await put(connection, [MOST, MOST, 3])
    chosen = wide_total(case((NUMBERS.c.place < bindparam("end"), NUMBERS.c.value), else_=0))
    statement = select(chosen, wide_total(NUMBERS.c.value))
    assert (await connection.execute(statement, {"end": 2})).one() == (2 * MOST, 2 * MOST + 3)
    assert (await connection.execute(statement, {"end": 1})).one() == (MOST, 2 * MOST + 3)


_PLACES = ((0, 1), (2, 3), (2, 3, 4))
