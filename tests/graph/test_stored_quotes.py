"""Stored quotes over GraphQL: promised, found again, taken by a hold, and compared with what was charged."""

from typing import Any

from models.api_key import Scope
from models.writer import Command
from tests.budgets import limit
from tests.clock import SettableClock
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.quoting import VOICE, agent_id, services
from tests.metering.test_rate_cards import card, phone, publish
from tests.tenant import Tenant, new_tenant, next_key

QUOTE = """id workflowName preset agentVersion totalCredits createdAt expiresAt takenAt status rateCardVersion
  lines { line serviceType provider units unitType credits rate { price rateCardVersion } }
  selection { totalCredits decisions { provider reason } }"""
FURTHER = """agent { id } hold { id amount } workflow { id workflowName } chargedCredits differenceCredits"""
CREATE = f"""mutation($in: CreateQuoteInput!) {{ createQuote(input: $in) {{ __typename
  ... on QuoteCreated {{ withinLimits quote {{ {QUOTE} }}
    obstacles {{ kind needed left message budget {{ name scope }} }} }}
  ... on Refusal {{ code message }}
  ... on PlanOverLimit {{ wouldFit {{ shortBy offer {{ totalCredits }} }} }} }} }}"""
FIND = f"query($id: ID!) {{ storedQuote(id: $id) {{ {QUOTE} {FURTHER} }} node(id: $id) {{ id __typename }} }}"
LIST = """query($filter: QuoteFilter) { viewer { account { quotes(filter: $filter) {
  totalCount nodes { id status } } } } }"""
START = """mutation($in: StartWorkflowInput!) { startWorkflow(input: $in) { __typename
  ... on WorkflowStarted { workflow { id } hold { id amount } } ... on Refusal { code message } } }"""
CALL = "PHONE 5 MINUTES twilio"
NOTHING = "quote_" + "0" * 32


async def created(ask: Door, tenant: Tenant, *lines: str, given: Any = None, **plan: Any) -> Any:
    """Promise a price, or give the refusal."""
    variables = {"in": {"plan": {"services": services(*lines), **plan}, **(given or {})}}
    return (await ask.data(tenant.secret, CREATE, variables))["createQuote"]


async def found(ask: Door, tenant: Tenant, quote_id: str) -> Any:
    """Find a quote again."""
    return (await ask.data(tenant.secret, FIND, {"id": quote_id}))["storedQuote"]


async def taken(ask: Door, tenant: Tenant, quote_id: str, name: str = "phone_ai_call") -> Any:
    """Start a run whose hold takes a quote, or give the refusal."""
    variables = {"in": {"workflowName": name, "idempotencyKey": next_key(), "hold": {"quoteId": quote_id}}}
    return (await ask.data(tenant.secret, START, variables))["startWorkflow"]


async def listed(ask: Door, tenant: Tenant, **narrowed: Any) -> list[tuple[str, str]]:
    """List the account's quotes."""
    page = (await ask.data(tenant.secret, LIST, {"filter": narrowed}))["viewer"]["account"]["quotes"]
    assert page["totalCount"] == len(page["nodes"])
    return [(node["id"], node["status"]) for node in page["nodes"]]


async def test_a_quote_is_promised_and_found_again(ask: Door, tenant: Tenant) -> None:
    answer = await created(ask, tenant, CALL, workflowName="phone_ai_call", given={"expiresInSeconds": 60})
    quote = answer["quote"]
    assert answer == {
        "__typename": "QuoteCreated",
        "withinLimits": True,
        "obstacles": [],
        "quote": {
            "id": quote["id"],
            "workflowName": "phone_ai_call",
            "preset": None,
            "agentVersion": None,
            "totalCredits": "100",
            "createdAt": "2026-03-04T12:00:00Z",
            "expiresAt": "2026-03-04T12:01:00Z",
            "takenAt": None,
            "status": "OPEN",
            "rateCardVersion": "2025-01-01",
            "lines": [
                {
                    "line": 0,
                    "serviceType": "PHONE",
                    "provider": "twilio",
                    "units": "5",
                    "unitType": "MINUTES",
                    "credits": "100",
                    "rate": {"price": "20", "rateCardVersion": "2025-01-01"},
                }
            ],
            "selection": None,
        },
    }
    further = {
        "agent": None,
        "hold": None,
        "workflow": None,
        "chargedCredits": None,
        "differenceCredits": None,
    }
    assert await found(ask, tenant, quote["id"]) == quote | further
    node = (await ask.data(tenant.secret, FIND, {"id": quote["id"]}))["node"]
    assert node == {"id": quote["id"], "__typename": "StoredQuote"}


async def test_an_agents_quote_keeps_why(ask: Door, tenant: Tenant) -> None:
    agent = await agent_id(tenant, preset="cost_optimized")
    quote = (await created(ask, tenant, *VOICE, agentId=agent, given={"workflowName": "voice_chat"}))["quote"]
    assert [quote[name] for name in ("workflowName", "preset", "agentVersion", "totalCredits")] == [
        "voice_chat",
        "cost_optimized",
        1,
        "45",
    ]
    assert [decision["provider"] for decision in quote["selection"]["decisions"]] == [
        "deepgram",
        "gpt-4o-mini",
        "openai-tts",
    ]
    again = await found(ask, tenant, quote["id"])
    assert (again["agent"], again["selection"]) == ({"id": agent}, quote["selection"])


async def test_a_hold_takes_it_and_its_run_is_compared(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    quote = (await created(ask, tenant, CALL))["quote"]
    await publish(tenant.database, card("dearer", clock.forward(minutes=1), phone(30)))
    started = await taken(ask, tenant, quote["id"])
    assert started["hold"]["amount"] == "100"
    again = await found(ask, tenant, quote["id"])
    assert [again[name] for name in ("status", "takenAt", "chargedCredits")] == [
        "TAKEN",
        "2026-03-04T12:01:00Z",
        None,
    ]
    assert (again["hold"], again["workflow"]["id"]) == (started["hold"], started["workflow"]["id"])
    add = """mutation($in: AddServiceUsageInput!) { addServiceUsage(input: $in) { __typename } }"""
    usage = services("PHONE 2 MINUTES twilio")[0]
    run = {"workflowId": started["workflow"]["id"]}
    await ask.data(tenant.secret, add, {"in": {**run, **usage, "idempotencyKey": next_key()}})
    end = "mutation($in: EndWorkflowInput!) { completeWorkflow(input: $in) { __typename } }"
    await ask.data(tenant.secret, end, {"in": run})
    again = await found(ask, tenant, quote["id"])
    assert (again["chargedCredits"], again["differenceCredits"]) == ("60", "-40")
    refused = await taken(ask, tenant, quote["id"])
    assert (refused["__typename"], refused["code"]) == ("QuoteTaken", "QUOTE_TAKEN")


async def test_quotes_are_listed_by_status_and_name(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    first, second, third = [
        (await created(ask, tenant, CALL, workflowName=name, given={"expiresInSeconds": seconds}))["quote"][
            "id"
        ]
        for name, seconds in (("a", 60), ("b", 60), ("b", 3_600))
    ]
    await taken(ask, tenant, second)
    clock.forward(minutes=1)
    assert await listed(ask, tenant) == [(third, "OPEN"), (second, "TAKEN"), (first, "EXPIRED")]
    assert await listed(ask, tenant, status=["OPEN"]) == [(third, "OPEN")]
    assert await listed(ask, tenant, status=["TAKEN", "EXPIRED"]) == [(second, "TAKEN"), (first, "EXPIRED")]
    assert await listed(ask, tenant, workflowName="b", status=["TAKEN"]) == [(second, "TAKEN")]
    assert await listed(ask, tenant, workflowName="c") == []
    refused = await taken(ask, tenant, first)
    assert (refused["__typename"], refused["code"]) == ("QuoteExpired", "QUOTE_EXPIRED")


async def test_what_stands_in_the_way_is_told_beside_the_promise(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("30")
    await limit(prepaid, "USER", "DAY", "50", name="each user")
    answer = await created(ask, prepaid, CALL, userId="ann")
    assert answer["withinLimits"] is False
    assert [(each["kind"], each["needed"], each["left"], each["budget"]) for each in answer["obstacles"]] == [
        ("BALANCE", "100", "30", None),
        ("BUDGET", "100", "50", {"name": "each user", "scope": "USER"}),
    ]
    query = """query($in: ServicePlanInput!) { quote(input: $in) { withinLimits wouldFit { message }
      obstacles { kind needed left message budget { name scope } } selection { withinLimits } } }"""
    given = {"services": services(CALL), "userId": "ann"}
    assert (await ask.data(prepaid.secret, query, {"in": given}))["quote"] == {
        "withinLimits": False,
        "wouldFit": None,
        "obstacles": answer["obstacles"],
        "selection": None,
    }


async def test_an_operators_key_sees_no_accounts_limits(ask: Door, operator: str) -> None:
    query = "query($in: ServicePlanInput!) { quote(input: $in) { withinLimits obstacles { kind } history { runs } } }"
    given = {"services": services(CALL), "workflowName": "phone_ai_call"}
    assert (await ask.data(operator, query, {"in": given}))["quote"] == {
        "withinLimits": True,
        "obstacles": [],
        "history": None,
    }


async def test_a_plan_over_its_limit_is_refused_with_what_would_fit(ask: Door, tenant: Tenant) -> None:
    settings = {"primary_ai_model": "gpt-4", "max_credits_per_request": "60", "cost_optimization": False}
    answer = await created(ask, tenant, *VOICE, configuration=settings, accuracyRequirement="HIGH")
    assert (answer["__typename"], answer["code"]) == ("PlanOverLimit", "PLAN_OVER_LIMIT")
    assert answer["message"].startswith("The plan costs 127 credits, 67 over the limit of 60;")
    assert answer["wouldFit"]["shortBy"] == "67"
    assert await listed(ask, tenant) == []


async def test_what_is_wrong_is_named_by_its_field(ask: Door, tenant: Tenant) -> None:
    plan = {"services": services(CALL)}
    wrong = [
        ({"plan": plan, "expiresInSeconds": 0}, "expiresInSeconds"),
        ({"plan": plan, "expiresInSeconds": 35 * 24 * 3_600 + 1}, "expiresInSeconds"),
        ({"plan": {"services": []}}, "plan.services"),
        ({"plan": {"services": services("PHONE 5 MINUTES nobody")}}, "plan.services[0].provider"),
        ({"plan": plan | {"agentId": NOTHING}}, "plan.agentId"),
        ({"plan": plan | {"preset": "nothing"}}, "plan.preset"),
        ({"plan": plan | {"workflowName": "a"}, "workflowName": "b"}, "workflowName"),
    ]
    for given, field in wrong:
        error = await ask.error(tenant.secret, CREATE, {"in": given})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}, given
    unknown = await created(ask, tenant, CALL, agentId="agent_" + "0" * 32)
    assert unknown["code"] == "AGENT_NOT_FOUND"
    assert await listed(ask, tenant) == []


async def test_another_accounts_quote_is_as_one_that_does_not_exist(ask: Door, tenant: Tenant) -> None:
    quote = (await created(ask, tenant, CALL))["quote"]
    other = await new_tenant(tenant.database, "Other")
    for quote_id in (quote["id"], NOTHING):
        assert await ask.data(other.secret, FIND, {"id": quote_id}) == {"storedQuote": None, "node": None}
        assert (await taken(ask, other, quote_id))["code"] == "QUOTE_NOT_FOUND"
    assert await listed(ask, other) == []


async def test_a_key_that_only_tracks_sees_what_it_made_and_no_more(ask: Door, tenant: Tenant) -> None:
    secret = await scoped(tenant, Scope.TRACK)
    variables = {"in": {"plan": {"services": services(CALL)}}}
    assert (await ask.data(secret, CREATE, variables))["createQuote"]["quote"]["status"] == "OPEN"
    for more in ("agent { id }", "hold { id }", "workflow { id }", "chargedCredits", "differenceCredits"):
        _, answer = await ask(secret, CREATE.replace("expiresAt", f"expiresAt {more}"), variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], more


async def test_a_page_of_quotes_costs_what_one_costs(ask: Door, tenant: Tenant) -> None:
    agent = await agent_id(tenant, preset="cost_optimized")
    query = (
        f"{{ viewer {{ account {{ quotes(first: 50) {{ totalCount nodes {{ {QUOTE} {FURTHER} }} }} }} }} }}"
    )
    counts = []
    for number in (1, 9):
        for _ in range(number):
            quote = (await created(ask, tenant, *VOICE, agentId=agent))["quote"]
            await taken(ask, tenant, quote["id"])
        await ask.data(tenant.secret, "{ viewer { scopes } }")
        # That the key was used is noted behind the answer.
        await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
        with statements(tenant.database) as sent:
            page = (await ask.data(tenant.secret, query))["viewer"]["account"]["quotes"]
        counts.append((page["totalCount"], len([text for text in sent if not text.startswith("BEGIN")])))
    # Key, account, page, count; lines, rates, prices; agents, holds, what is due, runs.
    assert counts == [(1, 10), (10, 10)]
