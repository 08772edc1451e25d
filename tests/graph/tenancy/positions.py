"""Where a caller can name a thing: every argument and input field of the schema that takes an id, a name or a place.

They are read from the schema, so that a new one has a row in the walk as soon as it exists.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
)

from graph.schema import schema_text
from models.identity import IdKind

GRAPH = build_schema(schema_text())
ROOTS = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
CURSORS = {"after", "before"}
KINDS = {
    "accountId": IdKind.ACCOUNT,
    "agentId": IdKind.AGENT,
    "apiKeyId": IdKind.API_KEY,
    "budgetId": IdKind.BUDGET,
    "deliveryId": IdKind.WEBHOOK_DELIVERY,
    "endpointId": IdKind.WEBHOOK_ENDPOINT,
    "grantId": IdKind.GRANT,
    "holdId": IdKind.HOLD,
    "parentWorkflowId": IdKind.WORKFLOW,
    "quoteId": IdKind.QUOTE,
    "replayJobId": IdKind.REPLAY_JOB,
    "serviceUsageId": IdKind.SERVICE_USAGE,
    "workflowId": IdKind.WORKFLOW,
    "Query.account(id)": IdKind.ACCOUNT,
    "Query.agent(id)": IdKind.AGENT,
    "Query.apiKey(id)": IdKind.API_KEY,
    "Query.node(id)": None,
    "Query.nodes(ids)": None,
    "Query.replayJob(id)": IdKind.REPLAY_JOB,
    "Query.serviceUsage(id)": IdKind.SERVICE_USAGE,
    "Query.storedQuote(id)": IdKind.QUOTE,
    "Query.workflow(id)": IdKind.WORKFLOW,
}
"""The kind of thing that each place wants, by its name or where it stands; None takes any kind."""


@dataclass(frozen=True, slots=True)
class Position:
    """An argument, or an input field under one, of a field of a type."""

    type_name: str
    field_name: str
    path: tuple[str, ...]
    leaf: str

    def __str__(self) -> str:
        """Write it as `Mutation.addServiceUsage(input.workflowId)`."""
        return f"{self.type_name}.{self.field_name}({'.'.join(self.path)})"

    @property
    def field(self) -> GraphQLField:
        """The field of the schema."""
        type_ = GRAPH.type_map[self.type_name]
        assert isinstance(type_, GraphQLObjectType)
        return type_.fields[self.field_name]

    @property
    def is_cursor(self) -> bool:
        """Whether it takes a place in a list."""
        return self.leaf == "String" and self.path[-1] in CURSORS

    @property
    def kind(self) -> IdKind | None:
        """The kind of thing whose id it wants; KeyError for a place that has no row above."""
        return KINDS[str(self)] if str(self) in KINDS else KINDS[self.path[-1]]


def positions(*leaves: str) -> list[Position]:
    """List every place of the schema that takes one of these scalars."""
    return [each for each in _every_position() if each.leaf in leaves]


def fields_of(type_name: str) -> dict[str, GraphQLField]:
    """Give the fields of an object type."""
    type_ = GRAPH.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return type_.fields


def object_types() -> list[str]:
    """Name the object types of the schema."""
    return [
        name
        for name, type_ in GRAPH.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
    ]


def _every_position() -> Iterator[Position]:
    for type_name in object_types():
        for field_name, field in fields_of(type_name).items():
            for argument, it in field.args.items():
                for path, leaf in _leaves((argument,), it):
                    yield Position(type_name, field_name, path, leaf)


def _leaves(
    path: tuple[str, ...], it: GraphQLArgument | GraphQLInputField
) -> Iterator[tuple[tuple[str, ...], str]]:
    type_ = get_named_type(it.type)
    if not isinstance(type_, GraphQLInputObjectType):
        yield path, type_.name
        return
    for name, inner in type_.fields.items():
        yield from _leaves((*path, name), inner)
