"""Language learning: long, friendly, inexpensive conversations."""

from typing import ClassVar

from pydantic import BaseModel

from adapters.base import AdapterSettings, BusinessAdapter, SettingText
from pricing.configuration import ServiceConfiguration
from pricing.credits import Credits


class LanguageSettings(AdapterSettings):
    """Which language, and how well the learner speaks it."""

    target_language: SettingText | None = None
    proficiency_level: SettingText | None = None


class LanguageLearningAdapter(BusinessAdapter):
    """Voice lessons with pictures, kept cheap."""

    name: ClassVar[str] = "languagelearning"
    settings_model: ClassVar[type[BaseModel]] = LanguageSettings
    settings: LanguageSettings

    def get_service_configuration(self) -> ServiceConfiguration:
        """Return small models, cartesia and deepgram, vision, at most 75 credits a request."""
        return ServiceConfiguration(
            primary_ai_model="gpt-4o-mini",
            fallback_ai_model="claude-3-haiku",
            stt_provider="deepgram",
            tts_provider="cartesia",
            phone_enabled=False,
            vision_enabled=True,
            vision_provider="gpt-4o-mini",
            cost_optimization=True,
            max_credits_per_request=Credits.whole(75),
        )
