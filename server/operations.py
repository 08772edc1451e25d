"""Operations: read from a body."""

from typing import Any, NamedTuple

from graph.schema import documents
from server.transport.bodies import object_from
from server.transport.refusals import Refused
from server.trusted_documents import ENDLESS_NUMBER, TrustedDocuments, operation_text

MOST_KEPT = 500
LARGEST_KEPT_BYTES = 2_000


class Operation(NamedTuple):
    """A document with its variables, and the name of the operation that is meant."""

    query: str
    variables: dict[str, Any]
    name: str | None


class Operations:
    """The operations of bodies; small ones that came lately are kept, so that they are read once.

    One with variables is never the same for long.
    """

    def __init__(self, trusted: TrustedDocuments) -> None:
        self._trusted = trusted
        self._kept: dict[bytes, Operation] = {}

    def of(self, body: bytes) -> Operation:
        """Read the operation of a body.

        Raises Refused.
        """
        kept = self._kept.get(body)
        if kept is not None and documents.know(kept.query):
            return kept
        operation = operation_of(object_from(body), self._trusted)
        if not operation.variables and len(body) <= LARGEST_KEPT_BYTES:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[body] = operation
        return operation


def operation_of(body: dict[str, object], trusted: TrustedDocuments) -> Operation:
    """Read an operation from a JSON object.

    Raises Refused.
    """
    query = operation_text(body, trusted)
    variables, name = body.get("variables"), body.get("operationName")
    if not documents.know(query) and ENDLESS_NUMBER.search(query):
        raise Refused(400, "query: it holds a number that is too long; send long text as variables.")
    if not isinstance(variables, dict | None):
        raise Refused(400, "variables: a JSON object or null is needed.")
    if not isinstance(name, str | None):
        raise Refused(400, "operationName: a string or null is needed.")
    return Operation(query, variables or {}, name or None)
