"""JSON that the store writes is what orjson writes of the same values."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Text, bindparam, cast, false, literal_column, select, true, union_all
from sqlalchemy.types import TypeEngine

from graph.scalars import SCALARS
from models.base import BigInt, Flag, Id, Instant, JsonObject, Money, Name
from models.database import Database
from models.identity import IdKind, format_id, new_id
from models.json_text import (
    PLACE_DIGITS,
    SURPRISE,
    NoJsonText,
    concatenated,
    end_of,
    id_text,
    joined,
    micros_text,
    null_for_none,
    or_null,
    place_text,
    presence_text,
    value_text,
)
from models.prepared import PreparedRead
from models.workflow import WorkflowStatus
from pricing.credits import Credits
from pricing.decimal_text import text_from_micros

EVERY_CHARACTER = "".join(map(chr, range(1, 0x250))) + "\u2028\u2029\ufeff\uffff😀" + '\\"\\\\"'
AMOUNTS = (0, 1, 10, 999_999, 1_000_000, 1_000_001, 2_500_000, 123_456_789_000_100, 2**63 - 1)
MOMENTS = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2000, 2, 29, 1, 2, 3, 1, UTC),
    datetime(2026, 11, 23, 10, 0, 0, 100_000, UTC),
    datetime(9998, 12, 31, 23, 59, 59, 999_999, UTC),
)


async def read(database: Database, text: Any, kind: TypeEngine[Any], value: object) -> Any:
    """Have the store write a value of a type."""
    [(found,)] = await database.ask(
        lambda session: PreparedRead(select(text(bindparam("value", type_=kind)))).rows(session, value=value)
    )
    return found


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Text(), EVERY_CHARACTER),
        (Text(), ""),
        (Name(WorkflowStatus), WorkflowStatus.FAILED),
        *((BigInt(), amount) for amount in (-5, *AMOUNTS)),
        (Flag(), True),
        (Flag(), False),
    ],
)
async def test_values_are_written_as_they_are(
    database: Database, kind: TypeEngine[Any], value: object
) -> None:
    kept = _kept(kind)
    assert (
        await read(database, lambda given: value_text(kept(given)), kind, value)
        == orjson.dumps(value).decode()
    )


@pytest.mark.parametrize("amount", AMOUNTS)
async def test_amounts_are_exact(database: Database, amount: int) -> None:
    expected = f'"{text_from_micros(amount)}"'
    money = _kept(Money())
    assert await read(database, lambda given: value_text(money(given)), Money(), Credits(amount)) == expected
    number = _kept(BigInt())
    assert await read(database, lambda given: micros_text(number(given)), BigInt(), amount) == expected


@pytest.mark.parametrize("moment", MOMENTS)
async def test_moments_are_written_as_the_graph_writes_them(database: Database, moment: datetime) -> None:
    expected = f'"{SCALARS[datetime].serialize(moment)}"'
    kept = _kept(Instant())
    assert await read(database, lambda given: value_text(kept(given)), Instant(), moment) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Instant(), MOMENTS[0] - timedelta(microseconds=1)),
        (Instant(), datetime(9999, 1, 1, tzinfo=UTC)),
        (Instant(), datetime.max.replace(tzinfo=UTC)),
        (Money(), Credits(-1)),
    ],
)
async def test_what_is_better_not_written_so_is_a_surprise(
    database: Database, kind: TypeEngine[Any], value: object
) -> None:
    kept = _kept(kind)
    assert await read(database, lambda given: joined(value_text(kept(given))), kind, value) == SURPRISE
    either = await read(
        database, lambda given: joined(or_null(kept(given), value_text(kept(given)))), kind, value
    )
    assert either == SURPRISE


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [
        *((Money(), Credits(amount), amount) for amount in (-(2**63), -1, *AMOUNTS)),
        *((Instant(), moment, (moment - MOMENTS[0]) // timedelta(microseconds=1)) for moment in MOMENTS),
        (Instant(), MOMENTS[0] - timedelta(microseconds=1), -1),
    ],
)
async def test_places_are_numbers_of_eight_bytes_and_ids(
    database: Database, kind: TypeEngine[Any], value: object, number: int
) -> None:
    made, kept = new_id(), _kept(kind)
    row_id = literal_column(f"x'{made.hex}'" if database.is_sqlite else f"'{made}'::uuid", Id())
    found = await read(database, lambda given: place_text(kept(given), row_id), kind, value)
    assert bytes.fromhex(found) == struct.pack(">q", number) + made.bytes
    assert len(found) == PLACE_DIGITS


async def test_ends_of_texts_and_of_none(database: Database) -> None:
    def ends(given: Any, *, rows: bool) -> Any:
        some = union_all(*(select(cast(given, Text()).concat(each).label("text")) for each in "123"))
        texts = select(some.subquery()).where(true() if rows else false()).subquery()
        return select(
            concatenated(
                *(null_for_none(end_of(texts.c.text, 2, is_last=is_last)) for is_last in (False, True))
            )
        ).scalar_subquery()

    assert await read(database, lambda given: ends(given, rows=True), Text(), "é") == "é1é3"
    assert await read(database, lambda given: ends(given, rows=False), Text(), "é") == "nullnull"


async def test_ids_presence_and_nothing(database: Database) -> None:
    made, kept = new_id(), _kept(Id())
    assert (
        await read(database, lambda given: id_text("agent", kept(given)), Id(), made)
        == f'"{format_id(IdKind.AGENT, made)}"'
    )
    for value, expected in ((made, "true"), (None, "false")):
        assert await read(database, lambda given: presence_text(kept(given)), Id(), value) == expected
    nothing = await read(
        database, lambda given: or_null(kept(given), id_text("agent", kept(given))), Id(), None
    )
    assert nothing == "null"
    objects = await read(
        database, lambda given: concatenated("{", '"a":', id_text("a", kept(given)), "}"), Id(), made
    )
    assert objects == f'{{"a":"a_{made.hex}"}}'


def test_other_types_are_not_written() -> None:
    with pytest.raises(NoJsonText):
        value_text(literal_column("x", JsonObject()))
    with pytest.raises(NoJsonText):
        place_text(literal_column("x", Text()), literal_column("x", Id()))


def _kept(kind: TypeEngine[Any]) -> Any:
    """Give a value as a column of a table has it, which databases take for no type but its own."""

    def column(given: Any) -> Any:
        return select(cast(given, kind).label("value")).subquery().c.value

    return column
