"""Service types, unit types and quantities."""

import pytest

from pricing.units import Quantity, ServiceType, UnitType, priced_in


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


def test_three_conversions_and_no_other() -> None:
    others = {
        (service_type, unit_type, *other)
        for service_type in ServiceType
        for unit_type in UnitType
        for other in priced_in(service_type, unit_type)[1:]
    }
    by_the_minute = {(each, UnitType.SECONDS, UnitType.MINUTES, 60) for each in ServiceType}
    as_plain_tokens = {
        (ServiceType.GPT, kind, UnitType.TOKENS, 1)
        for kind in (UnitType.INPUT_TOKENS, UnitType.OUTPUT_TOKENS)
    }
    assert others == by_the_minute | as_plain_tokens


@pytest.mark.parametrize("unit_type", UnitType)
def test_a_units_own_rate_comes_first(unit_type: UnitType) -> None:
    assert priced_in(ServiceType.GPT, unit_type)[0] == (unit_type, 1)
