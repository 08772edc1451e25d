"""Operations: read from a body."""

from dataclasses import dataclass
from typing import Any

from graph.schema import documents
from server.refusals import Refused
from server.trusted_documents import ENDLESS_NUMBER, TrustedDocuments, operation_text


@dataclass(frozen=True, slots=True)
class Operation:
    """A document with its variables, and the name of the operation that is meant."""

    query: str
    variables: dict[str, Any]
    name: str | None


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
