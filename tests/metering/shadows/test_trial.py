"""What a shadow policy would have chosen stands beside each selection of its agent's runs."""

from typing import Any

import pytest

from metering.prices import price_book
from metering.selections import read_selection
from models.selection import WorkflowSelection
from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.selection import Selection
from tests.databases.statements import statements
from tests.graph.agents import new_agent
from tests.selecting import asked, remove_shadow, selections_of, set_shadow
from tests.tenant import Tenant

VOICE = ("VOICE_STT 5 MINUTES", "GPT 3000 TOKENS", "VOICE_TTS 2000 CHARACTERS")


async def tried(
    tenant: Tenant, policy: dict[str, Any], *lines: str, preset: str = "premium_quality"
) -> WorkflowSelection:
    """Select for a run of an agent with a policy, and give what is stored."""
    agent = await new_agent(tenant, preset=preset)
    await set_shadow(tenant, agent, **policy)
    [row] = await selections_of(tenant, await tenant.start(agent_id=agent.id, selection=asked(*lines)))
    return row


async def shadow_of(tenant: Tenant, row: WorkflowSelection) -> Selection:
    assert row.shadow_record is not None
    record = row.shadow_record
    async with tenant.database.read() as session:
        return read_selection(record, await session.run_sync(price_book))


async def test_another_choice_is_kept_with_what_it_changes(tenant: Tenant) -> None:
    row = await tried(tenant, {"configuration": {"primary_ai_model": "gpt-4o"}}, *VOICE)
    # 5 minutes of openai-whisper, 3,000 tokens of gpt-4, 2,000 characters of elevenlabs
    assert (str(row.total_credits), str(row.shadow_credits), row.shadow_refusal) == ("129", "66", None)
    shadow = await shadow_of(tenant, row)
    assert [(it.provider, str(it.credits)) for it in shadow.decisions] == [
        ("deepgram", "40"),
        ("gpt-4o", "24"),
        ("openai-tts", "2"),
    ]
    assert (row.shadow_record or {})["changes"] == [
        {
            "service_type": "VOICE_STT",
            "from": "openai-whisper",
            "to": "deepgram",
            "saved_micros": 10_000_000,
        },
        {"service_type": "GPT", "from": "gpt-4", "to": "gpt-4o", "saved_micros": 51_000_000},
        {"service_type": "VOICE_TTS", "from": "elevenlabs", "to": "openai-tts", "saved_micros": 2_000_000},
    ]


async def test_the_same_choice_changes_nothing(tenant: Tenant) -> None:
    row = await tried(tenant, {"preset": "premium_quality"}, *VOICE)
    assert (row.shadow_credits, (row.shadow_record or {})["changes"]) == (row.total_credits, [])


async def test_a_named_provider_is_kept_by_both(tenant: Tenant) -> None:
    lines = ("GPT 3000 TOKENS gpt-4o", "GPT 1000 TOKENS")
    row = await tried(tenant, {"configuration": {}}, *lines, preset="balanced")
    assert (str(row.total_credits), str(row.shadow_credits)) == ("32", "25")
    changes: Any = (row.shadow_record or {})["changes"]
    assert [(it["from"], it["to"], it["saved_micros"]) for it in changes] == [
        ("gpt-4o", "gpt-4o-mini", 7_000_000)
    ]


@pytest.mark.parametrize(
    ("lines", "policy", "kind", "message"),
    [
        (
            ("PHONE 5 MINUTES", "GPT 1000 TOKENS"),
            {"preset": "balanced"},
            "SERVICE_DISABLED",
            "PHONE is disabled: set phone_enabled to true, or leave it out of the request.",
        ),
        (
            VOICE,
            {"configuration": {"max_credits_per_request": "10"}},
            "OVER_LIMIT",
            (
                "The plan costs 45 credits and the limit is 10; with the cheaper providers that the request "
                "allows it costs 45."
            ),
        ),
    ],
)
async def test_a_refusal_is_kept_and_the_run_starts(
    tenant: Tenant, lines: tuple[str, ...], policy: dict[str, Any], kind: str, message: str
) -> None:
    row = await tried(tenant, policy, *lines)
    assert row.shadow_refusal == {"kind": kind, "message": message}
    assert (row.shadow_record, row.shadow_credits) == (None, None)
    assert row.shadow_policy_id is not None


async def test_accuracy_is_the_requests_and_else_each_configurations_own(tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="emergency_services")
    await set_shadow(tenant, agent, preset="cost_optimized")
    own = asked("VOICE_STT 1 MINUTES", complexity=RequestComplexity.LOW)
    high = asked("VOICE_STT 1 MINUTES", accuracy=AccuracyRequirement.HIGH)
    for plan, provider in ((own, "deepgram"), (high, "openai-whisper")):
        [row] = await selections_of(tenant, await tenant.start(agent_id=agent.id, selection=plan))
        assert (await shadow_of(tenant, row)).decisions[0].provider == provider


async def test_nothing_is_tried_without_a_policy_in_force(tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="balanced")
    plan = asked("GPT 1000 TOKENS")
    await set_shadow(tenant, agent, preset="premium_quality")
    await remove_shadow(tenant, agent)
    runs = [
        await tenant.start(agent_id=agent.id, selection=plan),
        await tenant.start(selection=asked("GPT 1000 TOKENS", preset="balanced")),
    ]
    for run in runs:
        [row] = await selections_of(tenant, run)
        assert (row.shadow_policy_id, row.shadow_record, row.shadow_refusal) == (None, None, None)


async def test_many_runs_are_tried_in_as_many_statements_as_one(tenant: Tenant) -> None:
    agents = [await new_agent(tenant, f"agent {number}", preset="balanced") for number in range(10)]
    for agent in agents:
        await set_shadow(tenant, agent, preset="premium_quality")
    plan = asked("GPT 1000 TOKENS")
    counts = []
    for group in (agents[:1], agents, agents * 6, agents * 12):
        with statements(tenant.database) as sent:
            await tenant.start_all(*(tenant.run(agent_id=agent.id, selection=plan) for agent in group))
        counts.append(len(sent))
    assert counts[0] == counts[1]
    # On PostgreSQL a large group is copied, in a statement of its own, and claims its keys apart from reading.
    assert counts[2] == counts[3] == counts[0] + (0 if tenant.database.is_sqlite else 2)
