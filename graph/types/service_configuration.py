"""Service configurations: which models and providers may serve, and where each field comes from."""

from collections.abc import Mapping
from typing import Self

import strawberry

from adapters.resolution import FieldOrigin
from pricing.configuration import AccuracyRequirement
from pricing.configuration import ServiceConfiguration as Configuration
from pricing.credits import Credits


@strawberry.type(
    name="ServiceConfigurationOrigin", description="Where a field of a service configuration comes from."
)
class ConfigurationOrigin:
    """Where a field of a service configuration comes from."""

    field: str = strawberry.field(description="The field as agents store it, e.g. `primary_ai_model`.")
    origin: FieldOrigin = strawberry.field(description="Where its value comes from.")


@strawberry.type(description="Which models and providers may serve, and the cost rules.")
class ServiceConfiguration:
    """Which models and providers may serve, and the cost rules."""

    primary_ai_model: str = strawberry.field(description="The language model.")
    fallback_ai_model: str | None = strawberry.field(
        description="The model to take where the first will not do."
    )
    voice_enabled: bool = strawberry.field(
        description="Whether speech to text and text to speech may be used."
    )
    stt_provider: str | None = strawberry.field(description="Who turns speech into text.")
    tts_provider: str | None = strawberry.field(description="Who turns text into speech.")
    phone_enabled: bool = strawberry.field(description="Whether phone calls may be made.")
    phone_provider: str | None = strawberry.field(description="Who carries phone calls.")
    vision_enabled: bool = strawberry.field(description="Whether images may be understood.")
    vision_provider: str | None = strawberry.field(description="Which model understands images.")
    cost_optimization: bool = strawberry.field(description="Whether cheaper adequate services are preferred.")
    max_credits_per_request: Credits | None = strawberry.field(
        description="The most that one request may cost; null is no limit."
    )
    accuracy_requirement: AccuracyRequirement = strawberry.field(description="How accurate services must be.")
    origins: list[ConfigurationOrigin] = strawberry.field(
        description="Of each field, where its value comes from."
    )

    @classmethod
    def of(cls, configuration: Configuration, origins: Mapping[str, FieldOrigin]) -> Self:
        """Show a configuration and where its fields come from."""
        return cls(
            primary_ai_model=configuration.primary_ai_model,
            fallback_ai_model=configuration.fallback_ai_model,
            voice_enabled=configuration.voice_enabled,
            stt_provider=configuration.stt_provider,
            tts_provider=configuration.tts_provider,
            phone_enabled=configuration.phone_enabled,
            phone_provider=configuration.phone_provider,
            vision_enabled=configuration.vision_enabled,
            vision_provider=configuration.vision_provider,
            cost_optimization=configuration.cost_optimization,
            max_credits_per_request=configuration.max_credits_per_request,
            accuracy_requirement=configuration.accuracy_requirement,
            origins=[ConfigurationOrigin(field=field, origin=origin) for field, origin in origins.items()],
        )
