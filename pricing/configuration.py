"""The service configuration: which models and providers may serve an agent, and its cost rules."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from pricing.catalogue import Catalogue
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS, MICROS
from pricing.names import LONGEST_NAME, did_you_mean, name_from_text
from pricing.rate_card import RateCard
from pricing.units import ServiceType


class AccuracyRequirement(StrEnum):
    """How accurate the services must be; accuracy beats cost."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"


class InvalidConfiguration(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """Settings that cannot be used; `field` is the one at fault, and the message names it and the `fix`."""

    def __init__(self, field: str, fix: str) -> None:
        super().__init__(f"{field[:LONGEST_NAME]}: {fix}")
        self.field = field
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfiguration:
    """What may serve an agent. Without any settings: text and voice on the cheapest models, no limit.

    InvalidConfiguration where a service is enabled that has no provider.
    """

    primary_ai_model: str = "gpt-4o-mini"
    fallback_ai_model: str | None = None
    voice_enabled: bool = True
    stt_provider: str | None = "deepgram"
    tts_provider: str | None = "openai-tts"
    phone_enabled: bool = False
    phone_provider: str | None = "twilio"
    vision_enabled: bool = False
    vision_provider: str | None = "gpt-4o-mini"
    cost_optimization: bool = True
    max_credits_per_request: Credits | None = None
    accuracy_requirement: AccuracyRequirement = AccuracyRequirement.NORMAL

    def __post_init__(self) -> None:
        for provider, enabled in _ENABLED_BY.items():
            if getattr(self, enabled) and getattr(self, provider) is None:
                raise InvalidConfiguration(provider, f"name a provider, or set {enabled} to false.")

    @classmethod
    def parse(cls, settings: Mapping[str, object]) -> Self:
        """Read settings with snake_case names over the defaults, as `overridden_by` does."""
        return cls().overridden_by(settings)

    def overridden_by(self, settings: Mapping[str, object]) -> Self:
        """Return this configuration with each field that the settings name in place of its own.

        Raises InvalidConfiguration for an unknown field, a value of the wrong kind, and settings that
        contradict one another. Whole settings, as `to_mapping` writes them, name every provider, also where
        its service is off: no contradiction.
        """
        values = {field: _read(field, value) for field, value in settings.items()}
        if len(values) < len(_READERS):
            _refuse_contradictions(values)
        return replace(self, **values)

    def provider_of(self, service_type: ServiceType) -> str | None:
        """Return the provider configured for a service type; None where there is no field for it."""
        field = _PROVIDER_FIELDS.get(service_type)
        return None if field is None else getattr(self, field)

    def disabled_by(self, service_type: ServiceType) -> str | None:
        """Return the field that switches the service type off; None where it is on."""
        enabled = _ENABLED_BY.get(_PROVIDER_FIELDS.get(service_type, ""))
        return None if enabled is None or getattr(self, enabled) else enabled

    def to_mapping(self) -> dict[str, object]:
        """Return every field as JSON holds it, credits as decimal text; `parse` reads it back."""
        limit = self.max_credits_per_request
        return {
            **asdict(self),
            "max_credits_per_request": None if limit is None else str(limit),
            "accuracy_requirement": str(self.accuracy_requirement),
        }


def refuse_unknown_providers(
    configuration: ServiceConfiguration, card: RateCard, catalogue: Catalogue
) -> None:
    """Raise InvalidConfiguration for a provider that neither the rate card nor the catalogue knows.

    Providers of services that are switched off are not looked at: nothing will run on them.
    """
    for service_type, field in _PROVIDER_FIELDS.items():
        if configuration.disabled_by(service_type) is None:
            _refuse_unknown(field, configuration.provider_of(service_type), service_type, card, catalogue)
    fallback = configuration.fallback_ai_model
    _refuse_unknown("fallback_ai_model", fallback, ServiceType.GPT, card, catalogue)


_PROVIDER_FIELDS = {
    ServiceType.GPT: "primary_ai_model",
    ServiceType.VOICE_STT: "stt_provider",
    ServiceType.VOICE_TTS: "tts_provider",
    ServiceType.PHONE: "phone_provider",
    ServiceType.VISION: "vision_provider",
}
_ENABLED_BY = {
    "stt_provider": "voice_enabled",
    "tts_provider": "voice_enabled",
    "phone_provider": "phone_enabled",
    "vision_provider": "vision_enabled",
}


def _refuse_unknown(
    field: str, provider: str | None, service_type: ServiceType, card: RateCard, catalogue: Catalogue
) -> None:
    priced = (rate.provider for rate in card.rates if rate.service_type is service_type)
    known = dict.fromkeys((*catalogue.providers(service_type), *priced))
    if provider is not None and provider not in known:
        fix = f"there is no {service_type} provider {provider!r}. {did_you_mean(provider, known)}"
        raise InvalidConfiguration(field, fix)


def _refuse_contradictions(values: Mapping[str, object]) -> None:
    for provider, enabled in _ENABLED_BY.items():
        if values.get(enabled) is False and values.get(provider) is not None:
            raise InvalidConfiguration(
                provider, f"{enabled} is false: set it to true, or leave {provider} out."
            )
    fallback = values.get("fallback_ai_model")
    if fallback is not None and fallback == values.get("primary_ai_model"):
        raise InvalidConfiguration(
            "fallback_ai_model", "it is the primary model itself: name another, or null for none."
        )


# The values belong to fields of several types; __post_init__ and the readers below see to each.
def _read(field: str, value: object) -> Any:  # noqa: ANN401
    reader = _READERS.get(field)
    if reader is None:
        raise InvalidConfiguration(field, f"there is no such field. {did_you_mean(field, _READERS)}")
    try:
        return reader(value)
    except ValueError as error:
        raise InvalidConfiguration(field, str(error)) from None


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("write a name as text.")  # noqa: TRY004 - the field is wrong, not the program
    return name_from_text(value)


def _name_or_none(value: object) -> str | None:
    return None if value is None else _name(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false.")  # noqa: TRY004 - as above
    return value


def _limit(value: object) -> Credits | None:
    if value is None or isinstance(value, Credits):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        # The field is wrong, not the program.
        raise ValueError('write credits as text, such as "50", or as a whole number; null is no limit.')  # noqa: TRY004
    if isinstance(value, str):
        return Credits.parse(value)
    if not 0 <= value < LIMIT_MICROS // MICROS:
        raise ValueError("write 0 or more credits, with at most 12 digits before the point.")
    return Credits.whole(value)


def _accuracy(value: object) -> AccuracyRequirement:
    if not isinstance(value, str) or value not in set(AccuracyRequirement):
        raise ValueError(f"write one of {', '.join(AccuracyRequirement)}.")
    return AccuracyRequirement(value)


_READERS: dict[str, Callable[[object], object]] = {
    "primary_ai_model": _name,
    "fallback_ai_model": _name_or_none,
    "voice_enabled": _flag,
    "stt_provider": _name_or_none,
    "tts_provider": _name_or_none,
    "phone_enabled": _flag,
    "phone_provider": _name_or_none,
    "vision_enabled": _flag,
    "vision_provider": _name_or_none,
    "cost_optimization": _flag,
    "max_credits_per_request": _limit,
    "accuracy_requirement": _accuracy,
}
