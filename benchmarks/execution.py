"""How long operations take in the compiled engine, beside the stock one and beside making the answer by hand.

Runs take turns, so that whatever else the machine does meets all of them alike; ratios are medians of rounds.
Times are those of the processor: `.venv/bin/python -m benchmarks.execution`.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import orjson
import strawberry
from graphql import DocumentNode, ExecutionResult, parse
from graphql.execution import execute as core_execute
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import FieldExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.execution.operations import Operations

OBJECTS = 5_000
ROUNDS = 15
SECONDS_OF_A_TURN = 0.15

Run = Callable[[], Awaitable[bytes]]


@strawberry.type
class Item:
    """A small object."""

    id: strawberry.ID
    name: str
    count: int
    price: Decimal
    available: bool


@strawberry.type
class Part:
    """A part."""

    name: str


@strawberry.type
class Shelf:
    """An object with resolvers."""

    id: strawberry.ID

    @strawberry.field
    async def items(self, first: int = 5) -> list[Item]:
        """Give some."""
        return ITEMS[:first]

    @strawberry.field
    async def part(self) -> Part:
        """Give it."""
        return Part(name="part")


@strawberry.input
class AddInput:
    """What is added."""

    shelf_id: strawberry.ID
    name: str
    count: int
    price: Decimal
    note: str | None = None


@strawberry.type
class Added:
    """It was added."""

    item: Item
    shelf: Shelf
    replayed: bool


@strawberry.type
class Refused:
    """It was not added."""

    code: str
    message: str


class Allowed(FieldExtension):
    """A permission, as fields of the service have."""

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: object, info: strawberry.Info, **kwargs: object
    ) -> object:
        """Look whether it may be read."""
        if "READ" not in SCOPES:
            raise PermissionError
        return await next_(source, info, **kwargs)


@strawberry.type
class Viewer:
    """Who asks."""

    scopes: list[str]


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field(extensions=[Allowed()])  # type: ignore[untyped-decorator]  # strawberry's is Any
    async def viewer(self) -> Viewer:
        """Give it."""
        return Viewer(scopes=SCOPES)

    @strawberry.field
    async def items(self) -> list[Item]:
        """Give all."""
        return ITEMS

    @strawberry.field
    async def shelves(self, first: int) -> list[Shelf]:
        """Give some."""
        return SHELVES[:first]


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.mutation(extensions=[Allowed()])  # type: ignore[untyped-decorator]  # likewise
    async def add(self, given: AddInput) -> Annotated[Added | Refused, strawberry.union("AddResult")]:
        """Add one."""
        item = Item(id=given.shelf_id, name=given.name, count=given.count, price=given.price, available=True)
        return Added(item=item, shelf=SHELVES[0], replayed=False)


SCOPES = ["READ", "TRACK", "MANAGE"]
ITEMS = [
    Item(id=strawberry.ID(f"item_{n}"), name=f"name {n}", count=n, price=Decimal(n) / 4, available=n % 2 == 0)
    for n in range(OBJECTS)
]
SHELVES = [Shelf(id=strawberry.ID(f"shelf_{n}")) for n in range(50)]
SCHEMA = strawberry.Schema(Query, mutation=Mutation)._schema  # noqa: SLF001 - the schema below strawberry's


@dataclass(frozen=True, slots=True)
class Case:
    """An operation, and its answer made by hand."""

    name: str
    document: DocumentNode
    variables: dict[str, Any]
    by_hand: Callable[[], Any]


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "count": item.count,
        "price": str(item.price),
        "available": item.available,
    }


CASES = (
    Case("smallest", parse("{ viewer { scopes } }"), {}, lambda: {"viewer": {"scopes": SCOPES}}),
    Case(
        f"{OBJECTS:,} objects",
        parse("{ items { id name count price available } }"),
        {},
        lambda: {"items": [_item(item) for item in ITEMS]},
    ),
    Case(
        "nested resolvers",
        parse(
            "{ shelves(first: 50) { id part { name } items(first: 5) { id name count price available } } }"
        ),
        {},
        lambda: {
            "shelves": [
                {"id": shelf.id, "part": {"name": "part"}, "items": [_item(item) for item in ITEMS[:5]]}
                for shelf in SHELVES
            ]
        },
    ),
    Case(
        "mutation",
        parse(
            "mutation ($input: AddInput!) { add(given: $input) { ... on Added { item { id price } "
            "shelf { id } replayed } ... on Refused { code message } } }"
        ),
        {"input": {"shelfId": "shelf_1", "name": "twilio", "count": 5, "price": "1.25"}},
        lambda: {
            "add": {"item": {"id": "shelf_1", "price": "1.25"}, "shelf": {"id": "shelf_0"}, "replayed": False}
        },
    ),
)


def compiled(case: Case) -> Run:
    operations = Operations(SCHEMA)

    async def run() -> bytes:
        result = operations.execute(case.document, None, case.variables, None)
        return _written(result if isinstance(result, ExecutionResult) else await result)

    return run


def stock(case: Case) -> Run:
    async def run() -> bytes:
        result = core_execute(
            SCHEMA,
            case.document,
            variable_values=case.variables,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it guards as the engine's own does
            hide_suggestions=True,
        )
        return _written(result if isinstance(result, ExecutionResult) else await result)

    return run


def by_hand(case: Case) -> Run:
    async def run() -> bytes:
        return orjson.dumps(case.by_hand())

    return run


def _written(result: ExecutionResult) -> bytes:
    assert result.errors is None, result.errors  # noqa: S101 - a benchmark of errors would say nothing
    return orjson.dumps(result.data)


async def measure(case: Case) -> None:
    runs = (stock(case), compiled(case), by_hand(case))
    answers = [[await run() for _ in range(3)][-1] for run in runs]
    assert len(set(answers)) == 1, answers  # noqa: S101 - all must do the same
    counts = [await _count(run) for run in runs]
    rounds = [
        [await _turn(run, count) for run, count in zip(runs, counts, strict=True)] for _ in range(ROUNDS)
    ]
    medians = [statistics.median(times) * 1e6 for times in zip(*rounds, strict=True)]
    to_stock = statistics.median(times[0] / times[1] for times in rounds)
    to_hand = statistics.median(times[2] / times[1] for times in rounds)
    figures = "".join(f"{median:>14,.1f}" for median in medians)
    print(f"{case.name:<18}{figures}{to_stock:>13.2f}{to_hand:>13.2f}")


async def _count(run: Run) -> int:
    return max(1, int(SECONDS_OF_A_TURN / await _turn(run, 3)))


async def _turn(run: Run, count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        await run()
    return (time.process_time() - start) / count


async def main() -> None:
    print(
        f"{'µs of CPU':<18}{'stock':>14}{'compiled':>14}{'by hand':>14}{'stock/comp.':>13}{'hand/comp.':>13}"
    )
    for case in CASES:
        await measure(case)


if __name__ == "__main__":
    asyncio.run(main())
