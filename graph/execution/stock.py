"""The engine of graphql-core, as strawberry sets it up."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from graphql import DocumentNode, ExecutionResult
from graphql.execution import execute as core_execute
from graphql.execution import subscribe as core_subscribe
from strawberry.execution import optimized_is_awaitable

from graph.context import Context
from graph.schema import schema

MOST_COERCION_ERRORS = 4
"""What is wrong with variables is told up to here, and that there is more."""


async def execute(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: Context
) -> ExecutionResult:
    """Run a query or a mutation of a document that may be run; what fails is told in the result."""
    result = core_execute(
        **_given(document, name, variables, context),
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it guards as the engine's own does
    )
    return result if isinstance(result, ExecutionResult) else await result


async def subscribe(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: Context
) -> AsyncIterator[ExecutionResult] | ExecutionResult:
    """Open a subscription of a document that may be run; a result in place of a stream says what failed."""
    opened = core_subscribe(**_given(document, name, variables, context))
    return opened if isinstance(opened, ExecutionResult | AsyncIterator) else await opened


def _given(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    return {
        "schema": schema._schema,  # noqa: SLF001 - the schema below strawberry's
        "document": document,
        "context_value": context,
        "variable_values": dict(variables),
        "operation_name": name,
        "max_coercion_errors": MOST_COERCION_ERRORS,
        "executor_class": schema.execution_context_class,
        "hide_suggestions": True,
    }
