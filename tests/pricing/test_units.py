"""Service types, unit types and quantities."""

from fractions import Fraction

import pytest

from pricing.units import Quantity, ServiceType, UnitType


def test_the_words_are_those_of_the_contract() -> None:
    assert [str(service_type) for service_type in ServiceType] == (
        ["PHONE", "SMS", "GPT", "EMBEDDING", "VOICE_STT", "VOICE_TTS", "VISION", "IMAGE", "SEARCH", "OTHER"]
    )
    assert [str(unit_type) for unit_type in UnitType] == (
        [
            "MINUTES",
            "SECONDS",
            "TOKENS",
            "INPUT_TOKENS",
            "OUTPUT_TOKENS",
            "CACHED_TOKENS",
            "CHARACTERS",
            "IMAGES",
            "MESSAGES",
            "REQUESTS",
        ]
    )


def test_members_hash_as_their_text() -> None:
    assert {"PHONE": 1}[ServiceType.PHONE] == 1
    assert {UnitType.MINUTES: 2}[UnitType("MINUTES")] == 2


def test_a_quantity_is_exact() -> None:
    quantity = Quantity.parse("0.25", UnitType.MINUTES)
    assert quantity == Quantity(250_000, UnitType.MINUTES)
    assert str(quantity) == "0.25"


@pytest.mark.parametrize("micro_units", [0, -1, 10**18])
def test_nothing_less_than_nothing_and_too_much_are_no_quantities(micro_units: int) -> None:
    with pytest.raises(
        ValueError, match="units must be more than 0, with at most 12 digits before the point"
    ):
        Quantity(micro_units, UnitType.TOKENS)


@pytest.mark.parametrize("text", ["0", "0.0", "-1", "NaN", "1e3", "1000000000000", "0.0000001"])
def test_bad_units_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        Quantity.parse(text, UnitType.TOKENS)


def test_seconds_and_minutes_convert_exactly() -> None:
    assert Quantity.parse("100", UnitType.SECONDS).in_unit(UnitType.MINUTES) == Fraction(5, 3)
    assert Quantity.parse("2.5", UnitType.MINUTES).in_unit(UnitType.SECONDS) == 150
    assert Quantity.parse("7", UnitType.IMAGES).in_unit(UnitType.IMAGES) == 7


@pytest.mark.parametrize(
    ("have", "want"),
    [
        (UnitType.TOKENS, UnitType.MINUTES),
        (UnitType.MINUTES, UnitType.TOKENS),
        (UnitType.INPUT_TOKENS, UnitType.TOKENS),
    ],
)
def test_no_other_conversion_is_made(have: UnitType, want: UnitType) -> None:
    with pytest.raises(ValueError, match=f"{have} cannot be converted to {want}"):
        Quantity.parse("1", have).in_unit(want)
