"""The compiled engine: the stock one, with operations compiled when they are run again."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, ExecutionResult
from graphql.pyutils import AwaitableOrValue

from graph.context import Context
from graph.execution.operations import Operations
from graph.execution.stock import MOST_COERCION_ERRORS
from graph.schema import schema

operations = Operations(
    schema._schema,  # noqa: SLF001 - the schema below strawberry's
    max_coercion_errors=MOST_COERCION_ERRORS,
)


def execute(
    document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: Context
) -> AwaitableOrValue[ExecutionResult]:
    """Run a query or a mutation of a document that may be run; what fails is told in the result."""
    return operations.execute(document, name, variables, context)
