"""Quotes and selections: the price before the run, who would serve, why, and what would fit."""

import pytest

from models.api_key import Scope
from models.writer import Command
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.quoting import QUOTE, VOICE, agent_id, quoted, selected, served, services
from tests.tenant import Tenant


@pytest.mark.parametrize(
    ("lines", "charged", "total"),
    [
        (["PHONE 5 MINUTES twilio", "GPT 3000 TOKENS gpt-4o-mini"], ["100", "3"], "103"),
        (
            [
                "VOICE_STT 2 MINUTES openai-whisper",
                "GPT 1500 TOKENS gpt-4o",
                "VOICE_TTS 450 CHARACTERS elevenlabs",
            ],
            ["20", "12", "1"],
            "33",
        ),
        (
            ["PHONE 5 MINUTES twilio", "GPT 2500 TOKENS gpt-4o", "VOICE_TTS 800 CHARACTERS openai-tts"],
            ["100", "20", "1"],
            "121",
        ),
        (
            [
                "VOICE_STT 2 MINUTES deepgram",
                "GPT 1800 TOKENS gpt-4o-mini",
                "VOICE_TTS 600 CHARACTERS cartesia",
            ],
            ["16", "2", "1"],
            "19",
        ),
    ],
)
async def test_the_worked_examples_are_quoted_as_they_will_be_charged(
    ask: Door, tenant: Tenant, lines: list[str], charged: list[str], total: str
) -> None:
    answer = await quoted(ask, tenant, *lines)
    assert [line["credits"] for line in answer["lines"]] == charged
    assert answer | {"lines": []} == {
        "totalCredits": total,
        "requestedCredits": total,
        "savedCredits": "0",
        "limit": None,
        "withinLimits": True,
        "rateCardVersion": "2025-01-01",
        "catalogueVersion": None,
        "lines": [],
        "selection": None,
        "wouldFit": None,
    }


@pytest.mark.parametrize(
    ("business_adapter", "lines", "providers", "total"),
    [
        (
            "emergencyservices",
            ["PHONE 5 MINUTES", "GPT 2500 TOKENS", "VOICE_TTS 800 CHARACTERS"],
            [("twilio", "100"), ("gpt-4o", "20"), ("openai-tts", "1")],
            "121",
        ),
        (
            "languagelearning",
            ["VOICE_STT 2 MINUTES", "GPT 1800 TOKENS", "VOICE_TTS 600 CHARACTERS"],
            [("deepgram", "16"), ("gpt-4o-mini", "2"), ("cartesia", "1")],
            "19",
        ),
    ],
)
async def test_an_agents_configuration_names_the_providers(
    ask: Door,
    tenant: Tenant,
    business_adapter: str,
    lines: list[str],
    providers: list[tuple[str, str]],
    total: str,
) -> None:
    answer = await quoted(ask, tenant, *lines, agentId=await agent_id(tenant, business_adapter))
    assert (served(answer), answer["totalCredits"], answer["withinLimits"]) == (providers, total, True)
    assert {decision["rule"] for decision in answer["selection"]["decisions"]} == {"AS_CONFIGURED"}


async def test_exact_amounts_stand_beside_the_rounded_ones(ask: Door, tenant: Tenant) -> None:
    answer = await quoted(ask, tenant, "VOICE_TTS 600 CHARACTERS cartesia", "PHONE 1 SECONDS twilio")
    assert [(line["credits"], line["exactCredits"]) for line in answer["lines"]] == [
        ("1", "0.9"),
        ("1", "0.333333333333333333"),
    ]


async def test_a_cost_optimized_agent_is_told_what_was_put_in_place_and_why(
    ask: Door, tenant: Tenant
) -> None:
    own = {"service_configuration": {"stt_provider": "openai-whisper", "primary_ai_model": "gpt-4"}}
    agent = await agent_id(tenant, preset="cost_optimized", custom_settings=own)
    answer = await quoted(
        ask, tenant, "VOICE_STT 5 MINUTES", "GPT 3000 TOKENS", agentId=agent, requestComplexity="LOW"
    )
    assert served(answer) == [("deepgram", "40"), ("gpt-4o-mini", "3")]
    assert [answer[name] for name in ("totalCredits", "requestedCredits", "savedCredits", "limit")] == [
        "43",
        "125",
        "82",
        "50",
    ]
    stt, gpt = answer["selection"]["decisions"]
    reason = (
        "Cost is optimised: deepgram serves as the cheapest at 40 credits, in place of openai-whisper at 50: "
        "10 credits saved."
    )
    assert stt | {"candidates": []} == {
        "serviceType": "VOICE_STT",
        "requestedProvider": "openai-whisper",
        "provider": "deepgram",
        "requestedCredits": "50",
        "credits": "40",
        "savedCredits": "10",
        "rule": "COST_OPTIMIZATION",
        "reason": reason,
        "steps": [
            {
                "rule": "COST_OPTIMIZATION",
                "from": "openai-whisper",
                "to": "deepgram",
                "reason": reason,
                "savedCredits": "10",
            }
        ],
        "candidates": [],
    }
    assert stt["candidates"] == [
        {"provider": "deepgram", "estimate": "40", "chosen": True, "excludedBy": None, "reason": reason},
        {
            "provider": "openai-whisper",
            "estimate": "50",
            "chosen": False,
            "excludedBy": "COST_OPTIMIZATION",
            "reason": reason,
        },
    ]
    assert (gpt["rule"], gpt["savedCredits"]) == ("LOW_COMPLEXITY", "72")


async def test_a_premium_agent_with_a_limit_runs_on_a_small_model(ask: Door, tenant: Tenant) -> None:
    own = {"service_configuration": {"max_credits_per_request": "60"}}
    agent = await agent_id(tenant, preset="premium_quality", custom_settings=own)
    answer = await quoted(ask, tenant, *VOICE, agentId=agent)
    assert served(answer) == [("openai-whisper", "50"), ("gpt-4o-mini", "3"), ("elevenlabs", "4")]
    assert (answer["totalCredits"], answer["requestedCredits"], answer["withinLimits"]) == ("57", "129", True)
    assert [
        step["reason"] for decision in answer["selection"]["decisions"] for step in decision["steps"]
    ] == [
        (
            "The plan costs 129 credits and the limit is 60: gpt-4o-mini serves at 3 credits, in place of gpt-4 "
            "at 75: 72 credits saved."
        )
    ]


async def test_where_it_insists_on_accuracy_it_is_told_what_would_fit_and_can_take_it(
    ask: Door, tenant: Tenant
) -> None:
    own = {"service_configuration": {"max_credits_per_request": "60"}}
    agent = await agent_id(tenant, preset="premium_quality", custom_settings=own)
    answer = await quoted(ask, tenant, *VOICE, agentId=agent, accuracyRequirement="HIGH")
    assert served(answer) == [("openai-whisper", "50"), ("gpt-4", "75"), ("elevenlabs", "4")]
    assert [answer[name] for name in ("totalCredits", "limit", "withinLimits", "catalogueVersion")] == [
        "129",
        "60",
        False,
        "2025-01-01",
    ]
    fits = answer["wouldFit"]
    assert (fits["shortBy"], fits["topUp"]) == ("69", "16")
    assert (fits["allowed"]["totalCredits"], fits["cheapest"]["totalCredits"]) == ("76", "45")
    assert (fits["offer"]["totalCredits"], served(fits["offer"])) == (
        "45",
        [("deepgram", "40"), ("gpt-4o-mini", "3"), ("openai-tts", "2")],
    )
    assert fits["offer"]["tradeOffs"][2] == {
        "serviceType": "VOICE_TTS",
        "from": "elevenlabs",
        "to": "openai-tts",
        "savedCredits": "2",
        "sentence": "openai-tts in place of elevenlabs saves 2 credits; it is of NORMAL quality, not HIGH.",
    }
    assert fits["fitting"] == [
        {"provider": "openai-whisper", "units": "2.3", "unitType": "MINUTES", "credits": "23"},
        {"provider": "gpt-4", "units": "1380", "unitType": "TOKENS", "credits": "35"},
        {"provider": "elevenlabs", "units": "920", "unitType": "CHARACTERS", "credits": "2"},
    ]
    assert fits["message"].startswith("The plan costs 129 credits, 69 over the limit of 60;")
    assert [decision["rule"] for decision in answer["selection"]["decisions"]] == ["AS_CONFIGURED"] * 3
    taken = [
        f"{line} {offered['provider']}" for line, offered in zip(VOICE, fits["offer"]["lines"], strict=True)
    ]
    again = await quoted(ask, tenant, *taken, agentId=agent, accuracyRequirement="HIGH")
    assert (again["totalCredits"], again["withinLimits"], again["wouldFit"]) == ("45", True, None)


async def test_a_selection_is_the_one_within_its_quote(ask: Door, tenant: Tenant) -> None:
    settings = {"primary_ai_model": "gpt-4", "max_credits_per_request": "60", "cost_optimization": False}
    for accuracy in ("NORMAL", "HIGH"):
        plan = {"configuration": settings, "accuracyRequirement": accuracy, "requestComplexity": "HIGH"}
        quote = await quoted(ask, tenant, *VOICE, **plan)
        selection = await selected(ask, tenant, *VOICE, **plan)
        shared = [name for name in selection if name in quote]
        assert {name: selection[name] for name in shared} == {name: quote[name] for name in shared}
        assert selection["decisions"] == quote["selection"]["decisions"]
        assert (selection["accuracyRequirement"], selection["requestComplexity"]) == (accuracy, "HIGH")


async def test_a_provider_that_the_request_names_is_kept(ask: Door, tenant: Tenant) -> None:
    answer = await selected(
        ask, tenant, "GPT 1000 TOKENS gpt-4", "GPT 1000 TOKENS", preset="balanced", requestComplexity="LOW"
    )
    assert [(each["provider"], each["rule"]) for each in answer["decisions"]] == [
        ("gpt-4", "NAMED"),
        ("gpt-4o-mini", "LOW_COMPLEXITY"),
    ]


async def test_a_quote_reads_the_agent_and_the_newest_prices_and_writes_nothing(
    ask: Door, tenant: Tenant
) -> None:
    agent = await agent_id(tenant, preset="cost_optimized")
    reader = await scoped(tenant, Scope.READ)
    counts = []
    for lines in (
        ("GPT 1000 TOKENS",),
        ("GPT 1000 TOKENS", "VOICE_STT 1 MINUTES", "VOICE_TTS 9 CHARACTERS") * 5,
    ):
        variables = {"in": {"services": services(*lines), "agentId": agent}}
        await ask.data(reader, QUOTE, variables)
        await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
        with statements(tenant.database) as sent:
            await ask.data(reader, QUOTE, variables)
        counts.append([text.split()[0] for text in sent if not text.startswith("BEGIN")])
    # The newest card's id, the agent, what is unavailable, the account, its grants.
    assert counts == [["SELECT"] * 5] * 2
