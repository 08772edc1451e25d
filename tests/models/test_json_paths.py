"""JSON kept as text is asked for within statements, alike on both databases."""

from typing import Any

import pytest
from sqlalchemy import BigInteger, cast, literal, select

from models.base import Json, canonical_json
from models.database import Database
from models.json_paths import json_field, json_items

ONE: Json = {
    "kind": "a \"quoted\" 'kind' — δ",
    "micros": -(2**62),
    "nothing": None,
    "changes": [{"to": "x", "saved": 2**62}, {"to": "y\\z", "saved": -1}],
    "none": [],
}


async def rows(database: Database, statement: Any) -> list[tuple[Any, ...]]:
    async with database.read() as session:
        return [tuple(row) for row in await session.execute(statement)]


async def test_fields_are_given_as_they_are(database: Database) -> None:
    column = literal(canonical_json(ONE))
    fields: list[Any] = [
        json_field(column, "kind"),
        cast(json_field(column, "micros"), BigInteger()),
        json_field(column, "nothing"),
        json_field(column, "missing"),
    ]
    assert await rows(database, select(*fields)) == [(ONE["kind"], -(2**62), None, None)]


async def test_a_list_is_given_as_rows(database: Database) -> None:
    item = json_items(literal(canonical_json(ONE)), "changes").c.value
    saved = cast(json_field(item, "saved"), BigInteger())
    statement = select(json_field(item, "to"), saved).order_by(saved)
    assert await rows(database, statement) == [("y\\z", -1), ("x", 2**62)]


@pytest.mark.parametrize("name", ["none", "missing"])
async def test_where_there_is_no_list_there_are_no_rows(database: Database, name: str) -> None:
    item = json_items(literal(canonical_json(ONE)), name).c.value
    assert await rows(database, select(json_field(item, "to"))) == []
