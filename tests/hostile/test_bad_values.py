"""Values that do not belong, at every place of the schema: refused or taken, alike in every way.

Each is sent as a literal and as a variable, to SQLite and to PostgreSQL: four answers, which must be one. Every
check tries each argument and each field of each input type once with one value in eight, so that each kind of
place meets every value, and leaves PostgreSQL out where SQLite was not asked either; `make soak` tries all values
at all places, by all the ways that lead there.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import product
from typing import Any

import pytest
from graphql import GraphQLScalarType, get_named_type

from tests.graph.tenancy.positions import GRAPH, Position
from tests.hostile.house import House, house
from tests.hostile.places import each_once, every_place, shown
from tests.hostile.values import PLACE, VALUES, Value, body_by_literal, body_by_variable

PLACES = every_place()
ONE_IN = 8


Asking = Callable[[list[House], Position, Value], Awaitable[list[Any]]]


@pytest.fixture
async def houses(sqlite_database_url: str, postgresql_database_url: str) -> AsyncIterator[list[House]]:
    """The same on both databases."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(house(url))
            for url in (sqlite_database_url, postgresql_database_url)
        ]


def chosen() -> Iterator[tuple[Position, Value]]:
    """Pair places with values: all kinds of place with all values, each place with one in eight."""
    places = each_once(PLACES)
    kinds = Counter(map(kind_of, places))
    numbers = Counter[str]()
    for place in places:
        kind = kind_of(place)
        step = ONE_IN if kinds[kind] >= ONE_IN else 1
        for value in VALUES[numbers[kind] % step :: step]:
            yield place, value
        numbers[kind] += 1


def kind_of(place: Position) -> str:
    """Say what reads a value there: a scalar, or what all enumerations or inputs have in common."""
    type_ = GRAPH.type_map[place.leaf]
    return place.leaf if isinstance(type_, GraphQLScalarType) else type(type_).__name__


def test_there_are_enough_values() -> None:
    assert len(VALUES) >= 40
    assert len({value.name for value in VALUES}) == len(VALUES)


def test_every_kind_of_place_meets_every_value() -> None:
    met = {(kind_of(place), value.name) for place, value in chosen()}
    assert met == {(kind_of(place), value.name) for place in PLACES for value in VALUES}


async def test_a_bad_value_is_answered_alike_everywhere(houses: list[House]) -> None:
    assert await unlike(houses, chosen(), both_ways_where_needed) == []


@pytest.mark.soak
async def test_every_bad_value_at_every_place_by_every_way(houses: list[House]) -> None:
    assert await unlike(houses, product(PLACES, VALUES), both_ways_everywhere) == []


async def unlike(houses: list[House], pairs: Iterable[tuple[Position, Value]], ask: Asking) -> list[str]:
    """Ask each pair in all ways, and say which answers are not alike, or are errors of ours."""
    found = []
    for place, value in pairs:
        answers = await ask(houses, place, value)
        told = {outcome(answer) for answer in answers}
        if len(told) > 1 or any("INTERNAL" in each for each in told):
            found.append(f"{place} with {value.name}: {[outcome(answer) for answer in answers]}")
    return found


async def both_ways_everywhere(houses: list[House], place: Position, value: Value) -> list[Any]:
    """Ask all stores."""
    return [answer for each in houses for answer in await both_ways(each, place, value)]


async def both_ways_where_needed(houses: list[House], place: Position, value: Value) -> list[Any]:
    """Ask the first store, and the others unless all was refused before any store was asked."""
    answers = await both_ways(houses[0], place, value)
    if any("data" in answer for answer in answers):
        answers += await both_ways_everywhere(houses[1:], place, value)
    return answers


async def both_ways(each: House, place: Position, value: Value) -> list[Any]:
    """Bring a value as a literal, then as a variable beside the same other values."""
    caller = each.caller_at(place.type_name, place.field)
    query, variables = caller.operation(place, PLACE, shown(get_named_type(place.field.type)))
    types = {name: it.type for name, it in place.field.args.items()}
    bodies = (body_by_literal(query, variables, types, value), body_by_variable(query, variables, value))
    return [await each.answer(place.type_name, caller.secret, body) for body in bodies]


def outcome(answer: Any) -> str:
    """Give what must be alike: the codes of errors, or the shape of the data."""
    if errors := answer.get("errors"):
        return " ".join(sorted({error["extensions"]["code"] for error in errors}))
    return json.dumps(shape(answer["data"]))


def shape(data: Any) -> Any:
    """Leave of data the names, the types and the refusals."""
    if isinstance(data, dict):
        return {
            name: value if name in {"__typename", "code"} else shape(value) for name, value in data.items()
        }
    if isinstance(data, list):
        return [shape(value) for value in data[:1]]
    return type(data).__name__
