"""Variables and arguments are read as the stock engine reads them, right or wrong."""

import enum
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Optional

import pytest
import strawberry
from graphql import ExecutionResult, parse, validate
from graphql.execution import execute as core_execute
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import FieldExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.operations import Operations

Root = strawberry.Parent[Any]


@strawberry.enum
class Level(enum.Enum):
    LOW = 1
    HIGH = "h"


@strawberry.input
class Point:
    x: int
    y: float = 0.5
    label: Optional[str] = None  # noqa: UP045 - as the others
    at: datetime | None = strawberry.UNSET


@strawberry.input
class Plan:
    points: list[Point]
    level: Level = Level.LOW
    tags: list[str | None] | None = None
    nested: list[list[int]] | None = None
    more: strawberry.Maybe[int]
    id: strawberry.ID | None = None
    parts: Optional[list["Plan"]] = None  # noqa: UP045 - a name


@strawberry.input
class Simple:
    points: list[Point]
    level: Level = Level.LOW
    tags: list[str | None] | None = None
    first: Point | None = None
    yes: bool = True


@strawberry.input(one_of=True)
class Either:
    name: str | None = strawberry.UNSET
    number: int | None = strawberry.UNSET


class Refused(Exception):  # noqa: N818 - named for the state
    pass


@strawberry.type
class Refusal:
    message: str


@strawberry.type
class Echo:
    text: str


class RefusedHandler:
    exception_type = Refused
    error_type = Refusal

    def handle(self, exception: Refused, *, field: Any, info: Any) -> Any:
        if str(exception) == "declined":
            return None
        return Refusal(message=f"{exception} at {field.python_name} {info.path.as_list()}")


class Gathering(FieldExtension):
    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {"page": sorted(kwargs.items(), key=str)} | {"level": kwargs.get("level")}


def echo(*values: object) -> Echo:
    return Echo(text=repr(values))


@strawberry.type
class Query:
    @strawberry.field
    async def plan(self, info: strawberry.Info, plan: Plan) -> Echo:
        return echo(plan, info.field_name, info.variable_values)

    @strawberry.field
    async def simple(self, simple: Simple, level: Level = Level.HIGH) -> Echo:
        simple.points.append(Point(x=99))  # whoever shares it sees it
        return echo(simple, level)

    @strawberry.field
    def plain(self, simple: Simple | None = None, words: list[str] = ["a"]) -> Echo:  # noqa: B006 - a default of a list is what is tried
        words.append("b")
        return echo(simple, words)

    @strawberry.field
    async def either(root: Root, either: Either, id: strawberry.ID | None = None) -> Echo:  # noqa: A002, N805 - a parent by another name
        return echo(either, id, root is None)

    @strawberry.field
    async def tried(
        self, simple: Simple | None = None, word: str = ""
    ) -> Annotated[Echo | Refusal, strawberry.union("Tried")]:
        if word == "bug":
            raise RuntimeError("a bug")
        if word:
            raise Refused(word)
        return echo(simple)


@strawberry.type
class Mutation(Query):
    pass


SCHEMA = strawberry.Schema(Query, mutation=Mutation, exception_handlers=[RefusedHandler()])
CORE = SCHEMA._schema  # noqa: SLF001 - the schema below strawberry's

DOCUMENTS = (
    "query ($plan: Plan!) { plan(plan: $plan) { text } }",
    "query ($s: Simple!, $level: Level! = LOW) { simple(simple: $s, level: $level) { text } b: simple(simple: $s) { text } }",
    'mutation ($s: Simple!) { simple(simple: $s) { text } again: simple(simple: $s) { text } tried(word: "no") { ... on Refusal { message } ... on Echo { text } } }',
    'query ($s: Simple, $words: [String!]! = ["q"]) { plain(simple: $s, words: $words) { text } b: plain { text } c: plain(words: ["z"]) { text } }',
    "query ($e: Either!, $id: ID) { either(either: $e, id: $id) { text } }",
    'query ($s: Simple, $word: String! = "refused") { tried(simple: $s, word: $word) { ... on Refusal { message } ... on Echo { text } } }',
    'query ($w: String!) { a: tried(word: $w) { __typename } b: tried(word: "declined") { __typename } c: tried(word: "bug") { __typename } }',
    'query ($x: Int!, $l: Level, $p: Point) { simple(simple: {points: [{x: $x}, {x: 1, y: 2, label: "l"}], level: HIGH, first: $p}, level: HIGH) { text } tried(simple: {points: []}) { ... on Echo { text } } used: plain { text @skip(if: true) text } other: __typename @include(if: true) l: tried(simple: {points: [], level: $l}) { __typename } }',
)


@dataclass(slots=True)
class Guess:
    """JSON for variables, right in most places."""

    r: random.Random

    def __call__(self, *makers: Callable[[], Any]) -> Any:
        if self.r.random() < 0.04:
            return self.r.choice([None, 3, "x", [], {}, True, 1.5, 2**40, [None], {"x": 1}])
        return self.r.choice(makers)()

    def point(self) -> Any:
        found: dict[str, Any] = {"x": self(lambda: 1, lambda: -(2**31), lambda: 7)}
        if self.r.random() < 0.5:
            found["y"] = self(lambda: 1.25, lambda: 2)
        if self.r.random() < 0.3:
            found["label"] = self(lambda: "é", lambda: None)
        if self.r.random() < 0.3:
            found["at"] = self(lambda: "2025-01-02T03:04:05+00:00", lambda: None, lambda: "soon")
        if self.r.random() < 0.05:
            found["z"] = 1
        return found

    def simple(self) -> Any:
        found: dict[str, Any] = {
            "points": self(lambda: [self.point() for _ in range(self.r.randrange(3))], self.point)
        }
        if self.r.random() < 0.5:
            found["level"] = self(lambda: "LOW", lambda: "HIGH", lambda: "MIDDLE")
        if self.r.random() < 0.4:
            found["tags"] = self(lambda: ["a", None], lambda: None, lambda: "one", list)
        if self.r.random() < 0.4:
            found["first"] = self(self.point, lambda: None)
        if self.r.random() < 0.2:
            found["yes"] = self(lambda: False, lambda: None)
        return found

    def plan(self, depth: int = 0) -> Any:
        found = {key: value for key, value in self.simple().items() if key in ("points", "level", "tags")}
        if self.r.random() < 0.4:
            found["nested"] = self(lambda: [[1], [2, 3]], lambda: [[1, "x"]], lambda: 5)
        if self.r.random() < 0.4:
            found["more"] = self(lambda: 3, lambda: None)
        if self.r.random() < 0.4:
            found["id"] = self(lambda: "k", lambda: 8, lambda: 1.5)
        if depth < 2 and self.r.random() < 0.3:
            found["parts"] = [self.plan(depth + 1)]
        return found

    def variables(self) -> dict[str, Any]:
        every = {
            "plan": self(self.plan),
            "s": self(self.simple),
            "e": self(
                lambda: {"name": "n"},
                lambda: {"number": 1},
                lambda: {"name": "n", "number": 1},
                lambda: {"name": None},
            ),
            "id": self(lambda: "i", lambda: 5, lambda: None),
            "level": self(lambda: "HIGH", lambda: "NO"),
            "l": self(lambda: "HIGH", lambda: None),
            "p": self(self.point, lambda: None),
            "x": self(lambda: 4, lambda: 4.0, lambda: "4"),
            "w": self(lambda: "", lambda: "refused"),
            "word": self(lambda: "", lambda: "declined", lambda: "bug"),
            "words": self(lambda: ["v"], lambda: "v", list),
        }
        return {name: value for name, value in every.items() if self.r.random() < 0.9}


@pytest.mark.parametrize("text", DOCUMENTS)
async def test_equal_answers(text: str) -> None:
    document = parse(text)
    assert validate(CORE, document) == []
    operations = Operations(CORE, max_coercion_errors=4)
    guess = Guess(random.Random(text))
    answered = 0
    for _ in range(150):
        variables = guess.variables()
        expected = core_execute(
            CORE,
            document,
            variable_values=variables,
            max_coercion_errors=4,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=True,
        )
        if not isinstance(expected, ExecutionResult):
            expected = await expected
        found = operations.execute(document, None, variables, None)
        if not isinstance(found, ExecutionResult):
            found = await found
        assert shown(found) == shown(expected), variables
        answered += expected.data is not None or any(error.path for error in expected.errors or ())
    assert answered > 20


def shown(result: ExecutionResult) -> Any:
    errors = [
        (error.message, error.path, error.locations, type(error.original_error))
        for error in result.errors or ()
    ]
    return result.data, errors
