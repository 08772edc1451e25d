"""Which rate prices a usage, and which card is in force."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pricing.credits import RoundingMode
from pricing.rate_card import (
    InvalidRateCard,
    NoRateCard,
    Rate,
    RateCard,
    RateCards,
    Tier,
    UnknownProvider,
    UnknownRate,
    UnknownService,
    UnknownUnit,
)
from pricing.rate_card_file import built_in_rate_card
from pricing.units import ServiceType, UnitType

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


def card(*rates: Rate, version: str = "test", effective_from: datetime = NEW_YEAR) -> RateCard:
    return RateCard(version, effective_from, RoundingMode.UP, 0, rates)


def gpt(unit_type: UnitType, price_micros: int) -> Rate:
    return Rate(ServiceType.GPT, "gpt-4o", unit_type, price_micros)


def test_seconds_are_priced_by_the_minute_only_without_their_own_rate() -> None:
    minutes = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000)
    seconds = Rate(ServiceType.PHONE, "twilio", UnitType.SECONDS, 400_000)
    assert card(minutes).rate_for(ServiceType.PHONE, "twilio", UnitType.SECONDS) is minutes
    assert card(minutes, seconds).rate_for(ServiceType.PHONE, "twilio", UnitType.SECONDS) is seconds
    assert card(seconds, minutes).rate_for(ServiceType.PHONE, "twilio", UnitType.SECONDS) is seconds


def test_minutes_are_not_priced_by_the_second() -> None:
    seconds = Rate(ServiceType.PHONE, "twilio", UnitType.SECONDS, 400_000)
    with pytest.raises(UnknownUnit):
        card(seconds).rate_for(ServiceType.PHONE, "twilio", UnitType.MINUTES)


def test_plain_tokens_also_price_input_and_output_tokens_of_a_language_model() -> None:
    plain, output = gpt(UnitType.TOKENS, 8_000), gpt(UnitType.OUTPUT_TOKENS, 24_000)
    with_output = card(plain, output)
    assert with_output.rate_for(ServiceType.GPT, "gpt-4o", UnitType.INPUT_TOKENS) is plain
    assert with_output.rate_for(ServiceType.GPT, "gpt-4o", UnitType.OUTPUT_TOKENS) is output
    assert with_output.rate_for(ServiceType.GPT, "gpt-4o", UnitType.TOKENS) is plain


def test_plain_tokens_price_nothing_else() -> None:
    with pytest.raises(UnknownUnit):
        card(gpt(UnitType.TOKENS, 8_000)).rate_for(ServiceType.GPT, "gpt-4o", UnitType.CACHED_TOKENS)
    embedding = Rate(ServiceType.EMBEDDING, "ada", UnitType.TOKENS, 10)
    with pytest.raises(UnknownUnit):
        card(embedding).rate_for(ServiceType.EMBEDDING, "ada", UnitType.INPUT_TOKENS)
    with pytest.raises(UnknownUnit):
        card(gpt(UnitType.INPUT_TOKENS, 1)).rate_for(ServiceType.GPT, "gpt-4o", UnitType.TOKENS)


@pytest.mark.parametrize(
    ("service_type", "provider", "unit_type", "error", "known", "message"),
    [
        (
            ServiceType.SMS,
            "twilio",
            UnitType.MESSAGES,
            UnknownService,
            ("GPT", "PHONE", "VISION", "VOICE_STT", "VOICE_TTS"),
            "The rate card has no rate for SMS; it has GPT, PHONE, VISION, VOICE_STT, VOICE_TTS.",
        ),
        (
            ServiceType.VOICE_STT,
            "deepgrm",
            UnitType.MINUTES,
            UnknownProvider,
            ("deepgram", "openai-whisper"),
            "VOICE_STT has no provider 'deepgrm'; the rate card has deepgram, openai-whisper.",
        ),
        (
            ServiceType.PHONE,
            "twilio",
            UnitType.TOKENS,
            UnknownUnit,
            ("MINUTES",),
            "PHONE by 'twilio' has no rate for TOKENS; the rate card has MINUTES.",
        ),
    ],
)
def test_what_the_card_does_not_price_is_refused_with_what_it_has(
    service_type: ServiceType,
    provider: str,
    unit_type: UnitType,
    error: type[UnknownRate],
    known: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(error) as refusal:
        built_in_rate_card().rate_for(service_type, provider, unit_type)
    assert isinstance(refusal.value, LookupError)
    assert refusal.value.known == known
    assert (refusal.value.service_type, refusal.value.provider, refusal.value.unit_type) == (
        service_type,
        provider,
        unit_type,
    )
    assert str(refusal.value) == message


def test_the_card_in_force_is_the_latest_that_has_begun() -> None:
    first, second = card(version="1"), card(version="2", effective_from=NEW_YEAR + timedelta(days=30))
    cards = RateCards([second, first])
    assert cards.in_force(NEW_YEAR).version == "1"
    assert cards.in_force(NEW_YEAR + timedelta(days=30, microseconds=-1)).version == "1"
    assert cards.in_force(NEW_YEAR + timedelta(days=30)).version == "2"
    assert [published.version for published in cards] == ["2", "1"]


def test_of_two_cards_with_one_date_the_later_published_is_in_force() -> None:
    assert RateCards([card(version="1"), card(version="1a")]).in_force(NEW_YEAR).version == "1a"
    elsewhere = NEW_YEAR.astimezone(timezone(timedelta(hours=9)))
    cards = RateCards([card(version="1", effective_from=elsewhere), card(version="1a")])
    assert cards.in_force(NEW_YEAR).version == "1a"


def test_before_the_first_card_there_is_none() -> None:
    with pytest.raises(NoRateCard, match=r"No rate card is in force at 2024-12-31T23:59:59\+00:00"):
        RateCards([built_in_rate_card()]).in_force(NEW_YEAR - timedelta(seconds=1))
    with pytest.raises(NoRateCard):
        RateCards([]).in_force(NEW_YEAR)


def test_a_card_keeps_its_rules() -> None:
    rate = gpt(UnitType.TOKENS, 1)
    with pytest.raises(InvalidRateCard, match="needs an offset"):
        card(rate, effective_from=datetime(2025, 1, 1))  # noqa: DTZ001 - the naive time is the point
    with pytest.raises(InvalidRateCard, match="0 to 6 decimal places"):
        RateCard("test", NEW_YEAR, RoundingMode.UP, 7, (rate,))
    with pytest.raises(InvalidRateCard, match="a second rate for GPT, 'gpt-4o', TOKENS") as refusal:
        card(rate, gpt(UnitType.TOKENS, 2))
    assert refusal.value.path == ("rates", 1)


def test_a_rate_keeps_its_rules() -> None:
    with pytest.raises(InvalidRateCard, match="charges nothing") as refusal:
        gpt(UnitType.TOKENS, 0)
    assert refusal.value.path == ("price",)
    with pytest.raises(InvalidRateCard, match="at most 12 digits"):
        gpt(UnitType.TOKENS, 10**18)
    with pytest.raises(InvalidRateCard, match="the last tier must be open"):
        Rate(ServiceType.GPT, "gpt-4o", UnitType.TOKENS, 0, tiers=(Tier(5, 1),))
    with pytest.raises(InvalidRateCard, match="only the last tier is open"):
        Rate(ServiceType.GPT, "gpt-4o", UnitType.TOKENS, 0, tiers=(Tier(None, 1), Tier(None, 1)))
    with pytest.raises(InvalidRateCard, match="not both"):
        Rate(ServiceType.GPT, "gpt-4o", UnitType.TOKENS, 1, tiers=(Tier(None, 1),))
