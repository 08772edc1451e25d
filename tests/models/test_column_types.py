"""What goes into a column comes out of it, the same on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.types import TypeEngine

from models.base import BigInt, Flag, Id, Instant, JsonObject, Money, Name, total
from models.identity import new_id
from pricing.credits import Credits


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


TYPES: dict[str, TypeEngine[Any]] = {
    "id": Id(),
    "big": BigInt(),
    "money": Money(),
    "instant": Instant(),
    "flag": Flag(),
    "colour": Name(Colour),
    "json": JsonObject(),
}
SAMPLES = Table("sample", MetaData(), *(Column(*named) for named in TYPES.items()), sqlite_strict=True)
FULL: dict[str, object] = dict.fromkeys(TYPES)
LATE = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        await connection.run_sync(SAMPLES.create)
        yield connection
        await connection.rollback()
    await engine.dispose()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", UUID("0199a2b4-7c00-7000-8000-0123456789ab")),
        ("big", 2**63 - 1),
        ("big", -(2**63)),
        ("money", Credits(0)),
        ("money", Credits(10**18 - 1)),
        ("money", Credits(-1)),
        ("instant", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("instant", datetime(2026, 3, 4, 5, 6, 7, 123457, tzinfo=UTC)),
        ("instant", LATE),
        ("flag", True),
        ("flag", False),
        ("colour", Colour.BLUE),
        ("json", {}),
        ("json", {"b": [1, 2.5, None, True], "a": {"ü": "\u0000☎"}}),
        *((column, None) for column in TYPES),
    ],
)
async def test_a_value_comes_back(connection: AsyncConnection, column: str, value: object) -> None:
    await connection.execute(insert(SAMPLES), {**FULL, column: value})
    [stored] = (await connection.scalars(select(SAMPLES.c[column]))).all()
    assert stored == value
    assert isinstance(stored, type(value))


async def test_an_offset_is_understood_and_comes_back_as_utc(connection: AsyncConnection) -> None:
    given = datetime(2026, 3, 4, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    await connection.execute(insert(SAMPLES), {**FULL, "instant": given})
    stored = (await connection.scalars(select(SAMPLES.c.instant))).one()
    assert stored.isoformat() == "2026-03-03T19:30:00+00:00"


async def test_a_time_without_an_offset_is_refused(connection: AsyncConnection) -> None:
    with pytest.raises(StatementError, match="A time without an offset cannot be stored"):
        await connection.execute(insert(SAMPLES), {**FULL, "instant": datetime(2026, 3, 4)})  # noqa: DTZ001 - the naive time is the point


async def test_ids_sort_by_time_of_making(connection: AsyncConnection) -> None:
    made = [new_id() for _ in range(50)]
    await connection.execute(insert(SAMPLES), [{**FULL, "id": value} for value in reversed(made)])
    assert (await connection.scalars(select(SAMPLES.c.id).order_by(SAMPLES.c.id))).all() == made


async def test_moments_are_compared_as_moments(connection: AsyncConnection) -> None:
    earlier, later = datetime(2026, 3, 4, 12, tzinfo=UTC), datetime(2026, 3, 4, 12, 0, 0, 1, tzinfo=UTC)
    await connection.execute(insert(SAMPLES), [{**FULL, "instant": at} for at in (earlier, later)])
    found = await connection.scalars(select(SAMPLES.c.instant).where(SAMPLES.c.instant > earlier))
    assert found.all() == [later]


async def test_a_total_is_exact_and_zero_for_no_rows(connection: AsyncConnection) -> None:
    assert await connection.scalar(select(total(SAMPLES.c.money))) == 0
    await connection.execute(insert(SAMPLES), [{**FULL, "money": Credits(10**18 - 1)}] * 3)
    sum_ = await connection.scalar(select(total(SAMPLES.c.money)))
    assert (sum_, type(sum_)) == (3 * 10**18 - 3, int)


async def test_a_text_that_names_no_member_is_not_taken_for_one(connection: AsyncConnection) -> None:
    await connection.execute(text("INSERT INTO sample (colour) VALUES ('GREEN')"))
    with pytest.raises(ValueError, match="'GREEN' is not a valid Colour"):
        (await connection.scalars(select(SAMPLES.c.colour))).all()


@pytest.mark.parametrize("column", ["id", "big", "money", "instant", "flag"])
async def test_a_text_does_not_get_into_another_column(connection: AsyncConnection, column: str) -> None:
    # SQLite would take it, were the tables not STRICT.
    with pytest.raises(DBAPIError):
        await connection.execute(text(f"INSERT INTO sample ({column}) VALUES ('nonsense')"))


async def test_json_is_kept_in_one_form(connection: AsyncConnection) -> None:
    await connection.execute(insert(SAMPLES), {**FULL, "json": {"b": 1, "a": [1.5, "ü"]}})
    assert await connection.scalar(text("SELECT json FROM sample")) == '{"a":[1.5,"ü"],"b":1}'
    assert await connection.scalar(select(func.count()).select_from(SAMPLES)) == 1
