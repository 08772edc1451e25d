"""A schema of graphql-core alone is run as graphql-core runs it: dictionaries, methods and default resolvers."""

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, build_schema, parse
from graphql.execution import execute as core_execute

from graph.execution.operations import Operations
from tests.graph.execution.world_data import Later

SCHEMA = build_schema(
    """
    type Query { things: [Thing!], either: [Either], one: Thing!, now: Int }
    type Mutation { first: Int, second(by: Int = 2): Int! }
    type Thing { name: String!, size(unit: Int = 1): Float, kind: Kind, inner: Thing, tags: [[String]] }
    type Other { name: String, id: ID! }
    union Either = Thing | Other
    enum Kind { GOOD BAD }
    """
)
other: Any = SCHEMA.type_map["Other"]
assert isinstance(other, GraphQLObjectType)
other.is_type_of = lambda value, _info: isinstance(value, dict) and "id" in value

DOCUMENTS = (
    "{ things { name kind tags inner { name kind } } now }",
    "{ things { name size other: size(unit: 3) inner { __typename } } one { name } }",
    "{ either { __typename ... on Thing { name } ... on Other { id name } } }",
    "mutation { first second again: second(by: 5) }",
)


def roots() -> list[Any]:
    def later(value: Any) -> Later:
        return Later(value, turns=1)

    def size(_info: Any, unit: int) -> float:
        if unit == 3:
            raise ValueError("no such unit")
        return unit / 2

    inner = SimpleNamespace(name="inner", kind="GOOD", inner=None, tags=[["a", None], None], size=size)
    thing = {
        "name": "thing",
        "kind": "BAD",
        "inner": inner,
        "tags": None,
        "size": size,
        "__typename": "Thing",
    }
    counts: list[int] = []

    def second(_info: Any, by: int) -> int:
        counts.append(by)
        return sum(counts)

    return [
        None,
        {},
        {"things": [thing, inner], "one": thing, "now": 3, "either": [thing, {"id": 5}, None]},
        {"things": (thing, inner, None), "one": inner, "now": lambda _info: 4, "either": [{"name": "?"}]},
        {"things": lambda _info: later([thing, later(inner)]), "one": later(thing), "now": later(1)},
        {"things": [{"name": lambda _info: "called", "kind": "WORSE"}], "one": {"name": later("slow")}},
        {"things": {"name": "no list"}, "one": None, "first": lambda _info: later(1), "second": second},
        {"things": "text", "one": 3, "first": 2**40, "second": lambda _info, by: None if by == 5 else by},
        SimpleNamespace(things=iter([inner]), one=inner, either=[later({"id": "x"})], first=1),
    ]


@pytest.mark.parametrize("text", DOCUMENTS)
@pytest.mark.parametrize("number", range(len(roots())))
async def test_equal_answers(text: str, number: int) -> None:
    document = parse(text)
    operations = Operations(SCHEMA)
    expected = await given(core_execute(SCHEMA, document, roots()[number], hide_suggestions=True))
    for _ in range(3):
        found = await given(operations.execute(document, None, {}, None, roots()[number]))
        assert (found.data, shown(found)) == (expected.data, shown(expected))
        assert str(found.data) == str(expected.data)


async def given(result: Any) -> ExecutionResult:
    found: ExecutionResult = result if isinstance(result, ExecutionResult) else await result
    return found


def shown(result: ExecutionResult) -> Any:
    return [(error.message, error.path, error.locations) for error in result.errors or ()]
