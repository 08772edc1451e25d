"""The schema: the contract as code, and as text for schema.graphql."""

from collections.abc import Iterator

import strawberry
from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    build_schema,
    lexicographic_sort_schema,
    print_schema,
)
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graph.audits import AuditsTakeTurns
from graph.errors import refusal_handlers
from graph.limits import WithinLimits
from graph.mutations import Mutation
from graph.queries import Query
from graph.scalars import SCALARS
from graph.subscriptions import Subscription
from graph.types.account import Account
from graph.types.grant import Grant

CACHED_DOCUMENTS = 500


class QuietSchema(strawberry.Schema):
    """A schema that logs nothing by itself: graph.errors logs bugs, and callers' mistakes are theirs."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Leave the log alone."""


class OperationNamed(SchemaExtension):
    """Refuse a document of several operations where none is named, in place of running the first."""

    def on_validate(self) -> Iterator[None]:
        """Look, after the other rules."""
        context = self.execution_context
        definitions = context.graphql_document.definitions if context.graphql_document else ()
        operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        named = context._provided_operation_name is not None  # noqa: SLF001 - `operation_name` names the first
        if len(operations) > 1 and not named and not context.pre_execution_errors:
            context.pre_execution_errors = [GraphQLError("operationName: name one of the operations.")]
        yield


schema = QuietSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Account, Grant],
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    extensions=[
        lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
        lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        OperationNamed,
        WithinLimits,
        AuditsTakeTurns,
    ],
    exception_handlers=refusal_handlers(),
)


def schema_text() -> str:
    """Write the schema in GraphQL's language, sorted by name."""
    return print_schema(lexicographic_sort_schema(build_schema(schema.as_str()))) + "\n"
