"""Both engines give the same answers of the service itself: to its examples, and to every query of its tests."""

import ast
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from graphql import ExecutionResult, OperationType, VariableDefinitionNode, Visitor, visit
from graphql.pyutils import AwaitableOrValue

from graph.context import Context, Snapshot
from graph.cursors import Cursors
from graph.documents import Document, DocumentRefused
from graph.execution import compiled, stock
from graph.schema import documents
from metering.webhooks import PUBLIC_TARGETS
from models.api_key import ApiKey
from models.database import Database
from server.authentication import Authentication, Secret
from server.demo.opening import prepare_demo
from server.examples import examples
from server.margins import margin_terms
from server.settings import Settings
from server.transport.bodies import json_bytes

TESTS = Path(__file__).parents[2]
TERMS = margin_terms(Settings.of({}))


async def test_every_query_of_the_tests(database: Database) -> None:
    asking = await Asking.of(database)
    compared = 0
    for text in sorted(queries()):
        document = documents.prepare(text)
        expected = await asking.stock(document, {})
        await asking.compiled(document, {})
        assert await asking.compiled(document, {}) == expected, text
        compared += 1
    assert compared > 100


async def test_every_example(database: Database) -> None:
    asking = await Asking.of(database)
    for example in examples(database.clock()):
        document = documents.prepare(example.query)
        [operation] = document.operations.values()
        if operation.kind is OperationType.SUBSCRIPTION or "…" in str(example.variables):
            continue
        if operation.kind is OperationType.MUTATION:
            await asking.stock(document, example.variables)  # from here on it is replayed
        expected = await asking.stock(document, example.variables)
        await asking.compiled(document, example.variables)
        assert await asking.compiled(document, example.variables) == expected, example.title


class Asking:
    """Runs documents as the demo's key."""

    def __init__(self, database: Database, api_key: ApiKey) -> None:
        self._database = database
        self._api_key = api_key

    @classmethod
    async def of(cls, database: Database) -> "Asking":
        demo = await prepare_demo(database)
        snapshot = Snapshot(database)
        try:
            return cls(database, await Authentication(database).api_key(Secret(demo.secret), snapshot))
        finally:
            await snapshot.close()

    async def stock(self, document: Document, variables: dict[str, Any]) -> Any:
        async with self._context() as context:
            return shown(await ended(stock.execute(document.node, None, variables, context)))

    async def compiled(self, document: Document, variables: dict[str, Any]) -> Any:
        async with self._context() as context:
            return shown(await ended(compiled.execute(document.node, None, variables, context)))

    @asynccontextmanager
    async def _context(self) -> AsyncIterator[Context]:
        cursors = Cursors(b"a secret of thirty-two bytes, yes")
        snapshot = Snapshot(self._database)
        context = Context(self._database, self._api_key, snapshot, PUBLIC_TARGETS, TERMS, cursors)
        try:
            yield context
        finally:
            await context.close()


async def ended(result: AwaitableOrValue[ExecutionResult]) -> ExecutionResult:
    return result if isinstance(result, ExecutionResult) else await result


def shown(result: ExecutionResult) -> Any:
    """The answer as text, since the order of names counts, and every error in order."""
    return json_bytes({"data": result.data}), [
        (error.message, error.path, error.locations) for error in result.errors or ()
    ]


def queries() -> Iterator[str]:
    """Find the texts in the tests that are queries which can be run as they stand."""
    found = set()
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{" in node.value:
                found.add(node.value)
    return (text for text in found if _can_be_run(text))


def _can_be_run(text: str) -> bool:
    try:
        document = documents.prepare(text)
    except DocumentRefused:
        return False
    kinds = [operation.kind for operation in document.operations.values()]
    return kinds == [OperationType.QUERY] and not _needs_variables(document)


def _needs_variables(document: Document) -> bool:
    found = _Variables()
    visit(document.node, found)
    return found.are_needed


class _Variables(Visitor):
    are_needed = False

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        if node.type.kind == "non_null_type" and node.default_value is None:
            self.are_needed = True
