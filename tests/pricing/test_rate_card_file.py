"""A rate card from TOML text, and what is said about a wrong one."""

from datetime import UTC, datetime

import pytest

from pricing.credits import RoundingMode
from pricing.rate_card import Rate, Tier
from pricing.rate_card_file import RateCardError, built_in_rate_card, parse_rate_card
from pricing.units import ServiceType, UnitType

HEAD = """version = "test"
effective_from = 2025-01-01T00:00:00Z
rounding = "UP"
precision = 0
"""
PHONE = """
[[rates]]
service_type = "PHONE"
provider = "twilio"
unit_type = "MINUTES"
"""  # the rate's own fields begin on line 10


def test_the_built_in_card_has_every_rate() -> None:
    card = built_in_rate_card()
    assert card.version == "2025-01-01"
    assert card.effective_from == datetime(2025, 1, 1, tzinfo=UTC)
    assert (card.rounding, card.precision) == (RoundingMode.UP, 0)
    assert card.rates == (
        Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000),
        Rate(ServiceType.GPT, "gpt-4o-mini", UnitType.TOKENS, 1_000_000, per=1000),
        Rate(ServiceType.GPT, "gpt-4o", UnitType.TOKENS, 8_000_000, per=1000),
        Rate(ServiceType.GPT, "gpt-4", UnitType.TOKENS, 25_000_000, per=1000),
        Rate(ServiceType.GPT, "claude-3-haiku", UnitType.TOKENS, 1_000_000, per=1000),
        Rate(ServiceType.VOICE_STT, "deepgram", UnitType.MINUTES, 8_000_000),
        Rate(ServiceType.VOICE_STT, "openai-whisper", UnitType.MINUTES, 10_000_000),
        Rate(ServiceType.VOICE_TTS, "openai-tts", UnitType.CHARACTERS, 1_000),
        Rate(ServiceType.VOICE_TTS, "elevenlabs", UnitType.CHARACTERS, 2_000),
        Rate(ServiceType.VOICE_TTS, "cartesia", UnitType.CHARACTERS, 1_500),
        Rate(ServiceType.VISION, "gpt-4o", UnitType.IMAGES, 10_000_000),
        Rate(ServiceType.VISION, "gpt-4o-mini", UnitType.IMAGES, 2_000_000),
    )


def test_every_field_of_a_rate_is_read() -> None:
    card = parse_rate_card(HEAD + PHONE + 'price = "0.9"\nper = 10\nminimum = 2\nincrement = 0.5\n')
    assert card.rates == (
        Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 900_000, 10, 2_000_000, 500_000),
    )


@pytest.mark.parametrize("literal", ['"0.1"', "0.1", "0.10", '"0.100000"'])
def test_prices_are_exact_as_text_or_literal(literal: str) -> None:
    assert parse_rate_card(f"{HEAD}{PHONE}price = {literal}\n").rates[0].price_micros == 100_000


def test_a_literal_beyond_what_a_float_holds_stays_exact() -> None:
    card = parse_rate_card(HEAD + PHONE + "price = 999999999999.999999\n")
    assert card.rates[0].price_micros == 999_999_999_999_999_999


@pytest.mark.parametrize(
    "tiers",
    [
        "tiers = [{up_to = 10, price = 0}, {up_to = 20.5, price = 3}, {price = 2}]\n",
        "[[rates.tiers]]\nup_to = 10\nprice = 0\n[[rates.tiers]]\nup_to = '20.5'\nprice = 3\n[[rates.tiers]]\nprice = 2\n",
    ],
)
def test_tiers_are_read_in_both_ways_of_writing_them(tiers: str) -> None:
    assert parse_rate_card(HEAD + PHONE + tiers).rates[0].tiers == (
        Tier(10_000_000, 0),
        Tier(20_500_000, 3_000_000),
        Tier(None, 2_000_000),
    )


def test_a_free_rate_says_so_with_or_without_its_price() -> None:
    for price in ("", "price = 0\n"):
        rate = parse_rate_card(HEAD + PHONE + price + "free = true\n").rates[0]
        assert (rate.free, rate.price_micros) == (True, 0)


def test_times_are_in_utc_and_names_in_nfc() -> None:
    text = HEAD.replace("00:00:00Z", "00:00:00+02:00") + PHONE.replace("twilio", "cafe\u0301") + "price = 1\n"
    card = parse_rate_card(text)
    assert card.effective_from == datetime(2024, 12, 31, 22, tzinfo=UTC)
    assert card.effective_from.tzinfo is UTC
    assert card.rates[0].provider == "caf\u00e9"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "rate_card.toml:6: rates[0].price: missing: add this field."),
        (
            "price = 0",
            "rate_card.toml:10: rates[0].price: charges nothing: give a price, or say free = true.",
        ),
        ('price = "0.000000"', "rate_card.toml:10: rates[0].price: charges nothing"),
        ("tiers = [{price = 0}]", "rate_card.toml:10: rates[0].tiers: charges nothing"),
        (
            "free = true\nprice = 1",
            "rate_card.toml:10: rates[0].free: a free rate has no price and no minimum",
        ),
        (
            "free = true\nminimum = 1",
            "rate_card.toml:10: rates[0].free: a free rate has no price and no minimum",
        ),
        ("free = true\ntiers = [{price = 1}]", "rate_card.toml:10: rates[0].free: a free rate has no price"),
        ("price = 1\nfree = 'no'", "rate_card.toml:11: rates[0].free: write true or false"),
        ("\nprcie = 1", "rate_card.toml:11: rates[0].prcie: there is no such field. Did you mean 'price'?"),
        (
            "price = 1\nincrements = 1",
            "rate_card.toml:11: rates[0].increments: there is no such field. Did you mean 'increment'?",
        ),
        ("price = -1", "rate_card.toml:10: rates[0].price: '-1' is not a plain decimal number"),
        ("price = 1e3", "rate_card.toml:10: rates[0].price: '1E+3' is not a plain decimal number"),
        ("price = nan", "rate_card.toml:10: rates[0].price: 'NaN' is not a plain decimal number"),
        ("price = inf", "rate_card.toml:10: rates[0].price: 'Infinity' is not a plain decimal number"),
        ("price = 0.0000001", "rate_card.toml:10: rates[0].price: '1E-7' is not a plain decimal number"),
        ("price = true", "rate_card.toml:10: rates[0].price: write a number"),
        (
            "price = 1000000000000",
            "rate_card.toml:10: rates[0].price: write at most 12 digits before the point.",
        ),
        (
            "price = 0x" + "f" * 9000,
            "rate_card.toml:10: rates[0].price: write at most 12 digits before the point.",
        ),
        ("price = " + "1" * 9000, "rate_card.toml:10: write at most 12 digits before the point."),
        ("price = 1\nper = 0", "rate_card.toml:11: rates[0].per: must be a whole number from 1"),
        ("price = 1\nper = 1.5", "rate_card.toml:11: rates[0].per: write a whole number"),
        ("price = 1\nincrement = 0", "rate_card.toml:11: rates[0].increment: must be more than 0"),
        (
            "price = 1\ntiers = [{price = 1}]",
            "rate_card.toml:10: rates[0].price: give either a price or tiers",
        ),
        ("tiers = []", "rate_card.toml:10: rates[0].tiers: write at least one table"),
        ("tiers = [\n1]", "rate_card.toml:11: rates[0].tiers[0]: write a table of fields here."),
        (
            "tiers = [\n  {up_to = 5, price = 1},\n]",
            "rate_card.toml:11: rates[0].tiers[0].up_to: the last tier must be open",
        ),
        (
            "tiers = [\n  {price = 1}, # all\n  {price = 2}\n]",
            "rate_card.toml:11: rates[0].tiers[0]: only the last tier is open",
        ),
        (
            "tiers = [\n  {up_to = 5, price = 1},\n  {up_to = 5, price = 1},\n  {price = 2}\n]",
            "rate_card.toml:12: rates[0].tiers[1].up_to: tiers must ascend",
        ),
        (
            "[[rates.tiers]]\nup_to = 0\nprice = 1\n[[rates.tiers]]\nprice = 1",
            "rate_card.toml:11: rates[0].tiers[0].up_to: tiers must ascend",
        ),
        (
            "[[rates.tiers]]\nup_to = 1\nprice = 1\n[[rates.tiers]]\n'priec' = 1",
            "rate_card.toml:14: rates[0].tiers[1].priec: there is no such field",
        ),
        (
            "price = 1" + PHONE + "price = 2",
            "rate_card.toml:11: rates[1]: a second rate for PHONE, 'twilio', MINUTES",
        ),
        ("price = ", "rate_card.toml:10: not valid TOML: Invalid value."),
        ("price = '1", "rate_card.toml:10: not valid TOML: "),
        ("price = 1\nprice = 2", "rate_card.toml:11: not valid TOML: Cannot overwrite a value."),
        ("tiers = " + "[" * 9000, "rate_card.toml:1: the text is nested too deeply."),
    ],
)
def test_a_wrong_rate_is_refused_by_line_and_field(fields: str, message: str) -> None:
    with pytest.raises(RateCardError) as refusal:
        parse_rate_card(f"{HEAD}{PHONE}{fields}\n")
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('version = "test"\n', "", "card.toml:1: version: missing: add this field."),
        ('"test"', '""', "card.toml:1: version: a name has 1 to 100 characters, not 0."),
        ('"test"', f'"{"v" * 101}"', "card.toml:1: version: a name has 1 to 100 characters, not 101."),
        ('"test"', "7", "card.toml:1: version: write text in quotes."),
        ("00:00Z", "00:00", "card.toml:2: effective_from: needs an offset"),
        ("2025-01-01T00:00:00Z", '"2025-01-01T00:00:00"', "card.toml:2: effective_from: needs an offset"),
        ("2025-01-01T00:00:00Z", "2025-01-01", "card.toml:2: effective_from: write a time with an offset"),
        ("2025-01-01T00:00:00Z", '"soon"', "card.toml:2: effective_from: write a time with an offset"),
        ("2025-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "card.toml:2: effective_from: write a time"),
        (
            '"UP"',
            '"HALFUP"',
            "card.toml:3: rounding: 'HALFUP' is not one of the words here. Did you mean 'HALF_UP'?",
        ),
        ("precision = 0", "precision = 7", "card.toml:4: precision: must be 0 to 6 decimal places."),
        ("precision = 0", "precision = -1", "card.toml:4: precision: must be 0 to 6 decimal places."),
        ("precision = 0", "precision = true", "card.toml:4: precision: write a whole number"),
        (
            "precision = 0",
            "precison = 0",
            "card.toml:4: precison: there is no such field. Did you mean 'precision'?",
        ),
        (
            '"PHONE"',
            '"FONE"',
            "card.toml:7: rates[0].service_type: 'FONE' is not one of the words here. Did you mean 'PHONE'?",
        ),
        (
            '"twilio"',
            '"twi\\u0000lio"',
            "card.toml:8: rates[0].provider: 'twi\\x00lio' has a control character",
        ),
        (
            '"MINUTES"',
            '"MINUTE"',
            "card.toml:9: rates[0].unit_type: 'MINUTE' is not one of the words here. Did you mean 'MINUTES'?",
        ),
        ("[[rates]]", "[rates]", "card.toml:6: rates: write at least one table: [[rates]]."),
        ("[[rates]]", "[[rate]]", "card.toml:6: rate: there is no such field. Did you mean 'rates'?"),
    ],
)
def test_a_wrong_card_is_refused_by_line_and_field(right: str, wrong: str, message: str) -> None:
    text = f"{HEAD}{PHONE}price = 1\n"
    assert right in text
    with pytest.raises(RateCardError) as refusal:
        parse_rate_card(text.replace(right, wrong, 1), source="card.toml")
    assert str(refusal.value).startswith(message)


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(RateCardError, match=r"^rate_card.toml:1: version: missing"):
        parse_rate_card("")


def test_lines_are_right_after_texts_and_lists_of_several_lines() -> None:
    text = (
        'version = """\nte=st[\n"""\n' + HEAD.split("\n", 1)[1] + PHONE + "tiers = [ # ] not the end\n"
        "  { price = 1.5 , up_to = 5 } ,\n\n  { 'price' = 'x' }\n]\n"
    )
    with pytest.raises(RateCardError, match=r"^rate_card.toml:1: version: .* control character"):
        parse_rate_card(text)
    with pytest.raises(RateCardError, match=r"^rate_card.toml:15: rates\[0\]\.tiers\[1\]\.price: 'x' is not"):
        parse_rate_card(text.replace("te=st[\n", "test\\\n"))
