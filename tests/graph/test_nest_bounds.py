"""What the store writes is bounded: callers choose what is asked for, and statements take time and room."""

from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import literal_column, select
from sqlalchemy.dialects import sqlite

from graph.loaders.nest_members import Constant, Listed, Objects
from graph.loaders.nest_statements import LONGEST, MOST_CHARACTERS, MOST_SHAPES, NestStatements
from graph.loaders.nests import nest_of
from graph.types.nesting import MOST_LISTS
from models.prepared import PreparedRead
from tests.door import Door
from tests.graph.nests import answer, counted, fill
from tests.tenant import Tenant

RUN = "workflows(first: 1) { nodes"
NOTHING_LEFT = [
    ("agents { nodes @skip(if: $yes) { name } }", '"agents":{}'),
    ("agents(first: 2) { nodes { name @skip(if: $yes) } }", '"agents":{"nodes":[{},{}]}'),
    ("agents(first: 1) { nodes { ... @skip(if: $yes) { name } } }", '"agents":{"nodes":[{}]}'),
    ("agents(first: 1) { nodes { __typename } }", '"agents":{"nodes":[{"__typename":"Agent"}]}'),
    (
        RUN + " { serviceBreakdown { provider @skip(if: $yes) } } }",
        '"workflows":{"nodes":[{"serviceBreakdown":[{}]}]}',
    ),
    (
        RUN + " { servicesUsed { nodes @skip(if: $yes) { id } } } }",
        '"workflows":{"nodes":[{"servicesUsed":{}}]}',
    ),
]


@pytest.mark.parametrize(("asked", "expected"), NOTHING_LEFT)
async def test_what_has_nothing_to_show_is_an_empty_object(
    ask: Door, tenant: Tenant, asked: str, expected: str
) -> None:
    await fill(tenant)
    query = f"query($yes: Boolean!) {{ viewer {{ account {{ name @skip(if: $yes) {asked} }} }} }}"
    answers = [await answer(ask, tenant, query, yes=True) for _ in range(3)]
    assert answers == [f'{{"viewer":{{"account":{{{expected}}}}}}}'.encode()] * 3
    assert await counted(ask, tenant, query, yes=True) == 2


@pytest.mark.parametrize(("lists", "sent"), [(MOST_LISTS, 2), (MOST_LISTS + 1, MOST_LISTS + 2)])
async def test_more_lists_are_loaded(ask: Door, tenant: Tenant, lists: int, sent: int) -> None:
    await fill(tenant)
    below = " ".join(f"of{number}: serviceBreakdown {{ provider }}" for number in range(lists - 1))
    query = f"{{ viewer {{ account {{ {RUN} {{ {below} }} }} }} }} }}"
    await answer(ask, tenant, query)
    assert await counted(ask, tenant, query) == sent


def test_equal_nests_are_one() -> None:
    one, same, other = (Listed("all", 0, Objects("", (Constant("a", text),))) for text in "112")
    assert nest_of(one) is nest_of(same)
    assert nest_of(one) is not nest_of(other)


def test_a_nest_has_so_many_statements() -> None:
    kept, made = NestStatements(), count()
    for shape in range(MOST_SHAPES):
        statement = kept.get("one", shape, of_length(100, made))
        assert statement is not None
        assert kept.get("one", shape, of_length(100, made)) is statement
    assert kept.get("one", "another", of_length(100, made)) is None
    assert next(made) == MOST_SHAPES
    assert kept.get("other", "another", of_length(100, made)) is not None


def test_what_cannot_be_made_is_tried_once() -> None:
    kept, tried = NestStatements(), count()

    def fail() -> PreparedRead:
        next(tried)
        raise TypeError("cannot be said in SQL")

    assert [kept.get("nest", "shape", fail) for _ in range(3)] == [None] * 3
    assert next(tried) == 1


def test_what_is_too_long_is_made_once() -> None:
    kept, made = NestStatements(), count()
    assert kept.get("nest", "fits", of_length(LONGEST, made)) is not None
    assert [kept.get("nest", "long", of_length(LONGEST + 1, made)) for _ in range(3)] == [None] * 3
    assert next(made) == 2


def test_all_statements_together_are_so_long() -> None:
    kept, made = NestStatements(), count()
    fit = MOST_CHARACTERS // LONGEST
    for nest in range(fit):
        kept.get(nest, "shape", of_length(LONGEST, made))
    kept.get(0, "shape", of_length(LONGEST, made))
    assert next(made) == fit
    kept.get(fit, "shape", of_length(1, made))
    kept.get(0, "shape", of_length(LONGEST, made))
    assert next(made) == fit + 2  # the one asked for last is kept
    kept.get(1, "shape", of_length(LONGEST, made))
    assert next(made) == fit + 4


def of_length(characters: int, made: "count[int]") -> Callable[[], PreparedRead]:
    """Make a statement of so many characters, and count it."""

    def make() -> PreparedRead:
        next(made)
        text = "1".ljust(characters - len("SELECT "), "1")
        return PreparedRead.for_one(select(literal_column(text)), sqlite.dialect())

    return make
