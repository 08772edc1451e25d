"""Runs that start with a selection, holds by selection and by quote, and what a run shows of them."""

from typing import Any

import pytest

from models.api_key import Scope
from models.identity import IdKind, format_id
from tests.clock import SettableClock
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.quoting import FITS, VOICE, WHY, agent_id, services
from tests.pricing.selections import PRESETS
from tests.quotes import plan_of, promised
from tests.tenant import Tenant, next_key

SELECTION = f"""__typename id madeAt agentVersion preset totalCredits requestedCredits savedCredits limit requestComplexity
  accuracyRequirement rateCardVersion catalogueVersion lines {{ provider credits exactCredits }} {WHY}"""
HOLD = "hold { amount lines { provider credits } }"
REFUSED = f"""... on Refusal {{ code message }} ... on ServiceDisabled {{ services fields }}
  ... on NothingServes {{ serviceType provider candidates {{ provider excludedBy reason }} }}
  ... on ProviderUnnamed {{ serviceType known }} ... on PlanOverLimit {{ estimate limit {FITS} }}
  ... on QuoteExpired {{ expiredAt }} ... on QuoteTaken {{ holdId workflowId }}
  ... on CreditsExhausted {{ needed available fitting {{ provider units }} }}"""
START = f"""mutation($in: StartWorkflowInput!) {{ startWorkflow(input: $in) {{ __typename {REFUSED}
  ... on WorkflowStarted {{ replayed workflow {{ id }} {HOLD} selection {{ {SELECTION} }} }} }} }}"""
HELD = f"""mutation($in: HoldCreditsInput!) {{ holdCredits(input: $in) {{ __typename {REFUSED}
  ... on CreditsHeld {{ replayed {HOLD} selection {{ {SELECTION} }} }} }} }}"""
RUN = f"""query($id: ID!) {{ workflow(id: $id) {{ selection {{ {SELECTION} }}
  selections {{ totalCount nodes {{ id totalCredits workflow {{ id }} }} }} }} }}"""


LEFT = """{ viewer { account { workflows { nodes { id selection { id } } } holds { totalCount } } } }"""


async def start(ask: Door, tenant: Tenant, *needs: str, **given: Any) -> Any:
    """Start a run with a selection of needs."""
    chosen = given.pop("by", {})
    given = {"workflowName": "call", "idempotencyKey": next_key()} | given
    if needs:
        given["selection"] = {"services": services(*needs), **chosen}
    return (await ask.data(tenant.secret, START, {"in": given}))["startWorkflow"]


async def hold(ask: Door, tenant: Tenant, run: str, **given: Any) -> Any:
    """Hold credits for a run."""
    given = {"workflowId": run, "idempotencyKey": next_key()} | given
    return (await ask.data(tenant.secret, HELD, {"in": given}))["holdCredits"]


async def quote(tenant: Tenant, *needs: str, **chooser: Any) -> str:
    """Store a quote."""
    return format_id(IdKind.QUOTE, (await promised(tenant, plan_of(tenant, *needs, **chooser))).quote.id)


async def test_a_run_starts_with_exactly_what_was_selected_for_it(ask: Door, tenant: Tenant) -> None:
    agent = await agent_id(tenant, "languagelearning", preset="balanced")
    started = await start(ask, tenant, *VOICE, by={"requestComplexity": "LOW"}, agentId=agent, hold={})
    assert started["hold"] == {
        "amount": "46",
        "lines": [
            {"provider": "deepgram", "credits": "40"},
            {"provider": "gpt-4o-mini", "credits": "3"},
            {"provider": "cartesia", "credits": "3"},
        ],
    }
    selection = started["selection"]
    assert selection | {"decisions": [], "lines": [], "id": ""} == {
        "__typename": "RunSelection",
        "id": "",
        "madeAt": "2026-03-04T12:00:00Z",
        "agentVersion": 1,
        "preset": "balanced",
        "totalCredits": "46",
        "requestedCredits": "67",
        "savedCredits": "21",
        "limit": "75",
        "requestComplexity": "LOW",
        "accuracyRequirement": "NORMAL",
        "rateCardVersion": "2025-01-01",
        "catalogueVersion": "2025-01-01",
        "lines": [],
        "decisions": [],
    }
    assert selection["lines"][1] == {"provider": "gpt-4o-mini", "credits": "3", "exactCredits": "3"}
    decision = selection["decisions"][1]
    assert (decision["requestedProvider"], decision["provider"], decision["rule"]) == (
        "gpt-4o",
        "gpt-4o-mini",
        "LOW_COMPLEXITY",
    )
    found = (await ask.data(tenant.secret, RUN, {"id": started["workflow"]["id"]}))["workflow"]
    assert found["selection"] == selection
    assert found["selections"] == {
        "totalCount": 1,
        "nodes": [
            {"id": selection["id"], "totalCredits": "46", "workflow": {"id": started["workflow"]["id"]}}
        ],
    }
    node = await ask.data(
        tenant.secret,
        f"query($id: ID!) {{ node(id: $id) {{ ... on RunSelection {{ {SELECTION} }} }} }}",
        {"id": selection["id"]},
    )
    assert node["node"] == selection


async def test_the_reasons_are_one_interface(ask: Door, tenant: Tenant) -> None:
    query = """query($in: ServicePlanInput!) { selectServices(input: $in) { ...Why } }
      fragment Why on Selection { totalCredits decisions { provider } }"""
    plan = {"services": services(*VOICE), "preset": "balanced"}
    answer = await ask.data(tenant.secret, query, {"in": plan})
    assert answer["selectServices"]["totalCredits"] == "67"


async def test_the_newest_selection_of_a_run_comes_first(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    run = (await start(ask, tenant, *VOICE, by={"preset": "balanced"}))["workflow"]["id"]
    clock.forward(minutes=1)
    again = await hold(
        ask, tenant, run, selection={"services": services("VOICE_STT 5 MINUTES"), "preset": "premium_quality"}
    )
    assert again["hold"] == {"amount": "50", "lines": [{"provider": "openai-whisper", "credits": "50"}]}
    found = (await ask.data(tenant.secret, RUN, {"id": run}))["workflow"]
    assert found["selection"] == again["selection"]
    assert [each["totalCredits"] for each in found["selections"]["nodes"]] == ["50", "67"]


async def test_a_run_without_a_selection_shows_none(ask: Door, tenant: Tenant) -> None:
    started = await start(ask, tenant)
    assert (started["selection"], started["hold"]) == (None, None)
    found = (await ask.data(tenant.secret, RUN, {"id": started["workflow"]["id"]}))["workflow"]
    assert found == {"selection": None, "selections": {"totalCount": 0, "nodes": []}}


async def test_a_replay_answers_with_the_same_selection(ask: Door, tenant: Tenant) -> None:
    given = {"by": {"preset": "balanced"}, "idempotencyKey": "k", "hold": {}}
    first = await start(ask, tenant, *VOICE, **given)
    assert await start(ask, tenant, *VOICE, **given) == first | {"replayed": True}
    other = await start(ask, tenant, *VOICE, **given | {"by": {"preset": "cost_optimized"}})
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_a_quote_is_held_and_taken(ask: Door, tenant: Tenant) -> None:
    named = await quote(tenant, "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
    chosen = await quote(tenant, *VOICE, preset="balanced")
    started = await start(ask, tenant, hold={"quoteId": chosen})
    assert (started["hold"]["amount"], started["selection"]["totalCredits"]) == ("67", "67")
    assert started["selection"]["preset"] == "balanced"
    run = started["workflow"]["id"]
    held = await hold(ask, tenant, run, quoteId=named)
    assert (held["hold"]["amount"], held["selection"]) == ("103", None)
    for taken in (chosen, named):
        refused = await hold(ask, tenant, run, quoteId=taken)
        assert (refused["code"], refused["workflowId"]) == ("QUOTE_TAKEN", run)
        assert refused["holdId"].startswith("hold_")


@pytest.mark.parametrize(
    ("needs", "chosen", "expected"),
    [
        (
            ("PHONE 5 MINUTES", "VISION 1 IMAGES"),
            {"preset": "balanced"},
            {"code": "SERVICE_DISABLED", "services": ["PHONE", "VISION"], "fields": ["phone_enabled", "vision_enabled"]},
        ),
        (
            ("SMS 1 MESSAGES",),
            {"preset": "balanced"},
            {"code": "PROVIDER_UNNAMED", "serviceType": "SMS", "known": []},
        ),
        (
            ("GPT 1 TOKENS gpt-9",),
            {"preset": "balanced"},
            {"code": "NOTHING_SERVES", "serviceType": "GPT", "provider": "gpt-9"},
        ),
        (
            ("VOICE_STT 20 MINUTES",),
            {"preset": "balanced"},
            {"code": "PLAN_OVER_LIMIT", "estimate": "160", "limit": "75"},
        ),
    ],
)  # fmt: skip
async def test_a_refused_selection_says_why_and_starts_nothing(
    ask: Door,
    tenant: Tenant,
    needs: tuple[str, ...],
    chosen: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    run = format_id(IdKind.WORKFLOW, (await tenant.start()).id)
    plan = {"services": services(*needs), **chosen}
    for refused in (
        await start(ask, tenant, *needs, by=chosen, hold={}),
        await hold(ask, tenant, run, selection=plan),
    ):
        assert refused | expected == refused
        assert refused["__typename"].upper() == expected["code"].replace("_", "")
    found = (await ask.data(tenant.secret, LEFT))["viewer"]["account"]
    assert found == {"workflows": {"nodes": [{"id": run, "selection": None}]}, "holds": {"totalCount": 0}}


async def test_a_plan_over_its_limit_is_told_what_would_fit(ask: Door, tenant: Tenant) -> None:
    own = {**PRESETS["premium_quality"].to_mapping(), "max_credits_per_request": "60"}
    refused = await start(ask, tenant, *VOICE, by={"configuration": own, "accuracyRequirement": "HIGH"})
    fits = refused["wouldFit"]
    assert (refused["estimate"], refused["limit"], fits["shortBy"]) == ("129", "60", "69")
    assert fits["offer"]["totalCredits"] == "45"
    # The offer is taken by naming its providers.
    needs = [f"{need} {line['provider']}" for need, line in zip(VOICE, fits["offer"]["lines"], strict=True)]
    taken = await start(ask, tenant, *needs, by={"configuration": own}, hold={})
    assert taken["hold"]["amount"] == "45"


async def test_what_is_not_covered_is_told_in_the_selected_plan(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("45")
    refused = await start(ask, prepaid, *VOICE, by={"preset": "balanced", "requestComplexity": "LOW"})
    assert (refused["code"], refused["needed"], refused["available"]) == ("CREDITS_EXHAUSTED", "46", "45")
    assert [line["provider"] for line in refused["fitting"]] == ["deepgram", "gpt-4o-mini", "cartesia"]


PLAN = {"services": services("VOICE_STT 1 MINUTES"), "preset": "balanced"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"selection": {"services": PLAN["services"]}}, "selection.agentId"),
        ({"selection": {**PLAN, "preset": "ballanced"}}, "selection.preset"),
        ({"selection": {**PLAN, "agentId": "agent_" + 32 * "0"}}, "selection.preset"),
        (
            {"selection": {**PLAN, "preset": None, "configuration": {"stt": "x"}}},
            "selection.configuration.stt",
        ),
        ({"selection": {**PLAN, "services": []}}, "selection.services"),
        ({"selection": {**PLAN, "preset": "a\0"}}, "selection.preset"),
    ],
)
async def test_what_is_wrong_in_a_selection_is_named(
    ask: Door, tenant: Tenant, given: dict[str, Any], field: str
) -> None:
    run = format_id(IdKind.WORKFLOW, (await tenant.start()).id)
    for text, required in (
        (START, {"workflowName": "call", "hold": {}}),
        (HELD, {"workflowId": run}),
    ):
        error = await ask.error(tenant.secret, text, {"in": {"idempotencyKey": "k", **required, **given}})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "amount"),
        ({"amount": "1", "selection": PLAN}, "selection"),
        ({"quoteId": "quote_" + 32 * "0", "selection": PLAN}, "selection"),
        ({"amount": "1", "quoteId": "quote_" + 32 * "0"}, "quoteId"),
        ({"quoteId": "hold_" + 32 * "0"}, "quoteId"),
    ],
)
async def test_a_hold_is_for_one_thing(ask: Door, tenant: Tenant, given: dict[str, Any], field: str) -> None:
    run = format_id(IdKind.WORKFLOW, (await tenant.start()).id)
    error = await ask.error(tenant.secret, HELD, {"in": {"workflowId": run, "idempotencyKey": "k", **given}})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"hold": {}}, "hold.amount"),
        ({"hold": {"quoteId": "quote_" + 32 * "0"}, "selection": PLAN}, "hold.quoteId"),
        ({"hold": {"quoteId": "quote_" + 32 * "0", "amount": "1"}}, "hold.quoteId"),
    ],
)
async def test_a_first_hold_is_for_one_thing(
    ask: Door, tenant: Tenant, given: dict[str, Any], field: str
) -> None:
    item = {"workflowName": "call", "idempotencyKey": "k", **given}
    error = await ask.error(tenant.secret, START, {"in": item})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_quotes_that_cannot_be_taken(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    late = await quote(tenant, "PHONE twilio 5 MINUTES")
    clock.forward(hours=1)
    run = format_id(IdKind.WORKFLOW, (await tenant.start()).id)
    refused = await hold(ask, tenant, run, quoteId=late)
    assert (refused["code"], refused["expiredAt"]) == ("QUOTE_EXPIRED", "2026-03-04T13:00:00Z")
    assert (await hold(ask, tenant, run, quoteId="quote_" + 32 * "0"))["code"] == "QUOTE_NOT_FOUND"


async def test_tracking_needs_no_right_to_read(ask: Door, tenant: Tenant) -> None:
    secret = await scoped(tenant, Scope.TRACK)
    item = {"workflowName": "call", "idempotencyKey": "k", "selection": PLAN, "hold": {}}
    started = (await ask.data(secret, START, {"in": item}))["startWorkflow"]
    assert started["selection"]["totalCredits"] == "8"


async def test_selections_of_many_runs_cost_what_those_of_one_cost(ask: Door, tenant: Tenant) -> None:
    query = f"""{{ viewer {{ account {{ workflows(first: 50) {{ nodes {{ selection {{ {SELECTION} workflow {{ id }} }}
      selections(first: 2) {{ nodes {{ id }} }} }} }} }} }} }}"""
    counts = []
    for many in (1, 20):
        for _ in range(many):
            await start(ask, tenant, *VOICE, by={"preset": "balanced"})
        await ask.data(tenant.secret, query)
        with statements(tenant.database) as sent:
            found = (await ask.data(tenant.secret, query))["viewer"]["account"]["workflows"]["nodes"]
        assert all(run["selection"]["totalCredits"] == "67" for run in found)
        counts.append(len([text for text in sent if not text.startswith("BEGIN")]))
    # The key, the account, the runs, their newest selections, all selections, the prices, and the runs again.
    assert counts == [6, 6]
