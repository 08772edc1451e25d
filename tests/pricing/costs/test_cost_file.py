import re
from fractions import Fraction
from pathlib import Path

import pytest

from pricing.costs import CostsError, built_in_costs, parse_costs
from pricing.rate_card_file import built_in_rate_card
from pricing.units import ServiceType, UnitType
from tests.pricing.costs.rates import day

GUIDE = Path(__file__).parents[3] / "docs" / "margin.md"
GOOD = """currency = "EUR"
[[costs]]
service_type = "GPT"
provider = "m"
unit_type = "TOKENS"
amount = 0.25
per = 1_000
from = 2026-01-01T01:00:00+01:00
source = "Our contract, read 2026-01-02."
"""


def test_a_file_is_read_exactly() -> None:
    table = parse_costs(GOOD)
    [rate] = table.rates
    assert (table.currency, rate.service_type, rate.provider, rate.unit_type) == (
        "EUR",
        ServiceType.GPT,
        "m",
        UnitType.TOKENS,
    )
    assert (rate.amount, rate.per, rate.since) == (Fraction(1, 4), 1000, day("2026-01-01"))
    assert rate.source == "Our contract, read 2026-01-02."


def test_what_may_be_left_out() -> None:
    short = "\n".join(line for line in GOOD.splitlines() if not line.startswith(("per", "from")))
    [rate] = parse_costs(short).rates
    assert (rate.per, rate.since) == (1, None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"EUR"', '"Euro"', '1: currency: write the three capital letters of its code, e.g. "USD".'),
        ("amount = 0.25", "amount = -1", "6: costs[0].amount: '-1' is not a plain decimal number: "),
        ("amount = 0.25", "amount = 0.0000001", "6: costs[0].amount: "),
        ("amount = 0.25", "", "2: costs[0].amount: missing: add this field."),
        ("per = 1_000", "per = 0", "7: costs[0].per: must be a whole number from 1 to 1000000000000."),
        ("+01:00", "", "8: costs[0].from: needs an offset: write for example 2026-01-01T00:00:00Z."),
        ('"TOKENS"', '"TOKEN"', "5: costs[0].unit_type: 'TOKEN' is not one of the words here. Did you mean "),
        ("amount =", "price =", "6: costs[0].price: there is no such field. "),
        (
            'source = "Our contract, read 2026-01-02."',
            "",
            "2: costs[0].source: say in quotes where the figure comes from, and of what date.",
        ),
        (
            '"Our contract, read 2026-01-02."',
            '""',
            "9: costs[0].source: 1 to 255 characters are needed, not 0.",
        ),
        ("[[costs]]", "[[cost]]", "2: cost: there is no such field. Did you mean 'costs'?"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, message: str) -> None:
    with pytest.raises(CostsError) as caught:
        parse_costs(GOOD.replace(old, new), source="a.toml")
    assert str(caught.value).startswith(f"a.toml:{message}")


def test_a_second_rate_is_told_with_its_line() -> None:
    twice = GOOD + GOOD.partition("\n")[2]
    with pytest.raises(CostsError, match=r"^a\.toml:10: costs\[1\]: a second cost for GPT, 'm', TOKENS"):
        parse_costs(twice, source="a.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\ncurrency = \n", "a.toml:2: not valid TOML: Invalid value."),
        ("a = " + "[" * 5_000, "a.toml:1: the text is nested too deeply."),
        ("\na = " + "1" * 5_000, "a.toml:2: write at most 12 digits before the point."),
    ],
)
def test_what_is_not_toml(text: str, message: str) -> None:
    with pytest.raises(CostsError) as caught:
        parse_costs(text, source="a.toml")
    assert str(caught.value) == message


def test_every_built_in_cost_says_where_and_of_what_date() -> None:
    for rate in built_in_costs().rates:
        assert re.search(r" list price of .* as known on \d{4}-\d{2}-\d{2}", rate.source), rate
        assert rate.since is not None


def test_built_in_costs_are_of_what_the_built_in_card_prices() -> None:
    priced = {(rate.service_type, rate.provider) for rate in built_in_rate_card().rates}
    known = {(rate.service_type, rate.provider) for rate in built_in_costs().rates}
    assert known < priced
    # These charge by a plan that was bought, or by the size of an image: nobody can say for everybody.
    assert {" ".join(key) for key in priced - known} == {
        "VOICE_TTS elevenlabs",
        "VOICE_TTS cartesia",
        "VISION gpt-4o",
        "VISION gpt-4o-mini",
    }


def test_the_built_in_figures() -> None:
    figures = {
        f"{rate.provider} {rate.unit_type}": f"{float(rate.amount)}/{rate.per}"
        for rate in built_in_costs().rates
    }
    assert figures == {
        "twilio MINUTES": "0.014/1",
        "deepgram MINUTES": "0.0077/1",
        "openai-whisper MINUTES": "0.006/1",
        "openai-tts CHARACTERS": "15.0/1000000",
        "gpt-4o-mini INPUT_TOKENS": "0.15/1000000",
        "gpt-4o-mini OUTPUT_TOKENS": "0.6/1000000",
        "gpt-4o-mini CACHED_TOKENS": "0.075/1000000",
        "gpt-4o INPUT_TOKENS": "2.5/1000000",
        "gpt-4o OUTPUT_TOKENS": "10.0/1000000",
        "gpt-4o CACHED_TOKENS": "1.25/1000000",
        "gpt-4 INPUT_TOKENS": "30.0/1000000",
        "gpt-4 OUTPUT_TOKENS": "60.0/1000000",
        "claude-3-haiku INPUT_TOKENS": "0.25/1000000",
        "claude-3-haiku OUTPUT_TOKENS": "1.25/1000000",
        "claude-3-haiku CACHED_TOKENS": "0.03/1000000",
    }


def test_the_guides_file_is_in_order() -> None:
    _, example, *_ = re.split(r"```(?:toml)?\n", GUIDE.read_text(encoding="utf-8"))
    table = parse_costs(example)
    assert [(rate.provider, rate.amount, rate.since) for rate in table.rates] == [
        ("twilio", Fraction("0.013"), None),
        ("twilio", Fraction("0.011"), day("2026-04-01")),
        ("elevenlabs", Fraction(30), None),
    ]
