"""The price of one usage and of a plan, in exact numbers."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from pricing.credits import Credits, RoundingMode
from pricing.quote import AmountTooLarge, PlannedService, price, quote
from pricing.rate_card import Rate, RateCard, Tier, UnknownProvider
from pricing.rate_card_file import built_in_rate_card
from pricing.units import Quantity, ServiceType, UnitType

CALL_MINUTES = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000)


def planned(service_type: str, provider: str, units: str, unit_type: str) -> PlannedService:
    return PlannedService(ServiceType(service_type), provider, Quantity.parse(units, UnitType(unit_type)))


def card(rate: Rate, *, rounding: RoundingMode = RoundingMode.UP, precision: int = 6) -> RateCard:
    return RateCard("test", datetime(2025, 1, 1, tzinfo=UTC), rounding, precision, (rate,))


def call_credits(rate_card: RateCard, units: str, unit_type: UnitType = UnitType.MINUTES) -> str:
    return str(price(rate_card, ServiceType.PHONE, "twilio", Quantity.parse(units, unit_type)).credits)


@pytest.mark.parametrize(
    ("services", "lines", "total"),
    [
        (
            [("PHONE", "twilio", "5", "MINUTES"), ("GPT", "gpt-4o-mini", "3000", "TOKENS")],
            [100, 3],
            103,
        ),
        (
            [
                ("VOICE_STT", "openai-whisper", "2", "MINUTES"),
                ("GPT", "gpt-4o", "1500", "TOKENS"),
                ("VOICE_TTS", "elevenlabs", "450", "CHARACTERS"),
            ],
            [20, 12, 1],
            33,
        ),
        (
            [
                ("PHONE", "twilio", "5", "MINUTES"),
                ("GPT", "gpt-4o", "2500", "TOKENS"),
                ("VOICE_TTS", "openai-tts", "800", "CHARACTERS"),
            ],
            [100, 20, 1],
            121,
        ),
        (
            [
                ("VOICE_STT", "deepgram", "2", "MINUTES"),
                ("GPT", "gpt-4o-mini", "1800", "TOKENS"),
                ("VOICE_TTS", "cartesia", "600", "CHARACTERS"),
            ],
            [16, 2, 1],
            19,
        ),
    ],
    ids=["phone_ai_call", "voice_chat", "emergency_medical_call", "language_learning_voice_chat"],
)
def test_the_worked_examples(services: list[tuple[str, str, str, str]], lines: list[int], total: int) -> None:
    quoted = quote(built_in_rate_card(), [planned(*service) for service in services])
    assert [line.credits for line in quoted.lines] == [Credits.whole(number) for number in lines]
    assert quoted.total == Credits.whole(total)
    assert quoted.card_version == "2025-01-01"


@pytest.mark.parametrize(
    ("service_type", "provider", "units", "unit_type", "exact", "charged"),
    [
        ("VOICE_TTS", "elevenlabs", "450", "CHARACTERS", Fraction(9, 10), "1"),
        ("GPT", "gpt-4o-mini", "1800", "TOKENS", Fraction(9, 5), "2"),
        ("GPT", "gpt-4o-mini", "1", "INPUT_TOKENS", Fraction(1, 1000), "1"),
        ("GPT", "gpt-4", "1000", "OUTPUT_TOKENS", Fraction(25), "25"),
        ("PHONE", "twilio", "1", "SECONDS", Fraction(1, 3), "1"),
        ("PHONE", "twilio", "300", "SECONDS", Fraction(100), "100"),
        ("PHONE", "twilio", "0.000001", "MINUTES", Fraction(20, 10**6), "1"),
        ("VISION", "gpt-4o", "3", "IMAGES", Fraction(30), "30"),
    ],
)
def test_the_exact_amount_is_kept_beside_the_charge(
    service_type: str, provider: str, units: str, unit_type: str, exact: Fraction, charged: str
) -> None:
    service = planned(service_type, provider, units, unit_type)
    usage = price(built_in_rate_card(), service.service_type, service.provider, service.quantity)
    assert usage.exact == exact
    assert Fraction(usage.exact_numerator, usage.exact_denominator) == exact * 10**6
    assert (usage.exact_numerator, usage.exact_denominator) == (exact * 10**6).as_integer_ratio()
    assert str(usage.credits) == charged
    assert (usage.service_type, usage.provider, usage.quantity) == (service_type, provider, service.quantity)
    assert usage.rate.provider == provider


def test_a_card_chooses_its_rounding_and_precision() -> None:
    charged = {
        (mode, precision): call_credits(
            card(CALL_MINUTES, rounding=mode, precision=precision), "1", UnitType.SECONDS
        )
        for mode in RoundingMode
        for precision in (0, 2, 6)
    }
    assert charged == {
        (RoundingMode.UP, 0): "1",
        (RoundingMode.UP, 2): "0.34",
        (RoundingMode.UP, 6): "0.333334",
        (RoundingMode.DOWN, 0): "0",
        (RoundingMode.DOWN, 2): "0.33",
        (RoundingMode.DOWN, 6): "0.333333",
        (RoundingMode.HALF_UP, 0): "0",
        (RoundingMode.HALF_UP, 2): "0.33",
        (RoundingMode.HALF_UP, 6): "0.333333",
        (RoundingMode.HALF_EVEN, 0): "0",
        (RoundingMode.HALF_EVEN, 2): "0.33",
        (RoundingMode.HALF_EVEN, 6): "0.333333",
    }


@pytest.mark.parametrize(
    ("units", "unit_type", "charged"),
    [
        ("0.000001", UnitType.MINUTES, "20"),
        ("1", UnitType.MINUTES, "20"),
        ("1.000001", UnitType.MINUTES, "40"),
        ("1", UnitType.SECONDS, "20"),
        ("60", UnitType.SECONDS, "20"),
        ("60.000001", UnitType.SECONDS, "40"),
    ],
)
def test_every_started_minute_is_billed(units: str, unit_type: UnitType, charged: str) -> None:
    started = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000, increment_micro_units=1_000_000)
    assert call_credits(card(started), units, unit_type) == charged


def test_a_usage_costs_at_least_the_minimum() -> None:
    rate = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000, minimum_micros=5_500_000)
    assert call_credits(card(rate), "0.25") == "5.5"
    assert call_credits(card(rate), "0.275") == "5.5"
    assert call_credits(card(rate), "0.3") == "6"
    assert call_credits(card(rate, precision=0), "0.25") == "6"


@pytest.mark.parametrize(
    ("units", "unit_type", "charged"),
    [
        ("1", UnitType.MINUTES, "0"),
        ("10", UnitType.MINUTES, "0"),
        ("10.5", UnitType.MINUTES, "1.5"),
        ("20", UnitType.MINUTES, "30"),
        ("21", UnitType.MINUTES, "31"),
        ("120", UnitType.MINUTES, "130"),
        ("630", UnitType.SECONDS, "1.5"),
        ("7200", UnitType.SECONDS, "130"),
    ],
)
def test_tiers_price_a_usage_slice_by_slice(units: str, unit_type: UnitType, charged: str) -> None:
    tiers = (Tier(10_000_000, 0), Tier(20_000_000, 3_000_000), Tier(None, 1_000_000))
    assert call_credits(
        card(Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 0, tiers=tiers)), units, unit_type
    ) == (charged)


def test_a_tiers_price_is_for_per_units() -> None:
    tiers = (Tier(1_000_000_000, 2_000_000), Tier(None, 1_000_000))
    rate = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 0, per=1000, tiers=tiers)
    assert call_credits(card(rate), "3000") == "4"


def test_increment_minimum_and_tiers_work_together() -> None:
    rate = Rate(
        ServiceType.PHONE,
        "twilio",
        UnitType.MINUTES,
        0,
        minimum_micros=4_000_000,
        increment_micro_units=500_000,
        tiers=(Tier(1_000_000, 3_000_000), Tier(None, 2_000_000)),
    )
    assert call_credits(card(rate), "0.1") == "4"
    assert call_credits(card(rate), "1.1") == "4"
    assert call_credits(card(rate), "1.6") == "5"


def test_a_free_rate_costs_nothing() -> None:
    assert call_credits(card(Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 0, free=True)), "5") == "0"


def test_a_price_that_no_balance_could_hold_is_refused() -> None:
    with pytest.raises(AmountTooLarge, match="999999999999 MINUTES of 'twilio' cost too much"):
        call_credits(card(CALL_MINUTES), "999999999999")
    half = planned("PHONE", "twilio", "25000000000", "MINUTES")
    assert str(quote(card(CALL_MINUTES), [half]).total) == "500000000000"
    with pytest.raises(AmountTooLarge, match="The plan costs too much"):
        quote(card(CALL_MINUTES), [half, half])


def test_an_empty_plan_costs_nothing_and_an_unknown_provider_is_refused() -> None:
    assert quote(built_in_rate_card(), []).total == Credits.ZERO
    with pytest.raises(UnknownProvider):
        quote(built_in_rate_card(), [planned("GPT", "gpt-5", "1", "TOKENS")])
