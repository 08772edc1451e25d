"""The service configuration: defaults, parsing, overriding, and what is said about wrong settings."""

import json

import pytest

from pricing.configuration import AccuracyRequirement, InvalidConfiguration, ServiceConfiguration
from pricing.credits import Credits

EVERY_FIELD: dict[str, object] = {
    "primary_ai_model": "gpt-4o",
    "fallback_ai_model": "gpt-4o-mini",
    "voice_enabled": False,
    "stt_provider": "openai-whisper",
    "tts_provider": None,
    "phone_enabled": True,
    "phone_provider": "twilio",
    "vision_enabled": True,
    "vision_provider": "gpt-4o",
    "cost_optimization": False,
    "max_credits_per_request": "75.5",
    "accuracy_requirement": "HIGH",
}


def test_the_defaults() -> None:
    assert ServiceConfiguration.parse({}) == ServiceConfiguration(
        primary_ai_model="gpt-4o-mini",
        fallback_ai_model=None,
        voice_enabled=True,
        stt_provider="deepgram",
        tts_provider="openai-tts",
        phone_enabled=False,
        phone_provider="twilio",
        vision_enabled=False,
        vision_provider="gpt-4o-mini",
        cost_optimization=True,
        max_credits_per_request=None,
        accuracy_requirement=AccuracyRequirement.NORMAL,
    )


def test_every_field_goes_there_and_back_as_json() -> None:
    configuration = ServiceConfiguration.parse(EVERY_FIELD)
    assert configuration.max_credits_per_request == Credits.parse("75.5")
    assert configuration.accuracy_requirement is AccuracyRequirement.HIGH
    assert json.loads(json.dumps(configuration.to_mapping())) == EVERY_FIELD
    assert ServiceConfiguration.parse(configuration.to_mapping()) == configuration
    assert ServiceConfiguration().to_mapping()["max_credits_per_request"] is None


def test_an_override_changes_the_fields_it_names_and_no_other() -> None:
    configuration = ServiceConfiguration.parse(EVERY_FIELD)
    overridden = configuration.overridden_by({"fallback_ai_model": None, "max_credits_per_request": 10})
    assert overridden.to_mapping() == {
        **EVERY_FIELD,
        "fallback_ai_model": None,
        "max_credits_per_request": "10",
    }
    assert configuration.to_mapping() == EVERY_FIELD


@pytest.mark.parametrize(
    ("value", "limit"),
    [
        (None, None),
        ("0", Credits.ZERO),
        (50, Credits.whole(50)),
        ("0.5", Credits(500_000)),
        (Credits(7), Credits(7)),
    ],
)
def test_the_limit_is_exact(value: object, limit: Credits | None) -> None:
    assert ServiceConfiguration.parse({"max_credits_per_request": value}).max_credits_per_request == limit


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "primary_ai_modle",
            "gpt-4o",
            "primary_ai_modle: there is no such field. Did you mean 'primary_ai_model'?",
        ),
        (
            "primaryAiModel",
            "gpt-4o",
            "primaryAiModel: there is no such field. Did you mean 'primary_ai_model'?",
        ),
        ("primary_ai_model", None, "primary_ai_model: write a name as text."),
        ("primary_ai_model", 4, "primary_ai_model: write a name as text."),
        ("primary_ai_model", "", "primary_ai_model: a name has 1 to 100 characters, not 0."),
        ("fallback_ai_model", "m" * 101, "fallback_ai_model: a name has 1 to 100 characters, not 101."),
        ("stt_provider", "deep\x00gram", "stt_provider: 'deep\\x00gram' has a control character: remove it."),
        ("voice_enabled", "true", "voice_enabled: write true or false."),
        ("cost_optimization", 1, "cost_optimization: write true or false."),
        ("vision_enabled", None, "vision_enabled: write true or false."),
        ("max_credits_per_request", 50.0, "max_credits_per_request: write credits as text"),
        ("max_credits_per_request", True, "max_credits_per_request: write credits as text"),
        ("max_credits_per_request", -1, "max_credits_per_request: write 0 or more credits"),
        ("max_credits_per_request", 10**12, "max_credits_per_request: write 0 or more credits"),
        ("max_credits_per_request", "-1", "max_credits_per_request: '-1' is not a plain decimal number"),
        ("max_credits_per_request", "1e3", "max_credits_per_request: '1e3' is not a plain decimal number"),
        ("accuracy_requirement", "high", "accuracy_requirement: write one of LOW, NORMAL, HIGH."),
        ("accuracy_requirement", [], "accuracy_requirement: write one of LOW, NORMAL, HIGH."),
        ("stt_provider", None, "stt_provider: name a provider, or set voice_enabled to false."),
    ],
)
def test_a_wrong_field_is_named_with_its_fix(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        ServiceConfiguration.parse({field: value})
    assert refusal.value.field == field
    assert str(refusal.value).startswith(message)


def test_an_enabled_service_needs_a_provider_also_after_an_override() -> None:
    without_phone = ServiceConfiguration.parse({"phone_provider": None})
    with pytest.raises(
        InvalidConfiguration, match="phone_provider: name a provider, or set phone_enabled to false"
    ):
        without_phone.overridden_by({"phone_enabled": True})
    assert without_phone.overridden_by({"phone_enabled": True, "phone_provider": "twilio"}).phone_enabled
