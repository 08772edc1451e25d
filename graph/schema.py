"""The schema: the contract as code, and as text for schema.graphql."""

import strawberry
from graphql import build_schema, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig

from graph.documents import Documents
from graph.mutations import Mutation
from graph.queries import Query
from graph.scalars import SCALARS
from graph.subscriptions import Subscription
from graph.types.account import Account
from graph.types.grant import Grant

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Account, Grant],
    config=StrawberryConfig(scalar_map=SCALARS),
)
documents = Documents(schema._schema)  # noqa: SLF001 - the schema below strawberry's
"""The documents that this process was sent lately."""


def schema_text() -> str:
    """Write the schema in GraphQL's language, sorted by name."""
    return print_schema(lexicographic_sort_schema(build_schema(schema.as_str()))) + "\n"
