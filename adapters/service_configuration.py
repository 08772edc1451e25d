"""The ready-made service configurations, by name."""

from pricing.configuration import AccuracyRequirement, ServiceConfiguration
from pricing.credits import Credits
from pricing.names import did_you_mean


class UnknownPreset(LookupError):  # noqa: N818 - named for the state, as every refusal here
    """No preset has that name; the message says which there are."""


class ServicePresets:
    """Four service configurations, from the cheapest to the one that lives depend on."""

    @staticmethod
    def cost_optimized() -> ServiceConfiguration:
        """Return the cheapest: small model, deepgram, openai-tts, at most 50 credits a request."""
        return ServiceConfiguration(
            primary_ai_model="gpt-4o-mini",
            stt_provider="deepgram",
            tts_provider="openai-tts",
            cost_optimization=True,
            max_credits_per_request=Credits.whole(50),
        )

    @staticmethod
    def balanced() -> ServiceConfiguration:
        """Return a better model with a cheap fallback, at most 75 credits a request."""
        return ServiceConfiguration(
            primary_ai_model="gpt-4o",
            fallback_ai_model="gpt-4o-mini",
            stt_provider="deepgram",
            tts_provider="cartesia",
            cost_optimization=True,
            max_credits_per_request=Credits.whole(75),
        )

    @staticmethod
    def premium_quality() -> ServiceConfiguration:
        """Return the best model and voices, with phone, at any cost."""
        return ServiceConfiguration(
            primary_ai_model="gpt-4",
            stt_provider="openai-whisper",
            tts_provider="elevenlabs",
            phone_enabled=True,
            phone_provider="twilio",
            vision_provider="gpt-4o",
            cost_optimization=False,
        )

    @staticmethod
    def emergency_services() -> ServiceConfiguration:
        """Return everything enabled, accuracy and speed first, at any cost."""
        return ServiceConfiguration(
            primary_ai_model="gpt-4o",
            stt_provider="openai-whisper",
            tts_provider="openai-tts",
            phone_enabled=True,
            phone_provider="twilio",
            vision_enabled=True,
            vision_provider="gpt-4o",
            cost_optimization=False,
            accuracy_requirement=AccuracyRequirement.HIGH,
        )

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the presets' names, cheapest first."""
        return tuple(_PRESETS)

    @staticmethod
    def by_name(name: str) -> ServiceConfiguration:
        """Return the preset of that name; UnknownPreset names the nearest, or all."""
        if name not in _PRESETS:
            raise UnknownPreset(f"There is no preset {name[:100]!r}. {did_you_mean(name, _PRESETS)}")
        return _PRESETS[name]()


_PRESETS = {
    "cost_optimized": ServicePresets.cost_optimized,
    "balanced": ServicePresets.balanced,
    "premium_quality": ServicePresets.premium_quality,
    "emergency_services": ServicePresets.emergency_services,
}
