"""Requests and configurations for the tests of a selection, and the selection in a line of text."""

from adapters.service_configuration import ServicePresets
from pricing.catalogue import RequestComplexity, built_in_catalogue
from pricing.configuration import AccuracyRequirement, ServiceConfiguration
from pricing.credits import Credits
from pricing.rate_card_file import built_in_rate_card
from pricing.selection import Need, Selection, ServiceRequest, select
from pricing.units import Quantity, ServiceType, UnitType

STT = "VOICE_STT 5 MINUTES"  # deepgram 40, openai-whisper 50
TOKENS = "GPT 3000 TOKENS"  # gpt-4o-mini 3, claude-3-haiku 3, gpt-4o 24, gpt-4 75
TTS = "VOICE_TTS 2000 CHARACTERS"  # openai-tts 2, cartesia 3, elevenlabs 4
PHONE = "PHONE 5 MINUTES"  # twilio 100
VISION = "VISION 3 IMAGES"  # gpt-4o-mini 6, gpt-4o 30

PRESETS = {name: ServicePresets.by_name(name) for name in ServicePresets.names()}
NO_LIMIT: dict[str, object] = {"max_credits_per_request": None}
DEAR: dict[str, object] = {"cost_optimization": False, **NO_LIMIT}
HIGH: dict[str, object] = {"accuracy_requirement": "HIGH"}


def need(line: str) -> Need:
    service_type, units, unit_type, *provider = line.split()
    quantity = Quantity.parse(units, UnitType(unit_type))
    return Need(ServiceType(service_type), quantity, provider[0] if provider else None)


def selected(
    configuration: ServiceConfiguration,
    *needs: str,
    complexity: str = "NORMAL",
    accuracy: str | None = None,
    unavailable: str = "",
    limit: str | None = None,
) -> Selection:
    down = [line.split() for line in unavailable.split(",") if line]
    return select(
        configuration,
        ServiceRequest(
            tuple(need(line) for line in needs),
            RequestComplexity(complexity),
            None if accuracy is None else AccuracyRequirement(accuracy),
        ),
        built_in_rate_card(),
        built_in_catalogue(),
        unavailable=frozenset((ServiceType(service_type), provider) for service_type, provider in down),
        limit=None if limit is None else Credits.parse(limit),
    )


def served(selection: Selection) -> list[str]:
    return [
        f"{decision.service_type} {decision.provider} {decision.credits} {decision.rule}"
        for decision in selection.decisions
    ]
