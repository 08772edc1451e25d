"""The permission walk: every root field that the schema has, asked with a key of each single scope."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    get_named_type,
    is_leaf_type,
)

from graph.permissions import RequireScope
from graph.schema import schema, schema_text
from models.api_key import Scope
from models.database import Database
from models.tables import metadata
from tests.door import Door, scoped
from tests.tenant import Tenant

GRAPH = build_schema(schema_text())
ROOTS = [
    (operation, name, field)
    for operation, root in (
        ("query", GRAPH.query_type),
        ("mutation", GRAPH.mutation_type),
        ("subscription", GRAPH.subscription_type),
    )
    if root is not None
    for name, field in root.fields.items()
]
ANSWERED_ONCE = [root for root in ROOTS if root[0] != "subscription"]
"""The others are listened to, in tests/graph/subscriptions."""
NEEDED = {
    "READ": "viewer node nodes agent workflow serviceUsage apiKey rateCard rateCards rateCardDiff providers servicePresets businessAdapters ledgerAudit quote selectServices replay replayJob storedQuote quoteAccuracy costHistory serviceUsageAdded workflowChanged balanceChanged",
    "TRACK": "startWorkflow recordWorkflow completeWorkflow failWorkflow cancelWorkflow addServiceUsage addServiceUsages holdCredits extendHold releaseHold createQuote",
    "MANAGE": "voidServiceUsage createAgent updateAgent archiveAgent issueApiKey rotateApiKey revokeApiKey createWebhookEndpoint updateWebhookEndpoint removeWebhookEndpoint rotateWebhookSecret resendWebhookDelivery sendTestEvent setBalanceAlert startReplay cancelReplay setBudget removeBudget setShadowPolicy removeShadowPolicy",
    "OPERATE": "account accounts createAccount grantCredits voidGrant setProviderAvailability publishRateCard rateCardPreview auditLog",
}
SCALARS = {
    "String": "x",
    "ID": "account_" + 32 * "0",
    "Int": 1,
    "Boolean": True,
    "Decimal": "1",
    "Credits": "1",
    "DateTime": "2026-03-04T12:00:00Z",
    "JSON": {},
}


def sample(type_: GraphQLInputType) -> Any:
    """A value of an input type, as small as can be."""
    if isinstance(type_, GraphQLNonNull):
        return sample(type_.of_type)
    if isinstance(type_, GraphQLList):
        return [sample(type_.of_type)]
    if isinstance(type_, GraphQLInputObjectType):
        required = {name: it for name, it in type_.fields.items() if isinstance(it.type, GraphQLNonNull)}
        return {name: sample(it.type) for name, it in required.items()}
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return SCALARS[type_.name]


def operation(kind: str, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """Write an operation that asks for one root field."""
    required = {name: it for name, it in field.args.items() if isinstance(it.type, GraphQLNonNull)}
    declared = ", ".join(f"${name}: {it.type}" for name, it in required.items())
    given = ", ".join(f"{name}: ${name}" for name in required)
    leaf = is_leaf_type(get_named_type(field.type))
    text = f"{kind}{f'({declared})' if declared else ''} {{ {name}{f'({given})' if given else ''}{'' if leaf else ' { __typename }'} }}"
    return text, {name: sample(it.type) for name, it in required.items()}


def scope_of(field: GraphQLField) -> Scope:
    """The scope that a field's description names."""
    return Scope((field.description or "").rsplit("`", 2)[1])


def test_every_root_field_is_in_the_table() -> None:
    found = {scope.value: set[str]() for scope in Scope}
    for _, name, field in ROOTS:
        found[scope_of(field).value].add(name)
    assert found == {scope: set(names.split()) for scope, names in NEEDED.items()}


def test_every_root_field_requires_the_scope_that_it_names() -> None:
    for type_name in ("Query", "Mutation", "Subscription"):
        definition: Any = schema.get_type_by_name(type_name)
        for field in definition.fields:
            [required] = [it for it in field.extensions if isinstance(it, RequireScope)]
            assert field.description.endswith(f"Needs the scope `{required.scope.value}`.")


async def row_counts(database: Database) -> dict[str, int]:
    async with database.read() as session:
        return {
            table.name: len((await session.execute(table.select())).all()) for table in metadata.sorted_tables
        }


async def test_a_key_opens_exactly_the_fields_of_its_scope(
    ask: Door, tenant: Tenant, database: Database
) -> None:
    keys = {scope: await scoped(tenant, scope) for scope in Scope}
    await ask.data(
        keys[Scope.READ], "{ viewer { scopes } }"
    )  # the first request ever makes the store's secret
    before = await row_counts(database)
    for kind, name, field in ANSWERED_ONCE:
        query, variables = operation(kind, name, field)
        needed = scope_of(field)
        for scope, key in keys.items():
            if scope is not needed:
                error = await ask.error(key, query, variables)
                assert error["extensions"] == {"code": "FORBIDDEN"}
                assert error["message"] == f"This needs an API key with the scope {needed.value}."
    assert await row_counts(database) == before


async def test_a_key_of_its_scope_opens_every_field(ask: Door, tenant: Tenant) -> None:
    keys = {scope: await scoped(tenant, scope) for scope in Scope}
    for kind, name, field in ANSWERED_ONCE:
        _, answer = await ask(keys[scope_of(field)], *operation(kind, name, field))
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert codes <= {"BAD_USER_INPUT"}, name


OWN_EDGES = {
    "Connection.totalCount",
    "Provider.rates",
    "Rate.tiers",
    "RateCard.rates",
    "Agent.serviceConfiguration",
    "Hold.lines",
    "Hold.rateCard",
    "QuoteLine.rate",
    "ServiceUsage.asSelected",
    "ServiceUsage.rate",
    "StoredQuote.lines",
    "StoredQuote.rateCardVersion",
    "StoredQuote.selection",
    "ServiceUsage.workflow",
    "Workflow.serviceBreakdown",
    "Workflow.servicesUsed",
}
"""What a mutation's answer may show without READ: the thing it made, and the prices."""


def test_every_edge_that_leads_further_needs_the_scope_to_read() -> None:
    open_edges = {
        f"{kind.name}.{name}"
        for kind in (schema.get_type_by_name(name) for name in GRAPH.type_map if not name.startswith("__"))
        if hasattr(kind, "fields")
        and kind.name not in {"Query", "Mutation", "Subscription", "Viewer", "UsageAnalytics"}
        for name, field in ((field.python_name, field) for field in kind.fields)
        if field.base_resolver and not any(isinstance(each, RequireScope) for each in field.extensions)
    }
    assert {camel(edge) for edge in open_edges} == OWN_EDGES


async def test_a_key_that_only_tracks_sees_what_it_made_and_no_more(ask: Door, tenant: Tenant) -> None:
    secret = await scoped(tenant, Scope.TRACK)
    made = 'mutation {{ startWorkflow(input: {{workflowName: "a", idempotencyKey: "{key}"}}) {{ ... on WorkflowStarted {{ workflow {{ id servicesUsed {{ totalCount }} {more} }} }} }} }}'
    assert await ask.data(secret, made.format(key="1", more=""))
    for number, more in enumerate(["apiKey { prefix }", "agent { id }", "parentWorkflow { id }"], start=2):
        _, answer = await ask(secret, made.format(key=number, more=more))
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


def camel(edge: str) -> str:
    kind, _, name = edge.partition(".")
    first, *others = name.split("_")
    return f"{kind}.{first}{''.join(other.title() for other in others)}"
