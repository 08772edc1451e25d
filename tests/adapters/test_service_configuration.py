"""The four presets, field by field."""

import pytest

from adapters.service_configuration import ServicePresets, UnknownPreset

COST_OPTIMIZED = {
    "primary_ai_model": "gpt-4o-mini",
    "fallback_ai_model": None,
    "voice_enabled": True,
    "stt_provider": "deepgram",
    "tts_provider": "openai-tts",
    "phone_enabled": False,
    "phone_provider": "twilio",
    "vision_enabled": False,
    "vision_provider": "gpt-4o-mini",
    "cost_optimization": True,
    "max_credits_per_request": "50",
    "accuracy_requirement": "NORMAL",
}
BALANCED = {
    **COST_OPTIMIZED,
    "primary_ai_model": "gpt-4o",
    "fallback_ai_model": "gpt-4o-mini",
    "tts_provider": "cartesia",
    "max_credits_per_request": "75",
}
PREMIUM_QUALITY = {
    **COST_OPTIMIZED,
    "primary_ai_model": "gpt-4",
    "stt_provider": "openai-whisper",
    "tts_provider": "elevenlabs",
    "phone_enabled": True,
    "vision_provider": "gpt-4o",
    "cost_optimization": False,
    "max_credits_per_request": None,
}
EMERGENCY_SERVICES = {
    **COST_OPTIMIZED,
    "primary_ai_model": "gpt-4o",
    "stt_provider": "openai-whisper",
    "phone_enabled": True,
    "vision_enabled": True,
    "vision_provider": "gpt-4o",
    "cost_optimization": False,
    "max_credits_per_request": None,
    "accuracy_requirement": "HIGH",
}


def test_the_presets_have_their_values() -> None:
    assert ServicePresets.cost_optimized().to_mapping() == COST_OPTIMIZED
    assert ServicePresets.balanced().to_mapping() == BALANCED
    assert ServicePresets.premium_quality().to_mapping() == PREMIUM_QUALITY
    assert ServicePresets.emergency_services().to_mapping() == EMERGENCY_SERVICES


def test_presets_are_found_by_name() -> None:
    assert ServicePresets.names() == ("cost_optimized", "balanced", "premium_quality", "emergency_services")
    assert ServicePresets.by_name("balanced") == ServicePresets.balanced()
    assert {name: ServicePresets.by_name(name).to_mapping() for name in ServicePresets.names()} == {
        "cost_optimized": COST_OPTIMIZED,
        "balanced": BALANCED,
        "premium_quality": PREMIUM_QUALITY,
        "emergency_services": EMERGENCY_SERVICES,
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cost_optimised", "There is no preset 'cost_optimised'. Did you mean 'cost_optimized'?"),
        ("", "There is no preset ''. Known: cost_optimized, balanced, premium_quality, emergency_services."),
        ("names", "There is no preset 'names'. Known: "),
    ],
)
def test_an_unknown_preset_is_refused(name: str, message: str) -> None:
    with pytest.raises(UnknownPreset) as refusal:
        ServicePresets.by_name(name)
    assert str(refusal.value).startswith(message)
