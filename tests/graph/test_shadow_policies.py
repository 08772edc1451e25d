"""Shadow policies at the door: set, replaced, removed, listed, and compared with what was chosen."""

from typing import Any

import pytest

from models.api_key import Scope
from models.identity import IdKind, format_id
from models.writer import Command
from tests.clock import SettableClock
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.agents import new_agent
from tests.selecting import asked, set_shadow
from tests.tenant import Tenant, new_tenant

POLICY = """shadowPolicy { id preset setAt removedAt serviceConfiguration { primaryAiModel
  maxCreditsPerRequest origins { field origin } } }"""
SET = f"""mutation($in: SetShadowPolicyInput!) {{ setShadowPolicy(input: $in) {{ __typename
  ... on ShadowPolicySet {{ {POLICY} }} ... on Refusal {{ code message }}
  ... on InvalidShadowPolicy {{ field }} }} }}"""
REMOVE = f"""mutation($in: RemoveShadowPolicyInput!) {{ removeShadowPolicy(input: $in) {{ __typename
  ... on ShadowPolicyRemoved {{ {POLICY} }} ... on Refusal {{ code message }} }} }}"""
COMPARED = """policy { id } runs servedRuns liveCredits shadowCredits savedCredits chargedCredits
  refused { kind message runs liveCredits chargedCredits }
  changedChoices { serviceType from to count savedCredits }"""
AGENT = f"""query($id: ID!, $from: DateTime, $to: DateTime) {{ agent(id: $id) {{ {POLICY}
  shadowPolicies {{ totalCount nodes {{ id preset removedAt agent {{ id }} comparison {{ runs }} }} }}
  shadowComparison(from: $from, to: $to) {{ {COMPARED} }} }} }}"""


async def change(ask: Door, tenant: Tenant, mutation: str, **given: Any) -> Any:
    [answer] = (await ask.data(tenant.secret, mutation, {"in": given})).values()
    return answer


async def test_a_policy_is_set_replaced_and_removed(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    agent = format_id(IdKind.AGENT, (await new_agent(tenant)).id)
    nothing = {"shadowPolicy": None, "shadowPolicies": {"totalCount": 0, "nodes": []}}
    found = (await ask.data(tenant.secret, AGENT, {"id": agent}))["agent"]
    assert found == nothing | {"shadowComparison": None}
    first = (await change(ask, tenant, SET, agentId=agent, preset="cost_optimized"))["shadowPolicy"]
    assert (first["preset"], first["setAt"], first["removedAt"]) == (
        "cost_optimized",
        "2026-03-04T12:00:00Z",
        None,
    )
    configuration = first["serviceConfiguration"]
    assert (configuration["primaryAiModel"], configuration["maxCreditsPerRequest"]) == ("gpt-4o-mini", "50")
    assert {it["origin"] for it in configuration["origins"]} == {"PRESET"}
    clock.forward(minutes=1)
    own = {"primary_ai_model": "gpt-4o"}
    second = (await change(ask, tenant, SET, agentId=agent, configuration=own))["shadowPolicy"]
    found = (await ask.data(tenant.secret, AGENT, {"id": agent}))["agent"]
    assert found["shadowPolicy"] == second
    assert [(it["id"], it["removedAt"], it["agent"]) for it in found["shadowPolicies"]["nodes"]] == [
        (second["id"], None, {"id": agent}),
        (first["id"], "2026-03-04T12:01:00Z", {"id": agent}),
    ]
    clock.forward(minutes=1)
    removed = await change(ask, tenant, REMOVE, agentId=agent)
    assert removed["shadowPolicy"] == second | {"removedAt": "2026-03-04T12:02:00Z"}
    found = (await ask.data(tenant.secret, AGENT, {"id": agent}))["agent"]
    # The last one can still be compared.
    assert (found["shadowPolicy"], found["shadowComparison"]["policy"]) == (None, {"id": second["id"]})
    assert await change(ask, tenant, REMOVE, agentId=agent) == {
        "__typename": "ShadowPolicyNotFound",
        "code": "SHADOW_POLICY_NOT_FOUND",
        "message": "The agent has no shadow policy in force.",
    }


async def test_a_policy_that_cannot_be_tried_is_refused_by_its_field(ask: Door, tenant: Tenant) -> None:
    agent = format_id(IdKind.AGENT, (await new_agent(tenant)).id)
    for given, field in (
        ({"preset": "cheap"}, "preset"),
        (
            {"configuration": {"tts_provider": "cartesia", "voice_enabled": False}},
            "configuration.tts_provider",
        ),
        ({"configuration": {"primary_ai_model": "gpt-5o"}}, "configuration.primary_ai_model"),
    ):
        answer = await change(ask, tenant, SET, agentId=agent, **given)
        assert (answer["__typename"], answer["code"], answer["field"]) == (
            "InvalidShadowPolicy",
            "INVALID_SHADOW_POLICY",
            field,
        )
    neither: dict[str, Any] = {}
    for chosen in (neither, {"preset": "balanced", "configuration": {}}):
        error = await ask.error(tenant.secret, SET, {"in": {"agentId": agent, **chosen}})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "preset"}


async def test_a_comparison_is_exact(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="premium_quality")
    id_ = format_id(IdKind.AGENT, agent.id)
    policy = format_id(IdKind.SHADOW_POLICY, (await set_shadow(tenant, agent, preset="cost_optimized")).id)
    voice = asked("VOICE_STT 2 MINUTES", "GPT 1000 TOKENS", "VOICE_TTS 450 CHARACTERS")
    run = await tenant.start(agent_id=agent.id, selection=voice)
    await tenant.add(run, "GPT gpt-4 1000 TOKENS", "PHONE twilio 1 MINUTES")
    await tenant.start(agent_id=agent.id, selection=asked("PHONE 5 MINUTES"))
    found = (await ask.data(tenant.secret, AGENT, {"id": id_}))["agent"]["shadowComparison"]
    assert found == {
        "policy": {"id": policy},
        "runs": 2,
        "servedRuns": 1,
        "liveCredits": "46",
        "shadowCredits": "18",
        "savedCredits": "28",
        "chargedCredits": "45",
        "refused": [
            {
                "kind": "SERVICE_DISABLED",
                "message": "PHONE is disabled: set phone_enabled to true, or leave it out of the request.",
                "runs": 1,
                "liveCredits": "100",
                "chargedCredits": "0",
            }
        ],
        "changedChoices": [
            {"serviceType": "GPT", "from": "gpt-4", "to": "gpt-4o-mini", "count": 1, "savedCredits": "24"},
            {
                "serviceType": "VOICE_STT",
                "from": "openai-whisper",
                "to": "deepgram",
                "count": 1,
                "savedCredits": "4",
            },
            {
                "serviceType": "VOICE_TTS",
                "from": "elevenlabs",
                "to": "openai-tts",
                "count": 1,
                "savedCredits": "0",
            },
        ],
    }
    later = {"id": id_, "from": "2026-03-04T12:00:01Z"}
    found = (await ask.data(tenant.secret, AGENT, later))["agent"]["shadowComparison"]
    assert (found["runs"], found["liveCredits"], found["refused"]) == (0, "0", [])
    backwards = later | {"to": "2026-03-04T12:00:00Z"}
    error = await ask.error(tenant.secret, AGENT, backwards)
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "to"}


BESIDE = """query($id: ID!) { workflow(id: $id) { selection { totalCredits shadow { policy { id } totalCredits
  savedCredits decisions { serviceType provider rule } refusal { kind message } } } } }"""


async def test_each_selection_shows_what_the_policy_would_have_chosen(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="premium_quality")
    without = await tenant.start(agent_id=agent.id, selection=asked("GPT 1000 TOKENS"))
    policy = format_id(IdKind.SHADOW_POLICY, (await set_shadow(tenant, agent, preset="balanced")).id)
    served = await tenant.start(agent_id=agent.id, selection=asked("GPT 1000 TOKENS"))
    refused = await tenant.start(agent_id=agent.id, selection=asked("PHONE 1 MINUTES"))
    found = [
        (await ask.data(tenant.secret, BESIDE, {"id": format_id(IdKind.WORKFLOW, run.id)}))["workflow"][
            "selection"
        ]
        for run in (without, served, refused)
    ]
    assert found == [
        {"totalCredits": "25", "shadow": None},
        {
            "totalCredits": "25",
            "shadow": {
                "policy": {"id": policy},
                "totalCredits": "8",
                "savedCredits": "17",
                "decisions": [{"serviceType": "GPT", "provider": "gpt-4o", "rule": "AS_CONFIGURED"}],
                "refusal": None,
            },
        },
        {
            "totalCredits": "20",
            "shadow": {
                "policy": {"id": policy},
                "totalCredits": None,
                "savedCredits": None,
                "decisions": [],
                "refusal": {
                    "kind": "SERVICE_DISABLED",
                    "message": (
                        "PHONE is disabled: set phone_enabled to true, or leave it out of the request."
                    ),
                },
            },
        },
    ]


LISTED = f"""{{ viewer {{ account {{ agents(first: 20) {{ nodes {{ shadowPolicy {{ preset }}
  shadowPolicies(first: 2) {{ nodes {{ preset }} }} shadowComparison {{ {COMPARED} }} }} }} }} }} }}"""


@pytest.mark.parametrize("agents", [1, 20])
async def test_many_agents_are_compared_in_the_statements_of_one(
    ask: Door, tenant: Tenant, agents: int
) -> None:
    for number in range(agents):
        agent = await new_agent(tenant, f"agent {number}", preset="balanced")
        await set_shadow(tenant, agent, preset="premium_quality")
        await set_shadow(tenant, agent, preset="cost_optimized")
        await tenant.start(agent_id=agent.id, selection=asked("GPT 3000 TOKENS"))
    await ask.data(tenant.secret, "{ viewer { scopes } }")
    await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
    with statements(tenant.database) as sent:
        nodes = (await ask.data(tenant.secret, LISTED))["viewer"]["account"]["agents"]["nodes"]
    assert [(it["shadowPolicy"], it["shadowComparison"]["savedCredits"]) for it in nodes] == [
        ({"preset": "cost_optimized"}, "21")
    ] * agents
    # The key, the account, the agents, the newest policies, their pages, and two for the comparisons.
    assert len([text for text in sent if not text.startswith("BEGIN")]) == 6, "\n\n".join(sent)


async def test_policies_are_managed_by_keys_that_manage_and_belong_to_their_account(
    ask: Door, tenant: Tenant
) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    theirs = await new_agent(stranger)
    policy = await set_shadow(stranger, theirs, preset="balanced")
    agent = format_id(IdKind.AGENT, theirs.id)
    for mutation, given in ((SET, {"preset": "balanced"}), (REMOVE, {})):
        answer = await change(ask, tenant, mutation, agentId=agent, **given)
        assert (answer["__typename"], answer["code"]) == ("AgentNotFound", "AGENT_NOT_FOUND")
        for scope in (Scope.READ, Scope.TRACK):
            key = await scoped(tenant, scope)
            assert await ask.code(key, mutation, {"in": {"agentId": agent, **given}}) == "FORBIDDEN"
    node = "query($id: ID!) { node(id: $id) { id ... on ShadowPolicy { preset comparison { runs } } } }"
    asked_for = {"id": format_id(IdKind.SHADOW_POLICY, policy.id)}
    assert await ask.data(tenant.secret, node, asked_for) == {"node": None}
    assert await ask.data(stranger.secret, node, asked_for) == {
        "node": asked_for | {"preset": "balanced", "comparison": {"runs": 0}}
    }
