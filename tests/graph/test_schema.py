from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from graph.schema import schema_text

SCHEMA = Path(__file__).parents[2] / "schema.graphql"


def described(text: str) -> Iterator[tuple[str, str | None]]:
    """Every name of a schema with its description."""
    for name, type_ in build_schema(text).type_map.items():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{name}.{value}", it.description) for value, it in type_.values.items())
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field, it in type_.fields.items():
                yield f"{name}.{field}", it.description
                yield from (
                    (f"{name}.{field}({argument})", of.description)
                    for argument, of in getattr(it, "args", {}).items()
                )


def test_the_schema_under_version_control_is_the_code_s() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "the schema changed: write it by `make schema`"


def test_everything_is_described() -> None:
    names = dict(described(schema_text()))
    assert len(names) > 350
    assert [name for name, description in names.items() if not (description or "").strip()] == []


def test_a_missing_description_is_seen() -> None:
    text = 'type Query { "Said." said(unsaid: Unsaid): Int }\nenum Unsaid { VALUE }'
    missing = [name for name, description in described(text) if not description]
    assert sorted(missing) == ["Query", "Query.said(unsaid)", "Unsaid", "Unsaid.VALUE"]


def test_every_name_of_the_contract_is_there() -> None:
    found = dict(described(schema_text()))
    for type_, fields in {
        "Mutation": "startWorkflow addServiceUsage addServiceUsages recordWorkflow completeWorkflow failWorkflow "
        "cancelWorkflow voidServiceUsage grantCredits createAgent updateAgent archiveAgent issueApiKey "
        "revokeApiKey createAccount",
        "Query": "viewer node nodes agent workflow apiKey account accounts servicePresets businessAdapters rateCard "
        "rateCards quote selectServices",
        "Quote": "totalCredits lines selection withinLimits",
        "ServiceSelection": "decisions",
        "Account": "id name balance agents workflows apiKeys grants usage",
        "Agent": "id name businessAdapter customSettings serviceConfiguration workflows usage",
        "ApiKey": "id prefix name scopes lastUsedAt usage",
        "Workflow": "id workflowName status businessAdapter userId agent apiKey startedAt endedAt durationSeconds "
        "totalCreditsUsed servicesUsed serviceBreakdown",
        "ServiceUsage": "id serviceType provider unitsConsumed unitType creditsUsed exactCredits rate usedAt recordedAt "
        "late voided workflow",
        "UsageAnalytics": "totalCredits usageCount workflowBreakdown serviceBreakdown userBreakdown workflowsUsed "
        "topConsumingServices",
        "WorkflowBreakdown": "workflowName count totalCredits averageDurationSeconds",
        "ServiceBreakdown": "serviceType provider usageCount totalCredits",
        "WorkflowConnection": "nodes edges pageInfo totalCount",
        "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
        "Refusal": "code message",
        "RateCard": "version rates",
    }.items():
        assert [field for field in fields.split() if f"{type_}.{field}" not in found] == []
