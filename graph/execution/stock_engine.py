"""The stock engine: graphql-core's, as strawberry sets it up."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema
from graphql.execution import execute, subscribe
from graphql.pyutils import AwaitableOrValue
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


@dataclass(frozen=True, slots=True)
class StockEngine:
    """Runs operations against one schema, and tells so many mistakes in variables at the most."""

    schema: GraphQLSchema
    max_coercion_errors: int

    def execute(
        self,
        document: DocumentNode,
        name: str | None,
        variables: Mapping[str, Any],
        context: object,
        root_value: object = None,
    ) -> AwaitableOrValue[ExecutionResult]:
        """Run a query or a mutation of a valid document; what fails is told in the result."""
        return execute(
            self.schema,
            document,
            root_value=root_value,
            context_value=context,
            variable_values=dict(variables),
            operation_name=name,
            max_coercion_errors=self.max_coercion_errors,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # it guards as the engine's own does
            hide_suggestions=True,
        )

    def subscribe(
        self, document: DocumentNode, name: str | None, variables: Mapping[str, Any], context: object
    ) -> AwaitableOrValue[AsyncIterator[ExecutionResult] | ExecutionResult]:
        """Open a subscription; a result in place of a stream says what failed."""
        return subscribe(
            self.schema,
            document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=name,
            max_coercion_errors=self.max_coercion_errors,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            hide_suggestions=True,
        )
