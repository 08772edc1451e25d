"""The stock engine on this project's schema."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from graphql import DocumentNode, ExecutionResult
from graphql.pyutils import AwaitableOrValue

from graph.context import Context
from graph.execution.stock_engine import StockEngine
from graph.schema import schema

MOST_COERCION_ERRORS = 4
"""What is wrong with variables is told up to here, and that there is more."""

engine = StockEngine(
    schema._schema,  # noqa: SLF001 - the schema below strawberry's
    MOST_COERCION_ERRORS,
)


def execute(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: Context
) -> AwaitableOrValue[ExecutionResult]:
    """Run a query or a mutation of a document that may be run; what fails is told in the result."""
    return engine.execute(document, name, variables, context)


async def subscribe(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: Context
) -> AsyncIterator[ExecutionResult] | ExecutionResult:
    """Open a subscription of a document that may be run; a result in place of a stream says what failed."""
    opened = engine.subscribe(document, name, variables, context)
    return opened if isinstance(opened, ExecutionResult | AsyncIterator) else await opened
