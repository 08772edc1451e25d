"""Plans that cannot be answered: the error names the field and the fix."""

from typing import Any

import pytest
from sqlalchemy import delete

from models.identity import IdKind, format_id, new_id
from models.rate_card import PublishedRate, PublishedRateCard
from models.writer import Command
from tests.door import Door
from tests.graph.quoting import QUOTE, SELECT, agent_id, services
from tests.tenant import Tenant, new_tenant

AT_MOST_ONE = "give at most one of agentId, preset and configuration, not "


@pytest.mark.parametrize(
    ("lines", "given", "field", "message"),
    [
        ([], {}, "services", "1 to 100 services, not 0."),
        (["GPT 1 TOKENS gpt-4o"] * 101, {}, "services", "1 to 100 services, not 101."),
        (["GPT 0 TOKENS gpt-4o"], {}, "services[0].units", None),
        (
            ["GPT 1 TOKENS gpt-4o", "VOICE_STT 1 MINUTES"],
            {},
            "services[1].provider",
            (
                "name a provider of VOICE_STT, or give agentId, preset or configuration, which choose one. "
                "The rate card has deepgram, openai-whisper."
            ),
        ),
        (
            ["SMS 1 MESSAGES twilio"],
            {},
            "services[0].serviceType",
            "The rate card has no rate for SMS; it has GPT, PHONE, VISION, VOICE_STT, VOICE_TTS.",
        ),
        (
            ["GPT 1 TOKENS gpt-9"],
            {},
            "services[0].provider",
            "GPT has no provider 'gpt-9'; the rate card has claude-3-haiku, gpt-4, gpt-4o, gpt-4o-mini.",
        ),
        (
            ["GPT 1 TOKENS gpt-4o", "PHONE 1 MESSAGES twilio"],
            {},
            "services[1].unitType",
            "PHONE by 'twilio' has no rate for MESSAGES; the rate card has MINUTES.",
        ),
        (["PHONE 99999999999 MINUTES twilio"], {}, "services[0].units", None),
        (["PHONE 30000000000 MINUTES twilio"] * 2, {}, "services", "The plan costs too much to be recorded."),
        (
            ["PHONE 30000000000 MINUTES"] * 2,
            {"preset": "premium_quality"},
            "services",
            "The plan costs too much to be recorded.",
        ),
        (
            ["GPT 1 TOKENS", "PHONE 1 MINUTES"],
            {"preset": "balanced"},
            "services[1].serviceType",
            "PHONE is disabled: set phone_enabled to true, or leave it out of the request.",
        ),
        (
            ["SMS 1 MESSAGES twilio", "SMS 1 MESSAGES"],
            {"preset": "balanced"},
            "services[1].provider",
            "No configuration chooses a provider of SMS: name one in the request. The rate card has none.",
        ),
        (
            ["GPT 1 TOKENS", "GPT 1 TOKENS gpt-9"],
            {"preset": "balanced"},
            "services[1].provider",
            "GPT has no provider 'gpt-9'; the rate card has claude-3-haiku, gpt-4, gpt-4o, gpt-4o-mini.",
        ),
        (
            ["VOICE_STT 1 MINUTES", "VOICE_STT 1 IMAGES"],
            {"preset": "balanced"},
            "services[1].unitType",
            "VOICE_STT by 'deepgram' has no rate for IMAGES; the rate card has MINUTES.",
        ),
        (
            ["GPT 1 TOKENS"],
            {"preset": "balance"},
            "preset",
            "There is no preset 'balance'. Did you mean 'balanced'?",
        ),
        (
            ["GPT 1 TOKENS"],
            {"preset": "balanced", "configuration": {}},
            "configuration",
            AT_MOST_ONE + "preset and configuration.",
        ),
        (
            ["GPT 1 TOKENS"],
            {"agentId": "x", "preset": "balanced"},
            "preset",
            AT_MOST_ONE + "agentId and preset.",
        ),
        (["GPT 1 TOKENS"], {"agentId": "x"}, "agentId", None),
        (
            ["GPT 1 TOKENS"],
            {"configuration": {"primary_model": "gpt-4"}},
            "configuration.primary_model",
            "there is no such field. Did you mean 'primary_ai_model'?",
        ),
        (
            ["GPT 1 TOKENS"],
            {"configuration": {"stt_provider": "whisper"}},
            "configuration.stt_provider",
            "there is no VOICE_STT provider 'whisper'. Did you mean 'openai-whisper'?",
        ),
        (["GPT 1 TOKENS"], {"configuration": {"x" * 5_000: 1}}, f"configuration.{'x' * 100}", None),
    ],
)
async def test_what_cannot_be_answered_names_the_field_and_the_fix(
    ask: Door, tenant: Tenant, lines: list[str], given: dict[str, Any], field: str, message: str | None
) -> None:
    error = await ask.error(tenant.secret, QUOTE, {"in": {"services": services(*lines), **given}})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}
    assert error["message"].startswith(f"{field}: ")
    assert message is None or error["message"] == f"{field}: {message}"


async def test_a_selection_needs_something_that_chooses(ask: Door, tenant: Tenant) -> None:
    error = await ask.error(tenant.secret, SELECT, {"in": {"services": services("GPT 1 TOKENS gpt-4o")}})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "agentId"}
    assert (
        error["message"] == "agentId: give one of agentId, preset and configuration: they say who may serve."
    )


async def test_an_agent_of_another_account_is_missing_and_so_is_an_archived_one(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    foreign = await agent_id(await new_tenant(tenant.database, "Other"))
    archived = await agent_id(tenant)
    await ask.data(
        tenant.secret, f'mutation {{ archiveAgent(input: {{agentId: "{archived}"}}) {{ __typename }} }}'
    )
    errors = []
    for agent in (foreign, archived, format_id(IdKind.AGENT, new_id())):
        plan = {"services": services("GPT 1 TOKENS"), "agentId": agent}
        for query in (QUOTE, SELECT):
            error = await ask.error(tenant.secret, query, {"in": plan})
            errors.append((error["message"], error["extensions"]))
    assert errors[0][1] == {"code": "NOT_FOUND", "field": "agentId"}
    assert errors == errors[:1] * 6
    assert await ask.code(operator, QUOTE, {"in": plan}) == "FORBIDDEN"


async def test_without_a_rate_card_in_force_nothing_is_quoted(ask: Door, tenant: Tenant) -> None:
    def unpublish(session: Any, *, now: object) -> None:  # noqa: ARG001 - a verb's signature
        session.execute(delete(PublishedRate))
        session.execute(delete(PublishedRateCard))

    await tenant.database.write(Command(None, unpublish))
    plan = {"services": services("GPT 1 TOKENS gpt-4o")}
    error = await ask.error(tenant.secret, QUOTE, {"in": plan})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "services"}
    assert "No rate card is in force" in error["message"]
