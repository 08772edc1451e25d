"""Objects of a list are resolved together where resolvers can, with the answers of resolving them one by one."""

from collections.abc import Sequence
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, parse

from graph.execution.many import of_many
from graph.execution.operations import Operations
from graph.execution.stock_engine import StockEngine

CALLS: list[str] = []
WRONG: set[int] = set()


@strawberry.type
class Part:
    """A part."""

    name: str


async def parts_of_all(shelves: Sequence["Shelf"], info: strawberry.Info, first: int = 2) -> list[list[Part]]:  # noqa: ARG001 - as resolvers are called
    """Give the parts of many shelves."""
    CALLS.append(f"many {len(shelves)}")
    if any(shelf.number in WRONG for shelf in shelves):
        raise ValueError("no such shelf")
    return [shelf.made(first) for shelf in shelves]


@strawberry.type
class Shelf:
    """A shelf."""

    number: int

    @strawberry.field
    @of_many(parts_of_all)
    async def parts(self, first: int = 2) -> list[Part]:
        """Give the parts."""
        CALLS.append("one")
        if self.number in WRONG:
            raise ValueError("no such shelf")
        return self.made(first)

    def made(self, first: int) -> list[Part]:
        return [Part(name=f"{self.number} {each}") for each in range(first)]


@strawberry.type
class Room:
    """A room: what is read leads to what is resolved."""

    shelves: list[Shelf | None]


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def rooms(self) -> list[Room] | None:
        """Give two rooms and a gap."""
        return [Room(shelves=[Shelf(number=1), None, Shelf(number=2)]), Room(shelves=[Shelf(number=3)])]


SCHEMA = strawberry.Schema(Query)._schema  # noqa: SLF001 - the schema below strawberry's
DOCUMENT = parse("{ rooms { shelves { number parts(first: 3) { name } other: parts { name } } } }")


async def run(engine: Operations | StockEngine) -> tuple[Any, list[Any]]:
    CALLS.clear()
    result = engine.execute(DOCUMENT, None, {}, None, None)
    given = result if isinstance(result, ExecutionResult) else await result
    return str(given.data), [(each.message, each.path) for each in given.errors or ()]


@pytest.mark.parametrize(
    ("wrong", "calls"),
    [(set(), ["many 3", "many 3"]), ({2}, ["many 3", *["one"] * 6])],
)
async def test_levels_answer_as_objects_one_by_one(
    monkeypatch: pytest.MonkeyPatch, wrong: set[int], calls: list[str]
) -> None:
    monkeypatch.setattr(f"{__name__}.WRONG", wrong)
    expected = await run(StockEngine(SCHEMA, 50))
    assert CALLS == ["one"] * 6
    operations = Operations(SCHEMA)
    await run(operations)
    assert await run(operations) == expected
    assert calls == CALLS
    assert len(expected[1]) == len(wrong)
