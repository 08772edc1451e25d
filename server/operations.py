"""Operations: read from a body, run once or as a stream, and answered without anything internal."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from graph.context import Context
from graph.errors import formatted
from graph.schema import schema
from server.refusals import Refused

LONGEST_DOCUMENT_CHARACTERS = 15_000

# No input takes so many digits, and Python refuses to read them.
_ENDLESS_NUMBER = re.compile(r"[0-9]{1000}")


@dataclass(frozen=True, slots=True)
class Operation:
    """A document with its variables, and the name of the operation that is meant."""

    query: str
    variables: dict[str, Any] | None
    name: str | None


def operation_of(body: dict[str, object]) -> Operation:
    """Read an operation from a JSON object.

    Raises Refused.
    """
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise Refused(400, "query: the text of an operation is needed.")
    if len(query) > LONGEST_DOCUMENT_CHARACTERS:
        raise Refused(
            400, f"query: at most {LONGEST_DOCUMENT_CHARACTERS} characters; send long input as variables."
        )
    if _ENDLESS_NUMBER.search(query):
        raise Refused(400, "query: it holds a number that is too long; send long text as variables.")
    if not isinstance(variables, dict | None):
        raise Refused(400, "variables: a JSON object or null is needed.")
    if not isinstance(name, str | None):
        raise Refused(400, "operationName: a string or null is needed.")
    return Operation(query, variables, name or None)


async def run(operation: Operation, context: Context) -> ExecutionResult:
    """Run a query or a mutation.

    Raises Refused where the document has no such operation, or it is a subscription.
    """
    try:
        return await schema.execute(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.name,
            allowed_operation_types=(OperationType.QUERY, OperationType.MUTATION),
        )
    except _NO_OPERATION as error:
        raise Refused(400, _no_operation(error)) from error


async def answers(operation: Operation, context: Context) -> AsyncGenerator[dict[str, Any]]:
    """Run an operation of any kind and give its answers: one, or those of a subscription as they come.

    Each is computed in a snapshot of its own, which nobody keeps while the answer is sent.
    Raises Refused where the document has no such operation.
    """
    stream = await schema.stream(
        operation.query,
        variable_values=operation.variables,
        context_value=context,
        operation_name=operation.name,
    )
    async with aclosing(stream):
        async for result in stream:
            await context.let_go()
            assert isinstance(result, ExecutionResult)  # noqa: S101 - nothing here is delivered in parts
            for error in result.errors or ():
                if isinstance(error.original_error, _NO_OPERATION):
                    raise Refused(400, _no_operation(error.original_error)) from error
            yield answer_of(result)


def answer_of(result: ExecutionResult) -> dict[str, Any]:
    """Write a result as its JSON; one without `data` was refused before anything ran."""
    before = isinstance(result, PreExecutionError) or all(error.path is None for error in result.errors or ())
    failed_before = result.data is None and before
    answer: dict[str, Any] = {} if failed_before else {"data": result.data}
    if result.errors:
        answer["errors"] = formatted(result.errors)
    if result.extensions:
        answer["extensions"] = result.extensions
    return answer


def _no_operation(error: Exception) -> str:
    if isinstance(error, MissingQueryError):
        return "query: the text of an operation is needed."
    if isinstance(error, InvalidOperationTypeError):
        return "query: a subscription needs a WebSocket, or 'accept: text/event-stream'."
    return "operationName: the document has no such operation, or several and none is named."


_NO_OPERATION = (CannotGetOperationTypeError, InvalidOperationTypeError, MissingQueryError)
