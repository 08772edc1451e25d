"""Text, in every argument and input field that takes one: bounded, NFC, without control characters."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, build_schema, get_named_type

from graph.schema import schema_text
from models.database import Database
from tests.door import Door, opened_door
from tests.tenant import Tenant

GRAPH = build_schema(schema_text())
HOSTILE = ["", "\0", "a\0b", "a\n", "\x7f", "\u0085", "\ud800", "a" * 101, "a" * 256, "é" * 100_000, " a"]
# Free text may begin with a space and be longer than a name.
FREE_TEXT = {"userId", "reason", "subject", "description"}
# Printable ASCII of up to 255 characters, spaces too.
KEYS = {"idempotencyKey"}
# The endpoint that would be changed is looked for first.
REFUSING_ADDRESSES = {"InvalidWebhookEndpoint", "WebhookEndpointNotFound"}
CURSORS = {"after", "before"}
# What an operation takes beside the field that is tried.
REQUIRED: dict[str, dict[str, Any]] = {
    "StartWorkflowInput": {"workflowName": "w", "idempotencyKey": "k"},
    "RecordWorkflowInput": {"workflowName": "w", "idempotencyKey": "k", "servicesUsed": []},
    "PastServiceUsageInput": {"serviceType": "GPT", "provider": "gpt-4o", "units": 1, "unitType": "TOKENS"},
    "AddServiceUsageInput": {
        "workflowId": "workflow_" + "0" * 32,
        "serviceType": "GPT",
        "provider": "gpt-4o",
        "units": 1,
        "unitType": "TOKENS",
        "idempotencyKey": "k",
    },
    "VoidServiceUsageInput": {"serviceUsageId": "usage_" + "0" * 32, "reason": "r", "idempotencyKey": "k"},
    "CreateAgentInput": {"businessAdapter": "emergencyservices"},
    "UpdateAgentInput": {"agentId": "agent_" + "0" * 32},
    "SetShadowPolicyInput": {"agentId": "agent_" + "0" * 32, "preset": "balanced"},
    "IssueApiKeyInput": {"name": "n", "accountId": "account_" + "0" * 32},
    "CreateAccountInput": {"name": "n"},
    "GrantCreditsInput": {"accountId": "account_" + "0" * 32, "amount": 1, "idempotencyKey": "k"},
    "GrantRestrictionInput": {"kind": "ADAPTER", "name": "n"},
    "VoidGrantInput": {
        "accountId": "account_" + "0" * 32,
        "grantId": "grant_" + "0" * 32,
        "reason": "r",
        "idempotencyKey": "k",
    },
    "HoldCreditsInput": {"workflowId": "workflow_" + "0" * 32, "amount": 1, "idempotencyKey": "k"},
    "ExtendHoldInput": {"holdId": "hold_" + "0" * 32, "amount": 1, "idempotencyKey": "k"},
    "ReleaseHoldInput": {"holdId": "hold_" + "0" * 32, "idempotencyKey": "k"},
    "PlannedServiceInput": {"serviceType": "GPT", "provider": "gpt-4o", "units": 1, "unitType": "TOKENS"},
    "ServiceNeedInput": {"serviceType": "GPT", "provider": "gpt-4o", "units": 1, "unitType": "TOKENS"},
    "ServicePlanInput": {
        "services": [{"serviceType": "GPT", "provider": "gpt-4o", "units": 1, "unitType": "TOKENS"}]
    },
    "ReplayInput": {"from": "2026-03-03T00:00:00Z", "to": "2026-03-04T00:00:00Z"},
    "RateInput": {"serviceType": "GPT", "provider": "gpt-4o", "unitType": "TOKENS", "price": "8"},
    "RateCardInput": {"version": "v", "rates": []},
    "PublishRateCardInput": {"version": "v", "rates": []},
    "SetProviderAvailabilityInput": {"serviceType": "GPT", "provider": "gpt-4o", "available": False},
    "CreateQuoteInput": {
        "plan": {"services": [{"serviceType": "GPT", "provider": "gpt-4o", "units": 1, "unitType": "TOKENS"}]}
    },
    "SetBudgetInput": {"scope": "USER", "window": "DAY", "limit": 1},
    "CreateWebhookEndpointInput": {"url": "https://example.com/hook"},
    "UpdateWebhookEndpointInput": {"endpointId": "endpoint_" + "0" * 32},
}

OPERATORS = {
    "PublishRateCardInput",
    "RateCardInput",
    "RateInput",
    "SetProviderAvailabilityInput",
    "CreateAccountInput",
    "GrantCreditsInput",
    "GrantRestrictionInput",
    "IssueApiKeyInput",
    "VoidGrantInput",
}


@pytest.fixture
async def ask(database: Database) -> AsyncIterator[Door]:
    """The service without limits of points: a walk asks more in a moment than a key may."""
    async with opened_door(database, cost_limit=0) as door:
        yield door


def texts() -> Iterator[tuple[str, str]]:
    """Every input type's fields that take plain text."""
    for name, type_ in GRAPH.type_map.items():
        if isinstance(type_, GraphQLInputObjectType):
            for field, it in type_.fields.items():
                if get_named_type(it.type).name == "String":
                    yield name, field


def question(type_: str, field: str, value: str) -> tuple[str, dict[str, Any]]:
    """An operation that brings the value in that field."""
    given: dict[str, Any] = REQUIRED.get(type_, {}) | {field: value}
    if type_ == "ServiceNeedInput":
        type_, given = "ServicePlanInput", {"services": [given]}
    path = {
        "ServicePlanInput": "{ quote(input: $in) { totalCredits } }",
        "ReplayInput": "{ replay(input: $in) { totals { runCount } } }",
        "AuditLogFilter": "{ viewer { account { auditLog(filter: $in) { totalCount } } } }",
        "QuoteFilter": "{ viewer { account { quotes(filter: $in) { totalCount } } } }",
        "WorkflowFilter": "{ viewer { account { workflows(filter: $in) { totalCount } } } }",
        "ServiceUsageFilter": "{ viewer { account { servicesUsed(filter: $in) { totalCount } } } }",
        "UsageFilter": "{ viewer { account { usage(filter: $in) { totalCredits } } } }",
    }.get(type_)
    if path is not None:
        return f"query($in: {type_}!) {path}", {"in": given}
    if type_ == "RateInput":
        type_, given = "RateCardInput", {"version": "v", "rates": [given]}
    if type_ == "RateCardInput":
        return f"query($in: {type_}!) {{ rateCardPreview(input: $in) {{ effectiveFrom }} }}", {"in": given}
    if type_ == "PastServiceUsageInput":
        type_, given = "RecordWorkflowInput", REQUIRED["RecordWorkflowInput"] | {"servicesUsed": [given]}
    if type_ == "GrantRestrictionInput":
        type_, given = "GrantCreditsInput", REQUIRED["GrantCreditsInput"] | {"restrictedTo": given}
    if type_ == "PlannedServiceInput":
        type_, given = "StartWorkflowInput", REQUIRED["StartWorkflowInput"] | {"hold": {"services": [given]}}
    name = type_.removesuffix("Input")
    mutation = f"{name[0].lower()}{name[1:]}"
    return f"mutation($in: {type_}!) {{ {mutation}(input: $in) {{ __typename }} }}", {"in": given}


async def test_hostile_text_is_refused_everywhere_and_named(ask: Door, operator: str, tenant: Tenant) -> None:
    for type_, field in texts():
        key = operator if type_ in OPERATORS else tenant.secret
        for value in HOSTILE:
            allowed = field in FREE_TEXT | KEYS and value in {" a", "a" * 101}
            answer = (await ask(key, *question(type_, field, value)))[1]
            error_of = answer.get("errors", [])
            if field == "url" and not error_of:
                # Text that is well made and no address is refused by the business.
                [refused] = answer["data"].values()
                assert refused["__typename"] in REFUSING_ADDRESSES, value[:20]
                continue
            codes = [error["extensions"]["code"] for error in error_of]
            assert codes == ([] if allowed else ["BAD_USER_INPUT"]), (type_, field, value[:20])
            assert allowed or error_of[0]["extensions"]["field"].endswith(field), (type_, field)


async def test_arguments_of_text_are_checked_too(ask: Door, tenant: Tenant) -> None:
    found = {
        f"{name}.{field}({argument})"
        for name, type_ in GRAPH.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
        for field, it in type_.fields.items()
        for argument, of in it.args.items()
        if get_named_type(of.type).name == "String" and argument not in CURSORS
    }
    # A budget's subject is free text; tests of budgets look at it.
    asked = {
        "Account.agents(businessAdapter)": "viewer { account { agents(businessAdapter: $in) { totalCount } } }",
        "Account.forecast(timeZone)": "viewer { account { forecast(timeZone: $in) { basis } } }",
        "UsageAnalytics.timeSeries(timeZone)": (
            'viewer { account { usage(from: "2026-03-04T00:00:00Z") { timeSeries(granularity: DAY, '
            "timeZone: $in) { start } } } }"
        ),
        "ApiKey.forecast(timeZone)": "viewer { apiKey { forecast(timeZone: $in) { basis } } }",
        "Account.quoteAccuracy(workflowName)": "viewer { account { quoteAccuracy(workflowName: $in) { runs } } }",
        "Query.quoteAccuracy(workflowName)": "quoteAccuracy(workflowName: $in) { runs }",
        "Query.costHistory(workflowName)": "costHistory(workflowName: $in) { runs }",
        "Query.costHistory(userId)": 'costHistory(workflowName: "w", userId: $in) { runs }',
        "Query.rateCardDiff(from)": 'rateCardDiff(from: $in, to: "2025-01-01") { from }',
        "Query.rateCardDiff(to)": 'rateCardDiff(from: "2025-01-01", to: $in) { from }',
    }
    assert found == asked.keys() | {"Budget.use(subject)", "Budget.forecast(subject)"}
    for name, text in asked.items():
        argument = name.rpartition("(")[2].removesuffix(")")
        for value in HOSTILE:
            if argument in FREE_TEXT and value in {" a", "a" * 101}:
                continue
            error = await ask.error(tenant.secret, f"query($in: String!) {{ {text} }}", {"in": value})
            assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": argument}, (name, value[:20])


async def test_composed_and_decomposed_are_the_same_text(ask: Door, tenant: Tenant) -> None:
    query = """mutation($in: StartWorkflowInput!) { startWorkflow(input: $in) { ... on WorkflowStarted {
      replayed workflow { workflowName userId } } } }"""
    for text, replayed in [("café", False), ("cafe\u0301", True)]:
        given = {"workflowName": text, "userId": text, "businessAdapter": text, "idempotencyKey": "same"}
        assert (await ask.data(tenant.secret, query, {"in": given}))["startWorkflow"] == {
            "replayed": replayed,
            "workflow": {"workflowName": "café", "userId": "café"},
        }


async def test_null_is_the_same_as_left_out(ask: Door, tenant: Tenant) -> None:
    for type_, field in texts():
        it = GRAPH.type_map[type_]
        assert isinstance(it, GraphQLInputObjectType)
        _, answer = await ask(tenant.secret, *question(type_, field, None))  # type: ignore[arg-type]  # what callers may send
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert codes <= {"BAD_USER_INPUT", "FORBIDDEN"}, (type_, field)
    for field in ("ifUncovered", "status", "scopes", "priority"):
        for type_, input_ in GRAPH.type_map.items():
            if isinstance(input_, GraphQLInputObjectType) and field in input_.fields and type_ in REQUIRED:
                query, variables = question(type_, field, None)  # type: ignore[arg-type]  # likewise
                assert await ask.code(tenant.secret, query, variables) == "BAD_USER_INPUT"
