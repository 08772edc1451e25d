"""The compiled engine (`graph/execution`) alone behind bare ASGI: no keys, limits, logs or metrics.

Usage: python -m benchmarks.peers.engine PORT
"""

from typing import Any

import orjson
import strawberry
from graphql import DocumentNode, ExecutionResult, parse

from benchmarks.peers.items import ITEMS, SCOPES
from benchmarks.peers.serving import answer, body_of, serve
from graph.execution.operations import Operations


@strawberry.type
class Viewer:
    """Who asks."""

    scopes: list[str]


@strawberry.type
class Item:
    """A small object."""

    id: strawberry.ID
    name: str
    count: int
    price: str
    available: bool


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def viewer(self) -> Viewer:
        """Give it."""
        return Viewer(scopes=SCOPES)

    @strawberry.field
    async def items(self) -> list[Item]:
        """Give all."""
        return OBJECTS


OBJECTS = [
    Item(id=strawberry.ID(row.id), name=row.name, count=row.count, price=row.price, available=row.available)
    for row in ITEMS
]
OPERATIONS = Operations(strawberry.Schema(Query)._schema)  # noqa: SLF001 - the schema below strawberry's
DOCUMENTS: dict[str, DocumentNode] = {}


async def app(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
    asked = orjson.loads(await body_of(receive))
    document = DOCUMENTS.get(asked["query"])
    if document is None:
        document = DOCUMENTS[asked["query"]] = parse(asked["query"])
    result = OPERATIONS.execute(document, None, {}, None)
    if not isinstance(result, ExecutionResult):
        result = await result
    await answer(send, orjson.dumps({"data": result.data}))


if __name__ == "__main__":
    serve(app)
