"""An audit reads all books: an operation may ask for one, and a process makes one at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
)

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


def require_one_audit(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Tell whether an operation asks for an audit.

    Raises a GraphQLError with the code QUERY_TOO_COMPLEX where it asks for several.
    """
    audits = len(_audits(document, operation))
    if audits > 1:
        message = f"{AUDIT}: once is the most in an operation, and this asks for it {audits} times."
        raise GraphQLError(message, extensions={"code": "QUERY_TOO_COMPLEX", "field": AUDIT})
    return audits == 1


@asynccontextmanager
async def turn_for_audit(context: Context) -> AsyncIterator[None]:
    """Wait as a whole operation, so that all of its fields are read in one snapshot, taken afterwards.

    Raises a GraphQLError with the code UNAVAILABLE where too many wait.
    """
    # A connection kept while this waits would be one that other callers wait for.
    await context.let_go()
    async with turns_of(context.database).turn():
        yield


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
