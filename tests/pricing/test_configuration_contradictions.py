"""Overrides that contradict themselves, and providers that nobody knows: the field and the fix are named."""

import pytest

from adapters.service_configuration import ServicePresets
from pricing.catalogue import built_in_catalogue
from pricing.configuration import InvalidConfiguration, ServiceConfiguration, refuse_unknown_providers
from pricing.rate_card_file import built_in_rate_card, parse_rate_card
from pricing.units import ServiceType


@pytest.mark.parametrize(
    ("override", "field", "message"),
    [
        (
            {"voice_enabled": False, "tts_provider": "cartesia"},
            "tts_provider",
            "tts_provider: voice_enabled is false: set it to true, or leave tts_provider out.",
        ),
        (
            {"stt_provider": "deepgram", "voice_enabled": False},
            "stt_provider",
            "stt_provider: voice_enabled is false: set it to true, or leave stt_provider out.",
        ),
        (
            {"phone_enabled": False, "phone_provider": "twilio"},
            "phone_provider",
            "phone_provider: phone_enabled is false: set it to true, or leave phone_provider out.",
        ),
        (
            {"vision_enabled": False, "vision_provider": "gpt-4o"},
            "vision_provider",
            "vision_provider: vision_enabled is false: set it to true, or leave vision_provider out.",
        ),
        (
            {"primary_ai_model": "gpt-4o", "fallback_ai_model": "gpt-4o"},
            "fallback_ai_model",
            "fallback_ai_model: it is the primary model itself: name another, or null for none.",
        ),
    ],
)
def test_one_override_does_not_contradict_itself(
    override: dict[str, object], field: str, message: str
) -> None:
    for read in (ServiceConfiguration.parse, ServicePresets.emergency_services().overridden_by):
        with pytest.raises(InvalidConfiguration) as refused:
            read(override)
        assert (refused.value.field, str(refused.value)) == (field, message)


@pytest.mark.parametrize(
    "override",
    [
        {"voice_enabled": False},
        {"voice_enabled": False, "stt_provider": None, "tts_provider": None},
        {"phone_enabled": False, "stt_provider": "openai-whisper"},
        {"phone_provider": "twilio"},  # the agent's base may have the phone off: not this override's word
        {"fallback_ai_model": "gpt-4o-mini"},
    ],
)
def test_what_other_layers_say_is_no_contradiction(override: dict[str, object]) -> None:
    changed = ServicePresets.cost_optimized().overridden_by(override).to_mapping()
    assert changed == {**ServicePresets.cost_optimized().to_mapping(), **override}


@pytest.mark.parametrize("preset", ServicePresets.names())
def test_whole_settings_name_providers_also_of_services_that_are_off(preset: str) -> None:
    configuration = ServicePresets.by_name(preset)
    assert ServiceConfiguration.parse(configuration.to_mapping()) == configuration


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            {"primary_ai_model": "gpt4o"},
            "primary_ai_model: there is no GPT provider 'gpt4o'. Did you mean 'gpt-4o'?",
        ),
        (
            {"fallback_ai_model": "claude-haiku"},
            "fallback_ai_model: there is no GPT provider 'claude-haiku'. Did you mean 'claude-3-haiku'?",
        ),
        (
            {"stt_provider": "whisper"},
            "stt_provider: there is no VOICE_STT provider 'whisper'. Did you mean 'openai-whisper'?",
        ),
        (
            {"tts_provider": "zzz"},
            "tts_provider: there is no VOICE_TTS provider 'zzz'. Known: openai-tts, cartesia, elevenlabs.",
        ),
        (
            {"phone_enabled": True, "phone_provider": "twillio"},
            "phone_provider: there is no PHONE provider 'twillio'. Did you mean 'twilio'?",
        ),
        (
            {"vision_enabled": True, "vision_provider": "gpt-4"},
            "vision_provider: there is no VISION provider 'gpt-4'. Did you mean 'gpt-4o'?",
        ),
    ],
)
def test_an_unknown_provider_is_refused_with_the_nearest_right_name(
    override: dict[str, object], message: str
) -> None:
    configuration = ServiceConfiguration.parse(override)
    with pytest.raises(InvalidConfiguration) as refused:
        refuse_unknown_providers(configuration, built_in_rate_card(), built_in_catalogue())
    assert str(refused.value) == message
    assert refused.value.field in override


def test_a_provider_that_only_the_card_or_only_the_catalogue_knows_is_known() -> None:
    card = parse_rate_card(
        'version = "own"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 0\n'
        '[[rates]]\nservice_type = "GPT"\nprovider = "own-model"\nunit_type = "TOKENS"\nprice = "1"\n'
    )
    configuration = ServiceConfiguration(primary_ai_model="own-model", fallback_ai_model="gpt-4o")
    refuse_unknown_providers(configuration, card, built_in_catalogue())


def test_the_provider_of_a_service_that_is_off_may_be_unknown() -> None:
    configuration = ServiceConfiguration(phone_provider="carrier", voice_enabled=False, stt_provider="ears")
    refuse_unknown_providers(configuration, built_in_rate_card(), built_in_catalogue())


def test_a_configuration_tells_who_serves_and_what_switches_it_off() -> None:
    configuration = ServicePresets.cost_optimized()
    told = {
        service_type: (configuration.provider_of(service_type), configuration.disabled_by(service_type))
        for service_type in (ServiceType.GPT, ServiceType.VOICE_STT, ServiceType.PHONE, ServiceType.SMS)
    }
    assert told == {
        ServiceType.GPT: ("gpt-4o-mini", None),
        ServiceType.VOICE_STT: ("deepgram", None),
        ServiceType.PHONE: ("twilio", "phone_enabled"),
        ServiceType.SMS: (None, None),
    }
