"""The configuration an agent ends up with: adapter or preset, then its own override."""

import pytest

from adapters.emergency_services import EmergencyServicesAdapter, EmergencySettings
from adapters.language_learning import LanguageLearningAdapter, LanguageSettings
from adapters.registry import UnknownAdapter
from adapters.resolution import FieldOrigin, field_origins, resolve_service_configuration
from adapters.service_configuration import ServicePresets, UnknownPreset
from pricing.configuration import InvalidConfiguration
from pricing.credits import Credits


def test_emergency_services_take_their_preset_and_settings() -> None:
    adapter = EmergencyServicesAdapter({"emergency_type": "medical", "location": "Köln"})
    assert adapter.settings == EmergencySettings(emergency_type="medical", location="Köln")
    assert adapter.get_service_configuration() == ServicePresets.emergency_services()
    assert EmergencyServicesAdapter().settings.emergency_type is None


def test_language_learning_has_its_own_configuration_and_settings() -> None:
    adapter = LanguageLearningAdapter({"target_language": "de", "proficiency_level": "B1"})
    assert adapter.settings == LanguageSettings(target_language="de", proficiency_level="B1")
    assert adapter.get_service_configuration().to_mapping() == {
        "primary_ai_model": "gpt-4o-mini",
        "fallback_ai_model": "claude-3-haiku",
        "voice_enabled": True,
        "stt_provider": "deepgram",
        "tts_provider": "cartesia",
        "phone_enabled": False,
        "phone_provider": "twilio",
        "vision_enabled": True,
        "vision_provider": "gpt-4o-mini",
        "cost_optimization": True,
        "max_credits_per_request": "75",
        "accuracy_requirement": "NORMAL",
    }


def test_an_agent_overrides_its_adapter_field_by_field() -> None:
    custom_settings = {
        "target_language": "de",
        "service_configuration": {"primary_ai_model": "gpt-4o", "max_credits_per_request": "80"},
    }
    resolved = resolve_service_configuration("languagelearning", custom_settings)
    assert resolved.to_mapping() == {
        **LanguageLearningAdapter().get_service_configuration().to_mapping(),
        "primary_ai_model": "gpt-4o",
        "max_credits_per_request": "80",
    }


def test_a_preset_stands_in_for_the_adapters_configuration_and_is_overridden_too() -> None:
    custom_settings = {"location": "Köln", "service_configuration": {"max_credits_per_request": None}}
    resolved = resolve_service_configuration("emergencyservices", custom_settings, preset="balanced")
    assert resolved.to_mapping() == {
        **ServicePresets.balanced().to_mapping(),
        "max_credits_per_request": None,
    }
    assert ServicePresets.balanced().max_credits_per_request == Credits.whole(75)


@pytest.mark.parametrize(
    "custom_settings", [None, {}, {"service_configuration": None}, {"service_configuration": {}}]
)
def test_without_an_override_the_adapters_configuration_stands(
    custom_settings: dict[str, object] | None,
) -> None:
    resolved = resolve_service_configuration("emergencyservices", custom_settings)
    assert resolved == ServicePresets.emergency_services()


@pytest.mark.parametrize(
    ("custom_settings", "field", "message"),
    [
        ({"locatoin": "Köln"}, "locatoin", "locatoin: there is no such setting. Did you mean 'location'?"),
        ({"target_language": "de"}, "target_language", "target_language: there is no such setting."),
        ({"location": 7}, "location", "location: Input should be a valid string."),
        ({"location": "x" * 101}, "location", "location: a name has 1 to 100 characters, not 101."),
        ({"emergency_type": "\x07"}, "emergency_type", "emergency_type: '\\x07' has a control character"),
        ({"service_configuration": []}, "service_configuration", "service_configuration: write an object"),
        ({"service_configuration": {"phone": True}}, "phone", "phone: there is no such field."),
        (
            {"service_configuration": {"phone_enabled": 1}},
            "phone_enabled",
            "phone_enabled: write true or false.",
        ),
    ],
)
def test_wrong_settings_are_refused_by_name(
    custom_settings: dict[str, object], field: str, message: str
) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        resolve_service_configuration("emergencyservices", custom_settings)
    assert refusal.value.field == field
    assert str(refusal.value).startswith(message)


def test_settings_are_checked_also_where_a_preset_stands_in() -> None:
    with pytest.raises(InvalidConfiguration, match="there is no such setting"):
        resolve_service_configuration("emergencyservices", {"locatoin": "Köln"}, preset="balanced")


def test_unknown_adapters_and_presets_are_refused() -> None:
    with pytest.raises(UnknownAdapter):
        resolve_service_configuration("emergency", None)
    with pytest.raises(UnknownPreset):
        resolve_service_configuration("emergencyservices", None, preset="cheap")


@pytest.mark.parametrize(
    ("preset", "else_from"), [(None, FieldOrigin.ADAPTER), ("balanced", FieldOrigin.PRESET)]
)
@pytest.mark.parametrize(
    ("custom_settings", "own"),
    [
        (None, set()),
        ({"location": "Köln", "service_configuration": None}, set()),
        (
            {"service_configuration": {"primary_ai_model": "gpt-4", "phone_enabled": True}},
            {"primary_ai_model", "phone_enabled"},
        ),
    ],
)
def test_each_field_has_its_origin(
    preset: str | None, else_from: FieldOrigin, custom_settings: dict[str, object] | None, own: set[str]
) -> None:
    configuration = resolve_service_configuration("emergencyservices", custom_settings, preset)
    assert field_origins(configuration, custom_settings, preset) == {
        field: FieldOrigin.AGENT if field in own else else_from for field in configuration.to_mapping()
    }
