"""What is metered: service types, unit types and quantities that are never zero."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pricing.decimal_text import DIGITS_BEFORE_POINT, LIMIT_MICROS, micros_from_text, text_from_micros

SECONDS_PER_MINUTE = 60


class ServiceType(StrEnum):
    """A kind of service that a workflow uses."""

    # Enum hashes by name through a Python function; the string's own hash is equal here and far quicker.
    __hash__ = str.__hash__

    PHONE = "PHONE"
    SMS = "SMS"
    GPT = "GPT"
    EMBEDDING = "EMBEDDING"
    VOICE_STT = "VOICE_STT"
    VOICE_TTS = "VOICE_TTS"
    VISION = "VISION"
    IMAGE = "IMAGE"
    SEARCH = "SEARCH"
    OTHER = "OTHER"


class UnitType(StrEnum):
    """The unit in which a service is metered."""

    __hash__ = str.__hash__  # quicker, as above

    MINUTES = "MINUTES"
    SECONDS = "SECONDS"
    TOKENS = "TOKENS"
    INPUT_TOKENS = "INPUT_TOKENS"
    OUTPUT_TOKENS = "OUTPUT_TOKENS"
    CACHED_TOKENS = "CACHED_TOKENS"
    CHARACTERS = "CHARACTERS"
    IMAGES = "IMAGES"
    MESSAGES = "MESSAGES"
    REQUESTS = "REQUESTS"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A positive number of units, exact to a millionth.

    ValueError for zero, for less, and for more than 12 digits before the point.
    """

    micro_units: int
    unit_type: UnitType

    def __post_init__(self) -> None:
        if not 0 < self.micro_units < LIMIT_MICROS:
            raise ValueError(
                f"{text_from_micros(self.micro_units)} {self.unit_type} is not a quantity: "
                f"units must be more than 0, with at most {DIGITS_BEFORE_POINT} digits before the point."
            )

    @classmethod
    def parse(cls, units: str, unit_type: UnitType) -> Self:
        """Read units such as "5" or "0.25"; ValueError for anything that is not a positive plain decimal."""
        return cls(micros_from_text(units), unit_type)

    def __str__(self) -> str:
        return text_from_micros(self.micro_units)


def priced_in(service_type: ServiceType, unit_type: UnitType) -> tuple[tuple[UnitType, int], ...]:
    """Return the units of the rates that price a unit, its own first, and how many make one of the rate's.

    Seconds are priced by the minute, and input and output tokens of a language model as plain tokens; nothing
    else is. Cached tokens have no price but their own.
    """
    own = (unit_type, 1)
    if unit_type is UnitType.SECONDS:
        return own, (UnitType.MINUTES, SECONDS_PER_MINUTE)
    if service_type is ServiceType.GPT and unit_type in (UnitType.INPUT_TOKENS, UnitType.OUTPUT_TOKENS):
        return own, (UnitType.TOKENS, 1)
    return (own,)
