"""Budgets, as callers set them, meet them and look at them."""

from typing import Any

import pytest

from models.api_key import Scope
from tests.clock import SettableClock
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.agents import new_agent
from tests.tenant import Tenant, new_tenant, next_key

NOTHING = 32 * "0"
CALL = "PHONE twilio 5 MINUTES"
CHAT = "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""

FIELDS = "id name scope subject window timeZone limit action thresholds createdAt updatedAt removedAt"
USE = "subject windowStart windowEnd used held left"
SET = f"""mutation ($input: SetBudgetInput!) {{ setBudget(input: $input) {{
  __typename ... on BudgetSet {{ budget {{ {FIELDS} }} }} ... on InvalidBudget {{ field }} ... on Refusal {{ code message }} }} }}"""
REMOVE = f"""mutation ($id: ID!) {{ removeBudget(input: {{budgetId: $id}}) {{
  __typename ... on BudgetRemoved {{ budget {{ {FIELDS} }} }} ... on Refusal {{ code message }} }} }}"""
EXCEEDED = """... on BudgetExceeded { budget { id name limit } subject needed limit used held left
  fitting { serviceType provider units unitType credits } }"""
HOLD = f"""mutation ($input: HoldCreditsInput!) {{ holdCredits(input: $input) {{ __typename {EXCEEDED} ... on Refusal {{ code message }} }} }}"""
START = f"""mutation ($input: StartWorkflowInput!) {{ startWorkflow(input: $input) {{ __typename {EXCEEDED} ... on Refusal {{ code message }} }} }}"""
ADD = f"""mutation ($input: AddServiceUsageInput!) {{ addServiceUsage(input: $input) {{ __typename {EXCEEDED} ... on Refusal {{ code message }} }} }}"""


async def put(ask: Door, tenant: Tenant, scope: str, window: str, limit: str, **fields: Any) -> Any:
    """Set a budget and give the answer."""
    given = {"scope": scope, "window": window, "limit": limit, **fields}
    return (await ask.data(tenant.secret, SET, {"input": given}))["setBudget"]


async def budget(ask: Door, tenant: Tenant, scope: str, window: str, limit: str, **fields: Any) -> Any:
    """Set a budget and give it."""
    answer = await put(ask, tenant, scope, window, limit, **fields)
    assert answer["__typename"] == "BudgetSet", answer
    return answer["budget"]


async def listed(ask: Door, tenant: Tenant, arguments: str = "", fields: str = "id") -> list[Any]:
    query = f"{{ viewer {{ account {{ budgets{arguments} {{ totalCount nodes {{ {fields} }} }} }} }} }}"
    page = (await ask.data(tenant.secret, query))["viewer"]["account"]["budgets"]
    assert page["totalCount"] == len(page["nodes"])
    return [*page["nodes"]]


async def test_a_budget_is_shown_as_it_was_set(ask: Door, tenant: Tenant) -> None:
    made = await budget(
        ask,
        tenant,
        "USER",
        "DAY",
        "12.5",
        subject="ann",
        name="Calls",
        timeZone="Europe/Vienna",
        action="ALERT",
        thresholds=[50, 100],
    )
    assert made.pop("id").startswith("budget_")
    assert made == {
        "name": "Calls",
        "scope": "USER",
        "subject": "ann",
        "window": "DAY",
        "timeZone": "Europe/Vienna",
        "limit": "12.5",
        "action": "ALERT",
        "thresholds": [50, 100],
        "createdAt": "2026-03-04T12:00:00Z",
        "updatedAt": "2026-03-04T12:00:00Z",
        "removedAt": None,
    }


async def test_what_is_left_out_has_its_default(ask: Door, tenant: Tenant) -> None:
    made = await budget(ask, tenant, "ACCOUNT", "MONTH", "1000")
    assert (made["name"], made["subject"], made["timeZone"]) == (None, None, "UTC")
    assert (made["action"], made["thresholds"]) == ("BLOCK", [80, 100])


async def test_setting_it_again_changes_it(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    first = await budget(ask, tenant, "ACCOUNT", "DAY", "10")
    clock.forward(minutes=1)
    second = await budget(ask, tenant, "ACCOUNT", "DAY", "20", name="More")
    assert second == first | {"limit": "20", "name": "More", "updatedAt": "2026-03-04T12:01:00Z"}
    other = await budget(ask, tenant, "ACCOUNT", "DAY", "20", timeZone="Asia/Tokyo")
    assert other["id"] != first["id"]
    assert await listed(ask, tenant) == [{"id": other["id"]}]
    assert await listed(ask, tenant, "(active: false)", "id removedAt") == [
        {"id": first["id"], "removedAt": "2026-03-04T12:01:00Z"}
    ]


async def test_a_removed_budget_is_among_the_removed(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    kept, gone = [await budget(ask, tenant, "USER", window, "10") for window in ("DAY", "HOUR")]
    clock.forward(minutes=1)
    for _ in range(2):
        removed = (await ask.data(tenant.secret, REMOVE, {"id": gone["id"]}))["removeBudget"]
        assert removed == {
            "__typename": "BudgetRemoved",
            "budget": gone | {"removedAt": "2026-03-04T12:01:00Z"},
        }
    assert await listed(ask, tenant) == [{"id": kept["id"]}]
    assert await listed(ask, tenant, "(active: false)") == [{"id": gone["id"]}]
    assert await listed(ask, tenant, "(active: null)") == [{"id": gone["id"]}, {"id": kept["id"]}]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"scope": "ACCOUNT", "subject": "ann"}, "subject", "leave the subject out"),
        ({"scope": "AGENT", "subject": "ann"}, "subject", "This is not an id"),
        ({"timeZone": "Europe/Wienna"}, "timeZone", "Did you mean 'Europe/Vienna'?"),
        ({"thresholds": [100, 80]}, "thresholds", "rising"),
    ],
)
async def test_what_does_not_hold_together_is_refused(
    ask: Door, tenant: Tenant, fields: dict[str, Any], field: str, message: str
) -> None:
    given = {"scope": "USER", "window": "DAY", "limit": "10", **fields}
    answer = await put(ask, tenant, **given)
    assert (answer["__typename"], answer["code"], answer["field"]) == (
        "InvalidBudget",
        "INVALID_BUDGET",
        field,
    )
    assert message in answer["message"]
    assert await listed(ask, tenant, "(active: null)") == []


@pytest.mark.parametrize("fields", [{"limit": "-1"}, {"subject": ""}, {"name": ""}, {"timeZone": ""}])
async def test_malformed_input_is_an_error(ask: Door, tenant: Tenant, fields: dict[str, str]) -> None:
    given = {"scope": "USER", "window": "DAY", "limit": "10", **fields}
    assert await ask.code(tenant.secret, SET, {"input": given}) == "BAD_USER_INPUT"


async def test_what_is_not_there_is_not_found(ask: Door, tenant: Tenant) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    theirs = await budget(ask, stranger, "ACCOUNT", "DAY", "10")
    for id_ in (theirs["id"], f"budget_{NOTHING}"):
        answer = (await ask.data(tenant.secret, REMOVE, {"id": id_}))["removeBudget"]
        assert (answer["__typename"], answer["code"]) == ("BudgetNotFound", "BUDGET_NOT_FOUND")
        node = "query ($id: ID!) { node(id: $id) { id } }"
        assert await ask.data(tenant.secret, node, {"id": id_}) == {"node": None}
    answer = await put(ask, tenant, "API_KEY", "DAY", "10", subject=f"key_{stranger.api_key_id.hex}")
    assert answer["__typename"] == "ApiKeyNotFound"
    answer = await put(
        ask, tenant, "AGENT", "DAY", "10", subject=f"agent_{(await new_agent(stranger)).id.hex}"
    )
    assert answer["__typename"] == "AgentNotFound"
    assert await ask.code(tenant.secret, REMOVE, {"id": f"agent_{NOTHING}"}) == "BAD_USER_INPUT"


async def test_its_use_in_the_present_window(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    made = await budget(ask, tenant, "USER", "DAY", "200", timeZone="Europe/Vienna")
    for user, usages in (("ann", [CHAT, CHAT]), ("bob", [CALL, CHAT]), ("eve", [CHAT])):
        await tenant.add(await tenant.start(user_id=user), *usages)
    await tenant.hold(await tenant.start(user_id="ann"), "50")
    query = f"""query ($id: ID!) {{ node(id: $id) {{ ... on Budget {{
      none: use {{ used }} ann: use(subject: "ann") {{ {USE} }} zoe: use(subject: "zoe") {{ used held left }}
      uses(first: 2) {{ subject used held left }} }} }} }}"""
    window = {"windowStart": "2026-03-03T23:00:00Z", "windowEnd": "2026-03-04T23:00:00Z"}
    assert (await ask.data(tenant.secret, query, {"id": made["id"]}))["node"] == {
        "none": None,
        "ann": {"subject": "ann", **window, "used": "6", "held": "50", "left": "144"},
        "zoe": {"used": "0", "held": "0", "left": "200"},
        "uses": [
            {"subject": "bob", "used": "103", "held": "0", "left": "97"},
            {"subject": "ann", "used": "6", "held": "50", "left": "144"},
        ],
    }
    clock.forward(hours=12)
    tomorrow = (await ask.data(tenant.secret, query, {"id": made["id"]}))["node"]
    assert (tomorrow["ann"]["used"], tomorrow["ann"]["windowStart"]) == ("0", "2026-03-04T23:00:00Z")
    assert tomorrow["uses"] == []


async def test_the_use_of_what_names_its_subject(ask: Door, tenant: Tenant) -> None:
    key = f"key_{tenant.api_key_id.hex}"
    await budget(ask, tenant, "ACCOUNT", "LIFETIME", "2")
    await budget(ask, tenant, "API_KEY", "HOUR", "5", subject=key)
    await budget(ask, tenant, "USER", "REQUEST", "5", subject="ann")
    gone = await budget(ask, tenant, "USER", "DAY", "5", subject="ann")
    await ask.data(tenant.secret, REMOVE, {"id": gone["id"]})
    fields = f'scope use {{ {USE} }} other: use(subject: "ann") {{ used }} uses {{ subject used }}'
    assert await listed(ask, tenant, "(active: null)", fields) == [
        {"scope": "USER", "use": None, "other": None, "uses": []},
        {"scope": "USER", "use": None, "other": None, "uses": []},
        {
            "scope": "API_KEY",
            "use": {
                "subject": key,
                "windowStart": "2026-03-04T12:00:00Z",
                "windowEnd": "2026-03-04T13:00:00Z",
                "used": "0",
                "held": "0",
                "left": "5",
            },
            "other": None,
            "uses": [],
        },
        {
            "scope": "ACCOUNT",
            "use": {
                "subject": None,
                "windowStart": "1970-01-01T00:00:00Z",
                "windowEnd": None,
                "used": "0",
                "held": "0",
                "left": "2",
            },
            "other": None,
            "uses": [],
        },
    ]


@pytest.mark.parametrize("subject", ["", "\0", "a\n", "\x7f", "\ud800", "a" * 256, "é" * 100_000])
async def test_a_hostile_subject_is_refused(ask: Door, tenant: Tenant, subject: str) -> None:
    made = await budget(ask, tenant, "USER", "DAY", "200")
    query = "query ($id: ID!, $subject: String!) { node(id: $id) { ... on Budget { use(subject: $subject) { used } } } }"
    error = await ask.error(tenant.secret, query, {"id": made["id"], "subject": subject})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "subject"}


@pytest.mark.parametrize("first", [0, 101])
async def test_so_many_are_shown_at_most(ask: Door, tenant: Tenant, first: int) -> None:
    made = await budget(ask, tenant, "USER", "DAY", "200")
    query = f'{{ node(id: "{made["id"]}") {{ ... on Budget {{ uses(first: {first}) {{ used }} }} }} }}'
    error = await ask.error(tenant.secret, query)
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "first"}


async def test_a_list_of_budgets_costs_one_statement_for_each_thing_asked(ask: Door, tenant: Tenant) -> None:
    sent: list[int] = []
    for scope in ("USER", "API_KEY", "WORKFLOW_NAME", "ACCOUNT", "AGENT"):
        for window in ("HOUR", "DAY", "MONTH"):
            await budget(ask, tenant, scope, window, "1000")
        await tenant.add(await tenant.start(user_id="ann"), CHAT)
        with statements(tenant.database) as texts:
            await listed(ask, tenant, "", 'use(subject: "ann") { used } uses { subject used }')
        sent.append(len([text for text in texts if not text.startswith("BEGIN")]))
    assert sent[1:] == sent[:1] * 4


async def test_what_does_not_fit_is_refused_with_what_would(ask: Door, tenant: Tenant) -> None:
    made = await budget(ask, tenant, "USER", "DAY", "60", name="Calls")
    run = await tenant.start(user_id="ann")
    await tenant.add(run, CHAT)
    input_ = {
        "workflowId": f"workflow_{run.id.hex}",
        "services": [{"serviceType": "PHONE", "provider": "twilio", "units": "5", "unitType": "MINUTES"}],
        "idempotencyKey": next_key(),
    }
    answer = (await ask.data(tenant.secret, HOLD, {"input": input_}))["holdCredits"]
    assert answer == {
        "__typename": "BudgetExceeded",
        "code": "BUDGET_EXCEEDED",
        "message": "The budget 'Calls' allows the user 'ann' 60 credits a day (UTC): "
        "3 used, 0 held, 57 left; nothing was done.",
        "budget": {"id": made["id"], "name": "Calls", "limit": "60"},
        "subject": "ann",
        "needed": "100",
        "limit": "60",
        "used": "3",
        "held": "0",
        "left": "57",
        "fitting": [
            {
                "serviceType": "PHONE",
                "provider": "twilio",
                "units": "2.85",
                "unitType": "MINUTES",
                "credits": "57",
            }
        ],
    }


async def test_nothing_starts_where_nothing_is_left(ask: Door, tenant: Tenant) -> None:
    await budget(ask, tenant, "ACCOUNT", "LIFETIME", "3")
    run = await tenant.start()
    await tenant.add(run, CHAT)
    input_ = {"workflowName": "voice_chat", "idempotencyKey": next_key()}
    answer = (await ask.data(tenant.secret, START, {"input": input_}))["startWorkflow"]
    assert (answer["__typename"], answer["subject"], answer["left"], answer["fitting"]) == (
        "BudgetExceeded",
        None,
        "0",
        [],
    )
    input_ = {
        "workflowId": f"workflow_{run.id.hex}",
        "serviceType": "PHONE",
        "provider": "twilio",
        "units": "5",
        "unitType": "MINUTES",
    }
    keys = [{"idempotencyKey": next_key()} for _ in range(2)]
    refused = await ask.data(tenant.secret, ADD, {"input": input_ | keys[0] | {"ifUncovered": "REFUSE"}})
    assert refused["addServiceUsage"]["__typename"] == "BudgetExceeded"
    assert refused["addServiceUsage"]["needed"] == "100"
    recorded = await ask.data(tenant.secret, ADD, {"input": input_ | keys[1]})
    assert recorded["addServiceUsage"]["__typename"] == "ServiceUsageAdded"


async def test_a_key_that_only_manages_sees_the_budget_but_not_its_use(ask: Door, tenant: Tenant) -> None:
    secret = await scoped(tenant, Scope.MANAGE)
    made = "mutation { setBudget(input: {scope: USER, window: DAY, limit: 5}) { ... on BudgetSet { budget { id %s } } } }"
    assert await ask.data(secret, made % "limit")
    for edge in ('use(subject: "ann") { used }', "uses { used }"):
        assert await ask.code(secret, made % edge) == "FORBIDDEN"
