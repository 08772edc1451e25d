"""An audit reads all books: an operation may ask for one, and a process makes one at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    get_operation_ast,
)
from strawberry.extensions import SchemaExtension

from graph.context import Context
from models.database import Database

AUDIT = "ledgerAudit"
MOST_WAITING = 8


class Turns:
    """One audit at a time, in the order of asking; a few are `waiting`, and more are sent away."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and keep it; UNAVAILABLE where too many wait."""
        if self.waiting == MOST_WAITING:
            message = f"{AUDIT}: {MOST_WAITING} others wait for their turn; try again in a moment."
            raise GraphQLError(message, extensions={"code": "UNAVAILABLE", "field": AUDIT})
        self.waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._lock.release()


def turns_of(database: Database) -> Turns:
    """Give the turns that all operations on a store share."""
    turns: Turns = database.info.setdefault(AUDIT, Turns())
    return turns


class AuditsTakeTurns(SchemaExtension):
    """Refuse an operation that asks for several audits; let one that asks for one wait for its turn."""

    def on_validate(self) -> Iterator[None]:
        """Count, once the validation that comes before this in the schema's extensions has passed."""
        context = self.execution_context
        document = context.graphql_document
        if document is not None and not context.pre_execution_errors:
            operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
            most = max((len(_audits(document, each)) for each in operations), default=0)
            if most > 1:
                message = f"{AUDIT}: once is the most in an operation, and this asks for it {most} times."
                extensions = {"code": "QUERY_TOO_COMPLEX", "field": AUDIT}
                context.pre_execution_errors = [GraphQLError(message, extensions=extensions)]
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        """Wait as a whole operation, so that all of its fields are read in one snapshot, taken afterwards."""
        if not self._has_audit():
            yield
            return
        context: Context = self.execution_context.context
        # A connection kept while this waits would be one that other callers wait for.
        await context.let_go()
        async with turns_of(context.database).turn():
            yield

    def _has_audit(self) -> bool:
        document = self.execution_context.graphql_document
        if document is None:
            return False
        operation = get_operation_ast(document, self.execution_context.operation_name)
        return operation is not None and bool(_audits(document, operation))


def _audits(document: DocumentNode, operation: OperationDefinitionNode) -> set[str]:
    """Name the audits in an answer: aliases are audits of their own, and fields of one name are one."""
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    names: set[str] = set()
    unseen = [operation.selection_set]
    while unseen:
        for node in unseen.pop().selections:
            if isinstance(node, FieldNode) and node.name.value == AUDIT:
                names.add((node.alias or node.name).value)
            elif isinstance(node, InlineFragmentNode):
                unseen.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = fragments.pop(node.name.value, None)
                unseen += [fragment.selection_set] if fragment is not None else []
    return names
