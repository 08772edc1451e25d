"""Refusals: typed members of each mutation's result, and always readable as `... on Refusal { code message }`."""

from collections.abc import Iterable
from typing import Annotated, Any

import strawberry
from graphql import GraphQLObjectType, GraphQLUnionType, build_schema
from sqlalchemy import delete
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition

from graph.errors import ShowRefusals
from graph.mutations import Mutation
from graph.mutations.endings import WorkflowEnded
from graph.mutations.results import result
from graph.scalars import SCALARS
from graph.schema import schema_text
from graph.types import refusals
from graph.types.refusal_codes import RefusalCode
from metering import errors
from models.api_key import Scope
from models.rate_card import PublishedRate, PublishedRateCard
from models.writer import Command
from tests.door import Door, scoped
from tests.graph.agents import new_agent
from tests.tenant import Tenant, new_tenant, next_key

GRAPH = build_schema(schema_text())
SHOWN = {kind.__name__ for kind in refusals.Refusal.__subclasses__()}
# Roots of the tree, which nobody raises as they are.
ROOTS = {"Refusal", "NotFound"}


def results() -> dict[str, set[str]]:
    """Each mutation with the members of its result."""
    assert GRAPH.mutation_type is not None
    found = {}
    for name, field in GRAPH.mutation_type.fields.items():
        union = getattr(field.type, "of_type", field.type)
        assert isinstance(union, GraphQLUnionType)
        found[name] = {member.name for member in union.types}
    return found


def kinds(root: type[errors.Refusal]) -> Iterable[type[errors.Refusal]]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


def test_every_result_has_one_success_and_only_refusals_else() -> None:
    for name, members in results().items():
        successes = members - SHOWN
        assert len(successes) == 1, name
        assert len(members) > 1, name
    union_names = [f"{name[0].upper()}{name[1:]}Result" for name in results()]
    assert [name for name in union_names if name not in GRAPH.type_map] == []


def test_every_refusal_that_is_shown_is_a_member_of_a_result() -> None:
    members = set().union(*results().values())
    assert SHOWN - members == set()
    for name in SHOWN:
        type_ = GRAPH.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        assert [interface.name for interface in type_.interfaces] == ["Refusal"]


def test_every_refusal_of_the_business_has_its_type() -> None:
    found = {kind.__name__ for kind in kinds(errors.Refusal)} - ROOTS
    assert {name for name in found if not shown_as(name)} == set()


def shown_as(name: str) -> str | None:
    """The type that shows a refusal: its own or that of what it is a kind of."""
    [kind] = [kind for kind in kinds(errors.Refusal) if kind.__name__ == name]
    ancestors = [ancestor.__name__ for ancestor in kind.__mro__]
    return next((ancestor for ancestor in ancestors if ancestor in SHOWN), None)


def test_every_mutation_shows_refusals() -> None:
    fields = get_object_definition(Mutation, strict=True).fields
    assert [
        field.python_name
        for field in fields
        if not any(isinstance(each, ShowRefusals) for each in field.extensions)
    ] == []


async def test_a_refusal_that_the_result_does_not_hold_is_a_bug() -> None:
    kinds = errors.WorkflowNotFound(), errors.AgentNotFound()

    async def refuse(number: int) -> Annotated[WorkflowEnded | refusals.WorkflowNotFound, result("Changed")]:
        raise kinds[number]

    @strawberry.type
    class Root:
        change = strawberry.field(refuse, extensions=[ShowRefusals()])

    schema = strawberry.Schema(query=Root, config=StrawberryConfig(scalar_map=SCALARS))
    shown = await schema.execute("{ change(number: 0) { ... on WorkflowNotFound { code } } }")
    assert (shown.data, shown.errors) == ({"change": {"code": "WORKFLOW_NOT_FOUND"}}, None)
    bug = await schema.execute("{ change(number: 1) { __typename } }")
    assert [error.original_error for error in bug.errors or ()] == [kinds[1]]


def test_every_code_is_listed() -> None:
    codes = {kind.code for kind in kinds(errors.Refusal) if hasattr(kind, "code")}
    codes |= {"UNKNOWN_SERVICE", "UNKNOWN_PROVIDER", "UNKNOWN_UNIT"}
    assert codes == {code.value for code in RefusalCode}


async def refused(ask: Door, key: str, field: str) -> tuple[str, str, str]:
    """Type, code and message of a mutation's refusal."""
    query = f"mutation {{ {field.replace('KEY', next_key())} {{ __typename ... on Refusal {{ code message }} }} }}"
    [answer] = (await ask.data(key, query)).values()
    return answer["__typename"], answer["code"], answer["message"]


async def test_every_refusal_reaches_the_caller(ask: Door, tenant: Tenant, operator: str) -> None:
    nothing = "0" * 32
    run = f"workflow_{(await tenant.start()).id.hex}"
    ended = await tenant.start()
    await tenant.end(ended)
    [usage] = await tenant.add(ended, "PHONE twilio 1 MINUTES")
    await tenant.void(usage)
    await tenant.start(idempotency_key="taken")
    prepaid = await new_tenant(tenant.database, "Prepaid", overdraft_limit="0")
    await prepaid.grant("1")
    poor = f"workflow_{(await prepaid.start()).id.hex}"
    key = tenant.secret
    usage_of = 'addServiceUsage(input: {{workflowId: "{}", serviceType: {}, provider: "{}", units: {}, unitType: {}, idempotencyKey: "KEY"{}}})'
    for caller, field, name, code in [
        (key, usage_of.format(run, "SEARCH", "x", 1, "REQUESTS", ""), "RateUnknown", "UNKNOWN_SERVICE"),
        (key, usage_of.format(run, "GPT", "x", 1, "TOKENS", ""), "RateUnknown", "UNKNOWN_PROVIDER"),
        (key, usage_of.format(run, "GPT", "gpt-4o", 1, "MINUTES", ""), "RateUnknown", "UNKNOWN_UNIT"),
        (
            key,
            usage_of.format(run, "PHONE", "twilio", 999_999_999_999, "MINUTES", ""),
            "AmountTooLarge",
            "AMOUNT_TOO_LARGE",
        ),
        (
            key,
            usage_of.format(run, "PHONE", "twilio", 1, "MINUTES", ', usedAt: "2020-01-01T00:00:00Z"'),
            "TimeOutOfRange",
            "TIME_OUT_OF_RANGE",
        ),
        (
            prepaid.secret,
            usage_of.format(poor, "PHONE", "twilio", 1, "MINUTES", ", ifUncovered: REFUSE"),
            "CreditsExhausted",
            "CREDITS_EXHAUSTED",
        ),
        (
            key,
            usage_of.format(f"workflow_{nothing}", "PHONE", "twilio", 1, "MINUTES", ""),
            "WorkflowNotFound",
            "WORKFLOW_NOT_FOUND",
        ),
        (
            key,
            'startWorkflow(input: {workflowName: "other", idempotencyKey: "taken"})',
            "IdempotencyConflict",
            "IDEMPOTENCY_CONFLICT",
        ),
        (
            key,
            f'startWorkflow(input: {{workflowName: "w", idempotencyKey: "KEY", agentId: "agent_{nothing}"}})',
            "AgentNotFound",
            "AGENT_NOT_FOUND",
        ),
        (
            key,
            f'startWorkflow(input: {{workflowName: "w", idempotencyKey: "KEY", apiKeyId: "key_{nothing}"}})',
            "ApiKeyNotFound",
            "API_KEY_NOT_FOUND",
        ),
        (
            key,
            f'failWorkflow(input: {{workflowId: "workflow_{ended.id.hex}"}})',
            "WorkflowAlreadyEnded",
            "WORKFLOW_ALREADY_ENDED",
        ),
        (
            key,
            f'voidServiceUsage(input: {{serviceUsageId: "usage_{nothing}", reason: "r", idempotencyKey: "KEY"}})',
            "ServiceUsageNotFound",
            "SERVICE_USAGE_NOT_FOUND",
        ),
        (
            key,
            f'voidServiceUsage(input: {{serviceUsageId: "usage_{usage.id.hex}", reason: "r", idempotencyKey: "KEY"}})',
            "ServiceUsageAlreadyVoided",
            "SERVICE_USAGE_ALREADY_VOIDED",
        ),
        (key, 'createAgent(input: {businessAdapter: "nothing"})', "InvalidAgent", "INVALID_AGENT"),
        (
            operator,
            f'grantCredits(input: {{accountId: "account_{nothing}", amount: 1, idempotencyKey: "KEY"}})',
            "AccountNotFound",
            "ACCOUNT_NOT_FOUND",
        ),
    ]:
        found = await refused(ask, caller, field)
        assert found[:2] == (name, code), field
        assert found[2].endswith((".", "?")), found[2]


async def test_a_key_gives_no_scope_that_it_does_not_hold(ask: Door, tenant: Tenant) -> None:
    manager = await scoped(tenant, Scope.MANAGE)
    field = 'issueApiKey(input: {name: "n", scopes: [MANAGE, TRACK]})'
    assert (await refused(ask, manager, field))[:2] == ("ScopeNotHeld", "SCOPE_NOT_HELD")


async def test_a_started_run_needs_credit_of_a_prepaid_account(ask: Door, prepaid: Tenant) -> None:
    query = """mutation { startWorkflow(input: {workflowName: "w", idempotencyKey: "k"}) {
      __typename ... on CreditsExhausted { code needed available } } }"""
    assert (await ask.data(prepaid.secret, query))["startWorkflow"] == {
        "__typename": "CreditsExhausted",
        "code": "CREDITS_EXHAUSTED",
        "needed": "0.000001",
        "available": "0",
    }


async def test_without_prices_nothing_is_free(ask: Door, tenant: Tenant) -> None:
    run = f"workflow_{(await tenant.start()).id.hex}"

    def forget(session: Any, *, now: object) -> None:  # noqa: ARG001 - a verb's signature
        session.execute(delete(PublishedRate))
        session.execute(delete(PublishedRateCard))

    await tenant.database.write(Command(None, forget))
    field = f'addServiceUsage(input: {{workflowId: "{run}", serviceType: GPT, provider: "gpt-4o", units: 1, unitType: TOKENS, idempotencyKey: "KEY"}})'
    assert (await refused(ask, tenant.secret, field))[:2] == ("NoRateCardInForce", "NO_RATE_CARD_IN_FORCE")
    assert await ask.data(tenant.secret, "{ rateCard { version } rateCards { version } }") == {
        "rateCard": None,
        "rateCards": [],
    }


async def test_a_batch_answers_each_usage_by_itself(ask: Door, tenant: Tenant) -> None:
    run = f"workflow_{(await tenant.start()).id.hex}"
    one = {
        "workflowId": run,
        "serviceType": "PHONE",
        "provider": "twilio",
        "units": "1",
        "unitType": "MINUTES",
    }
    usages = [
        one | {"idempotencyKey": "a"},
        one | {"idempotencyKey": "b", "provider": "nobody"},
        one | {"idempotencyKey": "a"},
        one | {"idempotencyKey": "a", "units": "2"},
        one | {"idempotencyKey": "c", "workflowId": "workflow_" + "0" * 32},
        one | {"idempotencyKey": "d", "units": 2},
    ]
    query = """mutation($usages: [AddServiceUsageInput!]!) { addServiceUsages(input: {usages: $usages}) {
      ... on ServiceUsagesAdded { addedCount replayedCount refusedCount results { __typename
        ... on ServiceUsageAdded { replayed serviceUsage { creditsUsed } workflow { totalCreditsUsed } }
        ... on Refusal { code } } } } }"""
    answer = (await ask.data(tenant.secret, query, {"usages": usages}))["addServiceUsages"]
    counts = answer["addedCount"], answer["replayedCount"], answer["refusedCount"]
    assert counts == (2, 1, 3)
    assert [result.get("code") or result["serviceUsage"]["creditsUsed"] for result in answer["results"]] == [
        "20",
        "UNKNOWN_PROVIDER",
        "20",
        "IDEMPOTENCY_CONFLICT",
        "WORKFLOW_NOT_FOUND",
        "40",
    ]
    assert [result.get("replayed") for result in answer["results"]] == [False, None, True, None, None, False]
    for wrong, field in [([], "usages"), ([one | {"idempotencyKey": "x"}] * 1001, "usages")]:
        error = await ask.error(tenant.secret, query, {"usages": wrong})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}
    wrong = [one | {"idempotencyKey": "x"}, one | {"idempotencyKey": "é"}]
    error = await ask.error(tenant.secret, query, {"usages": wrong})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "usages[1].idempotencyKey"}


async def test_an_agent_whose_adapter_is_gone_is_still_shown(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant)

    def forget(session: Any, *, now: object) -> None:  # noqa: ARG001 - a verb's signature
        found = session.get_one(type(agent), (tenant.account_id, agent.id))
        found.business_adapter = "uninstalled"

    await tenant.database.write(Command(tenant.account_id, forget))
    query = "{ viewer { account { agents { nodes { name businessAdapter serviceConfiguration { primaryAiModel } } } } } }"
    assert (await ask.data(tenant.secret, query))["viewer"]["account"]["agents"]["nodes"] == [
        {"name": "an agent", "businessAdapter": "uninstalled", "serviceConfiguration": None}
    ]
