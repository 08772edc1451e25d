"""What is refused, and what the refusal says would help."""

import pytest

from pricing.catalogue import built_in_catalogue
from pricing.configuration import ServiceConfiguration
from pricing.credits import Credits
from pricing.rate_card_file import parse_rate_card
from pricing.selection import (
    NothingServes,
    OverLimit,
    ProviderUnnamed,
    SelectionRefused,
    SelectionRule,
    ServiceDisabled,
    ServiceRequest,
    select,
)
from pricing.units import ServiceType
from tests.pricing.selections import HIGH, PHONE, PRESETS, STT, TOKENS, TTS, VISION, need, selected

PREMIUM = PRESETS["premium_quality"].overridden_by({"max_credits_per_request": 60})


@pytest.mark.parametrize(
    ("override", "needs", "services", "fields"),
    [
        ({}, (PHONE,), [ServiceType.PHONE], ["phone_enabled"]),
        ({}, (VISION,), [ServiceType.VISION], ["vision_enabled"]),
        ({"voice_enabled": False}, (TOKENS, STT), [ServiceType.VOICE_STT], ["voice_enabled"]),
        ({"voice_enabled": False}, (TTS,), [ServiceType.VOICE_TTS], ["voice_enabled"]),
        ({}, (PHONE + " twilio",), [ServiceType.PHONE], ["phone_enabled"]),
        (
            {},
            (VISION, TOKENS, PHONE, PHONE),
            [ServiceType.VISION, ServiceType.PHONE],
            ["vision_enabled", "phone_enabled"],
        ),
    ],
)
def test_rule_1_refuses_disabled_services_by_name(
    override: dict[str, object], needs: tuple[str, ...], services: list[ServiceType], fields: list[str]
) -> None:
    with pytest.raises(ServiceDisabled) as refused:
        selected(PRESETS["balanced"].overridden_by(override), *needs)
    assert (list(refused.value.services), list(refused.value.fields)) == (services, fields)


def test_a_disabled_service_is_refused_before_anything_else_is_looked_at() -> None:
    with pytest.raises(ServiceDisabled) as refused:
        selected(PRESETS["balanced"], PHONE, "SMS 1 MESSAGES", TOKENS, limit="0")
    assert (
        str(refused.value) == "PHONE is disabled: set phone_enabled to true, or leave it out of the request."
    )


def test_a_service_without_a_field_needs_a_provider_from_the_request() -> None:
    with pytest.raises(ProviderUnnamed) as refused:
        selected(PRESETS["balanced"], "SMS 1 MESSAGES")
    assert refused.value.service_type is ServiceType.SMS
    assert str(refused.value) == (
        "No configuration chooses a provider of SMS: name one in the request. The rate card has none."
    )


def test_nothing_serves_where_every_fallback_is_down_too() -> None:
    with pytest.raises(NothingServes) as refused:
        selected(PRESETS["balanced"], STT, unavailable="VOICE_STT deepgram,VOICE_STT openai-whisper")
    assert (refused.value.service_type, refused.value.provider) == (ServiceType.VOICE_STT, "deepgram")
    assert [
        (one.provider, str(one.estimate), one.chosen, one.excluded_by) for one in refused.value.candidates
    ] == [
        ("deepgram", "40", False, SelectionRule.UNAVAILABLE),
        ("openai-whisper", "50", False, SelectionRule.UNAVAILABLE),
    ]
    assert str(refused.value) == (
        "Nothing serves VOICE_STT in place of deepgram. "
        "deepgram is marked unavailable. openai-whisper is marked unavailable."
    )


@pytest.mark.parametrize(
    ("needs", "unavailable", "candidates"),
    [
        (PHONE, "PHONE twilio", [("twilio", "100", SelectionRule.UNAVAILABLE)]),
        ("PHONE 5 MESSAGES", "", [("twilio", "None", SelectionRule.NO_RATE)]),
        # a provider that the request names has no fallback
        (
            TTS + " openai-tts",
            "VOICE_TTS openai-tts",
            [
                ("openai-tts", "2", SelectionRule.UNAVAILABLE),
                ("cartesia", "3", SelectionRule.UNAVAILABLE),
                ("elevenlabs", "4", SelectionRule.UNAVAILABLE),
            ],
        ),
        # nor has one that nobody knows
        (
            STT + " own-ears",
            "",
            [
                ("deepgram", "40", SelectionRule.NAMED),
                ("openai-whisper", "50", SelectionRule.NAMED),
                ("own-ears", "None", SelectionRule.NO_RATE),
            ],
        ),
    ],
)
def test_nothing_serves_where_there_is_no_fallback(
    needs: str, unavailable: str, candidates: list[tuple[str, str, SelectionRule]]
) -> None:
    down = unavailable if "TTS" not in needs else f"{unavailable},VOICE_TTS cartesia,VOICE_TTS elevenlabs"
    with pytest.raises(NothingServes) as refused:
        selected(PRESETS["premium_quality"], needs, unavailable=down)
    assert [
        (one.provider, str(one.estimate), one.excluded_by) for one in refused.value.candidates
    ] == candidates


def test_a_provider_that_is_no_fallback_is_told_so() -> None:
    configuration = PRESETS["premium_quality"].overridden_by({"tts_provider": "own-voice"})
    with pytest.raises(NothingServes) as refused:
        selected(configuration, TTS)
    assert refused.value.candidates[0].reason == "openai-tts is no fallback of own-voice."


def test_a_named_provider_that_is_down_is_told_first_and_then_who_else_could_be_named() -> None:
    with pytest.raises(NothingServes) as refused:
        selected(PRESETS["balanced"], TOKENS + " gpt-4o", unavailable="GPT gpt-4o")
    # gpt-4o-mini is its fallback, and would serve if the request named nobody.
    assert str(refused.value) == (
        "Nothing serves GPT in place of gpt-4o. gpt-4o is marked unavailable. The request names gpt-4o, and "
        "no other takes its place. Name one that serves: gpt-4o-mini, claude-3-haiku, gpt-4."
    )


def test_the_premium_agent_with_60_credits_runs_on_a_small_model() -> None:
    selection = selected(PREMIUM, STT, TOKENS, TTS)
    assert [(line.provider, str(line.credits)) for line in selection.lines] == [
        ("openai-whisper", "50"),
        ("gpt-4o-mini", "3"),
        ("elevenlabs", "4"),
    ]
    assert (str(selection.requested_total), str(selection.total), str(selection.saved)) == ("129", "57", "72")
    assert [step.reason for step in selection.steps] == [
        "The plan costs 129 credits and the limit is 60: gpt-4o-mini serves at 3 credits, in place of gpt-4 at 75: 72 credits saved."
    ]


def test_it_is_refused_where_it_insists_on_accuracy_and_told_what_fits() -> None:
    with pytest.raises(OverLimit) as refused:
        selected(PREMIUM, STT, TOKENS, TTS, accuracy="HIGH")
    over = refused.value
    # 50 + 75 + 4 as wanted; gpt-4o and openai-tts are accurate enough: 50 + 24 + 2
    assert (str(over.limit), str(over.estimate), str(over.allowed.total)) == ("60", "129", "76")
    assert (str(over.short_by), str(over.least_top_up)) == ("69", "16")
    assert over.offer is not None
    assert [(line.provider, str(line.credits)) for line in over.offer.lines] == [
        ("deepgram", "40"),
        ("gpt-4o-mini", "3"),
        ("openai-tts", "2"),
    ]
    assert [
        (trade.from_provider, trade.to_provider, str(trade.saved)) for trade in over.offer.trade_offs
    ] == [
        ("openai-whisper", "deepgram", "10"),
        ("gpt-4", "gpt-4o-mini", "72"),
        ("elevenlabs", "openai-tts", "2"),
    ]
    assert [trade.sentence for trade in over.offer.trade_offs] == [
        "deepgram in place of openai-whisper saves 10 credits; it is of NORMAL accuracy where HIGH is asked for, of NORMAL quality, not HIGH.",
        "gpt-4o-mini in place of gpt-4 saves 72 credits; it is of NORMAL accuracy where HIGH is asked for, of NORMAL quality, not HIGH.",
        "openai-tts in place of elevenlabs saves 2 credits; it is of NORMAL quality, not HIGH.",
    ]
    # 46% of everything: 2.301 minutes would be 24 credits already
    assert [f"{line.quantity} {line.credits}" for line in over.fitting] == ["2.3 23", "1380 35", "920 2"]
    assert str(over).startswith(
        "The plan costs 129 credits, 69 over the limit of 60; with the cheaper providers that the request "
        "allows, 76. This fits, at 45 credits: 5 MINUTES of VOICE_STT by deepgram, 3000 TOKENS of GPT by "
        "gpt-4o-mini, 2000 CHARACTERS of VOICE_TTS by openai-tts. deepgram in place of openai-whisper saves"
    )


def test_what_a_refusal_offers_is_served_when_it_is_taken() -> None:
    with pytest.raises(OverLimit) as refused:
        selected(PREMIUM, STT, TOKENS, TTS, accuracy="HIGH")
    assert refused.value.offer is not None
    taken = [
        f"{line.service_type} {line.quantity} {line.quantity.unit_type} {line.provider}"
        for line in refused.value.offer.lines
    ]
    assert str(selected(PREMIUM, *taken, accuracy="HIGH").total) == "45"
    topped_up = PREMIUM.overridden_by({"max_credits_per_request": "76"})
    assert str(selected(topped_up, STT, TOKENS, TTS, accuracy="HIGH").total) == "76"


def test_an_inadequate_model_is_a_trade_off() -> None:
    with pytest.raises(OverLimit) as refused:
        selected(PREMIUM, STT, TOKENS, TTS, complexity="HIGH")
    assert str(refused.value.allowed.total) == "66"
    assert refused.value.cheapest.trade_offs[1].sentence == (
        "gpt-4o-mini in place of gpt-4 saves 72 credits; it is not adequate for HIGH complexity, "
        "of NORMAL accuracy, not HIGH, of NORMAL quality, not HIGH."
    )


def test_where_no_plan_fits_a_share_of_the_wanted_one_does() -> None:
    with pytest.raises(OverLimit) as refused:
        selected(PREMIUM, STT, TOKENS, TTS, limit="20")
    over = refused.value
    assert (over.offer, str(over.cheapest.total), str(over.short_by), str(over.least_top_up)) == (
        None,
        "45",
        "109",
        "25",
    )
    assert str(over) == (
        "The plan costs 129 credits, 109 over the limit of 20; with the cheaper providers that the request "
        "allows, 45. This much of it fits: 0.734 MINUTES of VOICE_STT by openai-whisper, 440 TOKENS of GPT by "
        "gpt-4, 293 CHARACTERS of VOICE_TTS by elevenlabs."
    )


def test_a_limit_of_nothing_fits_nothing() -> None:
    with pytest.raises(OverLimit) as refused:
        selected(PREMIUM, TOKENS, limit="0")
    assert (refused.value.fitting, refused.value.offer) == ((), None)
    assert str(refused.value).endswith("allows, 3. No part of it fits.")


def test_a_named_provider_and_a_phone_line_are_not_made_cheaper() -> None:
    with pytest.raises(OverLimit) as refused:
        selected(PREMIUM, PHONE, TOKENS + " gpt-4")
    assert refused.value.cheapest.trade_offs == ()
    assert [f"{line.quantity} {line.credits}" for line in refused.value.fitting] == ["1.7 34", "1020 26"]


def test_the_configured_fallback_is_passed_over_where_it_is_not_accurate_enough() -> None:
    configuration = PRESETS["balanced"].overridden_by({**HIGH, "max_credits_per_request": 23})
    with pytest.raises(OverLimit) as refused:
        selected(configuration, TOKENS)
    assert str(refused.value.allowed.total) == "24"


def test_a_fallback_that_the_catalogue_does_not_know_serves_unless_high_accuracy_is_asked_for() -> None:
    text = 'version = "own"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 0\n'
    for provider, price in (("gpt-4o", 8), ("own-model", 2)):
        text += f'[[rates]]\nservice_type = "GPT"\nprovider = "{provider}"\nunit_type = "TOKENS"\nper = 1000\nprice = {price}\n'
    configuration = ServiceConfiguration(
        primary_ai_model="gpt-4o", fallback_ai_model="own-model", max_credits_per_request=Credits.whole(10)
    )
    request = ServiceRequest((need(TOKENS),))
    (decision,) = select(configuration, request, parse_rate_card(text), built_in_catalogue()).decisions
    assert (decision.provider, decision.rule, str(decision.credits)) == (
        "own-model",
        SelectionRule.OVER_LIMIT_FALLBACK,
        "6",
    )
    accurate = configuration.overridden_by(HIGH)
    with pytest.raises(OverLimit):
        select(accurate, request, parse_rate_card(text), built_in_catalogue())


def test_every_refusal_is_of_one_family() -> None:
    assert all(
        issubclass(kind, SelectionRefused)
        for kind in (ServiceDisabled, ProviderUnnamed, NothingServes, OverLimit)
    )
