"""Every rule of the selection and every conflict between two, on the built-in card, with exact estimates."""

import pytest

from pricing.catalogue import built_in_catalogue
from pricing.configuration import ServiceConfiguration
from pricing.credits import Credits
from pricing.quote import AmountTooLarge
from pricing.rate_card_file import parse_rate_card
from pricing.selection import SelectionRule, ServiceRequest, select
from tests.pricing.selections import (
    DEAR,
    HIGH,
    NO_LIMIT,
    PHONE,
    PRESETS,
    STT,
    TOKENS,
    TTS,
    VISION,
    need,
    selected,
    served,
)


@pytest.mark.parametrize(
    ("preset", "override", "needs", "request_", "expected"),
    [
        # as configured
        ("balanced", {}, TOKENS, {}, "GPT gpt-4o 24 AS_CONFIGURED"),
        ("premium_quality", {}, PHONE, {}, "PHONE twilio 100 AS_CONFIGURED"),
        ("premium_quality", {}, STT, {}, "VOICE_STT openai-whisper 50 AS_CONFIGURED"),
        ("premium_quality", {}, TTS, {}, "VOICE_TTS elevenlabs 4 AS_CONFIGURED"),
        ("emergency_services", {}, VISION, {}, "VISION gpt-4o 30 AS_CONFIGURED"),
        # rule 2: low complexity and cost optimisation
        ("balanced", {}, TOKENS, {"complexity": "LOW"}, "GPT gpt-4o-mini 3 LOW_COMPLEXITY"),
        ("balanced", {}, TOKENS, {"complexity": "HIGH"}, "GPT gpt-4o 24 AS_CONFIGURED"),
        ("balanced", DEAR, TOKENS, {"complexity": "LOW"}, "GPT gpt-4o 24 AS_CONFIGURED"),
        ("cost_optimized", {}, TOKENS, {"complexity": "LOW"}, "GPT gpt-4o-mini 3 AS_CONFIGURED"),
        (
            "cost_optimized",
            {"primary_ai_model": "claude-3-haiku"},  # as cheap as gpt-4o-mini: nothing to save
            TOKENS,
            {"complexity": "LOW"},
            "GPT claude-3-haiku 3 AS_CONFIGURED",
        ),
        # 100 tokens are a credit by either model, but 0.1 is less than 0.8 before rounding
        ("balanced", {}, "GPT 100 TOKENS", {"complexity": "LOW"}, "GPT gpt-4o-mini 1 LOW_COMPLEXITY"),
        # only language models follow the complexity
        ("emergency_services", {}, VISION, {"complexity": "LOW"}, "VISION gpt-4o 30 AS_CONFIGURED"),
        # rule 2 and accuracy: low complexity is the caller's word that the small model will do
        ("balanced", HIGH, TOKENS, {"complexity": "LOW"}, "GPT gpt-4o-mini 3 LOW_COMPLEXITY"),
        # rule 3: accuracy beats cost, the request beats the configuration
        ("balanced", HIGH, STT, {}, "VOICE_STT openai-whisper 50 HIGH_ACCURACY"),
        ("balanced", {}, STT, {"accuracy": "HIGH"}, "VOICE_STT openai-whisper 50 HIGH_ACCURACY"),
        ("balanced", HIGH, STT, {"accuracy": "NORMAL"}, "VOICE_STT deepgram 40 AS_CONFIGURED"),
        (
            "balanced",
            {"stt_provider": "openai-whisper"},
            STT,
            {},
            "VOICE_STT deepgram 40 COST_OPTIMIZATION",
        ),
        (
            "balanced",
            {"stt_provider": "openai-whisper"},
            STT,
            {"accuracy": "LOW"},
            "VOICE_STT deepgram 40 COST_OPTIMIZATION",
        ),
        (
            "balanced",
            {"stt_provider": "openai-whisper"},
            STT,
            {"accuracy": "HIGH"},
            "VOICE_STT openai-whisper 50 AS_CONFIGURED",
        ),
        ("balanced", DEAR, STT, {"accuracy": "HIGH"}, "VOICE_STT openai-whisper 50 HIGH_ACCURACY"),
        ("balanced", DEAR, STT, {}, "VOICE_STT deepgram 40 AS_CONFIGURED"),
        ("balanced", {}, TTS, {"accuracy": "HIGH"}, "VOICE_TTS cartesia 3 AS_CONFIGURED"),
        # rule 4: unavailable, or without a rate
        ("balanced", {}, TOKENS, {"unavailable": "GPT gpt-4o"}, "GPT gpt-4o-mini 3 UNAVAILABLE"),
        ("balanced", {"primary_ai_model": "gpt-6"}, TOKENS, {}, "GPT gpt-4o-mini 3 NO_RATE"),
        (
            "balanced",
            {"fallback_ai_model": None},
            TOKENS,
            {"unavailable": "GPT gpt-4o"},  # cost is optimised: the cheapest of the good enough
            "GPT gpt-4o-mini 3 UNAVAILABLE",
        ),
        (
            "balanced",
            {"fallback_ai_model": None, **DEAR},
            TOKENS,
            {"unavailable": "GPT gpt-4o"},  # else in the catalogue's order
            "GPT gpt-4 75 UNAVAILABLE",
        ),
        (
            "balanced",
            {"fallback_ai_model": None, **NO_LIMIT},
            TOKENS,
            {"unavailable": "GPT gpt-4o", "complexity": "HIGH"},  # only gpt-4 is adequate
            "GPT gpt-4 75 UNAVAILABLE",
        ),
        (
            "balanced",
            {"fallback_ai_model": None, **NO_LIMIT, **HIGH},
            TOKENS,
            {"unavailable": "GPT gpt-4o"},  # only gpt-4 is accurate enough
            "GPT gpt-4 75 UNAVAILABLE",
        ),
        (
            "balanced",
            HIGH,
            TOKENS,
            {"unavailable": "GPT gpt-4o"},  # the configured fallback is the developer's word
            "GPT gpt-4o-mini 3 UNAVAILABLE",
        ),
        (
            "balanced",
            {},
            TOKENS,
            {"unavailable": "GPT gpt-4o,GPT gpt-4o-mini"},
            "GPT claude-3-haiku 3 UNAVAILABLE",
        ),
        (
            "balanced",
            {},
            STT,
            {"unavailable": "VOICE_STT deepgram"},
            "VOICE_STT openai-whisper 50 UNAVAILABLE",
        ),
        (
            "premium_quality",
            {},
            TTS,
            {"unavailable": "VOICE_TTS elevenlabs"},
            "VOICE_TTS cartesia 3 UNAVAILABLE",
        ),
        (
            "emergency_services",
            {},
            VISION,
            {"unavailable": "VISION gpt-4o"},
            "VISION gpt-4o-mini 6 UNAVAILABLE",
        ),
        # a model is down for language, not for vision
        ("emergency_services", {}, VISION, {"unavailable": "GPT gpt-4o"}, "VISION gpt-4o 30 AS_CONFIGURED"),
        # rule 2 and rule 4: the cheapest adequate model that can serve
        (
            "balanced",
            {},
            TOKENS,
            {"complexity": "LOW", "unavailable": "GPT gpt-4o-mini"},
            "GPT claude-3-haiku 3 LOW_COMPLEXITY",
        ),
        (
            "cost_optimized",
            {"fallback_ai_model": "gpt-4o"},
            TOKENS,
            {"complexity": "LOW", "unavailable": "GPT gpt-4o-mini"},  # nothing to save: its fallback serves
            "GPT gpt-4o 24 UNAVAILABLE",
        ),
        (
            "balanced",
            {"primary_ai_model": "gpt-6"},
            TOKENS,
            {"complexity": "LOW"},
            "GPT gpt-4o-mini 3 LOW_COMPLEXITY",
        ),
        # rule 3 and rule 4: no voice is given up because the most accurate is down
        (
            "emergency_services",
            {},
            STT,
            {"unavailable": "VOICE_STT openai-whisper"},
            "VOICE_STT deepgram 40 UNAVAILABLE",
        ),
        (
            "balanced",
            HIGH,
            STT,
            {"unavailable": "VOICE_STT openai-whisper"},
            "VOICE_STT deepgram 40 AS_CONFIGURED",
        ),
        (
            "balanced",
            HIGH,
            STT,
            {"unavailable": "VOICE_STT deepgram"},
            "VOICE_STT openai-whisper 50 HIGH_ACCURACY",
        ),
        # what the request names is kept, whatever the rules would like
        ("balanced", {}, TOKENS + " gpt-4", {"complexity": "LOW"}, "GPT gpt-4 75 NAMED"),
        ("balanced", {}, STT + " deepgram", {"accuracy": "HIGH"}, "VOICE_STT deepgram 40 NAMED"),
    ],
)
def test_rules_one_service_at_a_time(
    preset: str, override: dict[str, object], needs: str, request_: dict[str, str], expected: str
) -> None:
    selection = selected(PRESETS[preset].overridden_by(override), needs, **request_)
    assert served(selection) == [expected]


@pytest.mark.parametrize(
    ("preset", "override", "request_", "expected", "total", "saved"),
    [
        # exactly at the limit nothing changes
        ("balanced", {}, {"limit": "67"}, "deepgram 40, gpt-4o 24, cartesia 3", "67", "0"),
        # one credit less: first the fallback model
        ("balanced", {}, {"limit": "66"}, "deepgram 40, gpt-4o-mini 3, cartesia 3", "46", "21"),
        # then the cheaper voice
        ("balanced", {}, {"limit": "45"}, "deepgram 40, gpt-4o-mini 3, openai-tts 2", "45", "22"),
        # the fallback comes first, though it saves less than the cheapest, and is then itself replaced
        (
            "premium_quality",
            {"fallback_ai_model": "gpt-4o"},
            {"limit": "78"},
            "openai-whisper 50, gpt-4o 24, elevenlabs 4",
            "78",
            "51",
        ),
        (
            "premium_quality",
            {"fallback_ai_model": "gpt-4o"},
            {"limit": "77"},
            "openai-whisper 50, gpt-4o-mini 3, elevenlabs 4",
            "57",
            "72",
        ),
        # a fallback that saves nothing is passed over
        (
            "balanced",
            {"fallback_ai_model": "gpt-4"},
            {"limit": "66"},
            "deepgram 40, gpt-4o-mini 3, cartesia 3",
            "46",
            "21",
        ),
        # a dear agent over its limit: model (72), speech-to-text (10), voice (2)
        (
            "premium_quality",
            {},
            {"limit": "57"},
            "openai-whisper 50, gpt-4o-mini 3, elevenlabs 4",
            "57",
            "72",
        ),
        ("premium_quality", {}, {"limit": "56"}, "deepgram 40, gpt-4o-mini 3, elevenlabs 4", "47", "82"),
        ("premium_quality", {}, {"limit": "46"}, "deepgram 40, gpt-4o-mini 3, openai-tts 2", "45", "84"),
        # never below the accuracy asked for: gpt-4o is accurate, whisper stays
        (
            "premium_quality",
            HIGH,
            {"limit": "78"},
            "openai-whisper 50, gpt-4o 24, elevenlabs 4",
            "78",
            "51",
        ),
        ("premium_quality", HIGH, {"limit": "77"}, "openai-whisper 50, gpt-4o 24, openai-tts 2", "76", "53"),
        # nor to a model that is not adequate
        (
            "premium_quality",
            {},
            {"complexity": "HIGH", "limit": "77"},
            "deepgram 40, gpt-4o 24, elevenlabs 4",
            "68",
            "61",
        ),
        # an alternative that is down is passed over
        (
            "premium_quality",
            {},
            {"limit": "60", "unavailable": "GPT gpt-4o-mini"},
            "openai-whisper 50, claude-3-haiku 3, elevenlabs 4",
            "57",
            "72",
        ),
        # what accuracy made dearer is checked again: 77 fits no longer, 46 + 10 does
        (
            "balanced",
            HIGH,
            {"complexity": "LOW", "limit": "56"},
            "openai-whisper 50, gpt-4o-mini 3, cartesia 3",
            "56",
            "11",
        ),
    ],
)
def test_rule_5_makes_a_plan_fit(
    preset: str, override: dict[str, object], request_: dict[str, str], expected: str, total: str, saved: str
) -> None:
    selection = selected(PRESETS[preset].overridden_by(override), STT, TOKENS, TTS, **request_)
    assert ", ".join(f"{line.provider} {line.credits}" for line in selection.lines) == expected
    assert (str(selection.total), str(selection.saved)) == (total, saved)
    assert selection.within_limit


def test_the_smaller_of_both_limits_holds() -> None:
    configuration = PRESETS["balanced"].overridden_by({"max_credits_per_request": "66"})
    assert selected(configuration, STT, TOKENS, TTS).limit == Credits.whole(66)
    assert selected(configuration, STT, TOKENS, TTS, limit="1000").total == Credits.whole(46)
    assert selected(configuration, STT, TOKENS, TTS, limit="45").total == Credits.whole(45)


def test_the_steps_stand_in_the_order_in_which_they_were_taken() -> None:
    selection = selected(PRESETS["premium_quality"], STT, TOKENS, TTS, limit="56")
    assert (str(selection.requested_total), str(selection.total)) == ("129", "47")
    assert [(step.rule, step.from_provider, step.to_provider) for step in selection.steps] == [
        (SelectionRule.OVER_LIMIT, "gpt-4", "gpt-4o-mini"),
        (SelectionRule.OVER_LIMIT, "openai-whisper", "deepgram"),
    ]
    assert [step.reason for step in selection.steps] == [
        (
            "The plan costs 129 credits and the limit is 56: gpt-4o-mini serves at 3 credits, "
            "in place of gpt-4 at 75: 72 credits saved."
        ),
        (
            "The plan costs 57 credits and the limit is 56: deepgram serves at 40 credits, "
            "in place of openai-whisper at 50: 10 credits saved."
        ),
    ]
    assert [str(step.saved) for step in selection.steps] == ["72", "10"]


def test_one_provider_serves_all_needs_of_a_service_type() -> None:
    selection = selected(
        PRESETS["balanced"], "GPT 2000 INPUT_TOKENS", STT, "GPT 500 OUTPUT_TOKENS", complexity="LOW"
    )
    assert [(line.provider, str(line.quantity), str(line.credits)) for line in selection.lines] == [
        ("gpt-4o-mini", "2000", "2"),
        ("deepgram", "5", "40"),
        ("gpt-4o-mini", "500", "1"),
    ]
    gpt, _ = selection.decisions
    assert (gpt.positions, str(gpt.credits), str(gpt.requested_credits), str(gpt.saved)) == (
        (0, 2),
        "3",
        "20",
        "17",
    )
    assert [planned.provider for planned in selection.plan] == ["gpt-4o-mini", "deepgram", "gpt-4o-mini"]


def test_a_named_need_stands_beside_those_that_are_chosen() -> None:
    selection = selected(PRESETS["balanced"], TOKENS + " gpt-4o", TOKENS, complexity="LOW")
    assert served(selection) == ["GPT gpt-4o 24 NAMED", "GPT gpt-4o-mini 3 LOW_COMPLEXITY"]


def test_a_service_without_a_field_serves_as_named() -> None:
    card = parse_rate_card(
        'version = "sms"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 1\n'
        '[[rates]]\nservice_type = "SMS"\nprovider = "acme"\nunit_type = "MESSAGES"\nprice = "0.25"\n'
    )
    request = ServiceRequest((need("SMS 3 MESSAGES acme"),))
    selection = select(ServiceConfiguration(), request, card, built_in_catalogue())
    assert (served(selection), str(selection.total)) == (["SMS acme 0.8 NAMED"], "0.8")


def test_a_provider_that_the_catalogue_does_not_know_serves_but_is_never_substituted() -> None:
    text = (
        'version = "own"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 0\n'
        '[[rates]]\nservice_type = "VOICE_STT"\nprovider = "own-ears"\nunit_type = "MINUTES"\nprice = "1"\n'
        '[[rates]]\nservice_type = "VOICE_STT"\nprovider = "deepgram"\nunit_type = "MINUTES"\nprice = "8"\n'
    )
    card = parse_rate_card(text)
    request = ServiceRequest((need(STT),))
    own = ServiceConfiguration(stt_provider="own-ears")
    assert served(select(own, request, card, built_in_catalogue())) == ["VOICE_STT own-ears 5 AS_CONFIGURED"]
    (decision,) = select(ServiceConfiguration(), request, card, built_in_catalogue()).decisions
    assert decision.provider == "deepgram"
    assert [(one.provider, one.excluded_by) for one in decision.candidates if not one.chosen] == [
        ("openai-whisper", SelectionRule.NO_RATE),
        ("own-ears", SelectionRule.UNKNOWN_TO_CATALOGUE),
    ]


def test_what_the_request_costs_as_made_is_unknown_where_it_has_no_price() -> None:
    selection = selected(PRESETS["balanced"].overridden_by({"primary_ai_model": "gpt-6"}), TOKENS, STT)
    assert (selection.requested_total, selection.saved, str(selection.total)) == (None, None, "43")
    assert selection.decisions[0].saved is None


def test_the_record_says_what_it_was_made_from() -> None:
    selection = selected(PRESETS["balanced"], TOKENS, complexity="LOW", accuracy="HIGH")
    assert (selection.card_version, selection.catalogue_version) == ("2025-01-01", "2025-01-01")
    assert (selection.complexity, selection.accuracy, str(selection.limit)) == ("LOW", "HIGH", "75")


def test_no_needs_cost_nothing() -> None:
    selection = selected(PRESETS["balanced"])
    assert (selection.decisions, selection.total, selection.saved) == ((), Credits.ZERO, Credits.ZERO)


def test_a_plan_that_no_balance_could_hold_is_not_selected() -> None:
    most = f"{10**12 // 20 - 1}"
    with pytest.raises(AmountTooLarge):
        selected(PRESETS["premium_quality"], f"PHONE {most} MINUTES", "GPT 999999999999 TOKENS")
