"""A price told step by step is the price that is charged, for every kind of rate."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pricing.credits import MICROS_PER_CREDIT, Credits, RoundingMode
from pricing.explanation import PriceExplanation, explained_price, number_in_words, price_in_words
from pricing.quote import AmountTooLarge, price
from pricing.rate_card import Rate, RateCard, Tier
from pricing.units import Quantity, ServiceType, UnitType

GPT, PHONE = ServiceType.GPT, ServiceType.PHONE
MINUTES, SECONDS, TOKENS = UnitType.MINUTES, UnitType.SECONDS, UnitType.TOKENS


def explained(
    rate: Rate,
    units: str,
    unit_type: UnitType | None = None,
    rounding: RoundingMode = RoundingMode.UP,
    precision: int = 0,
) -> PriceExplanation:
    quantity = Quantity.parse(units, unit_type or rate.unit_type)
    return explained_price(
        rate, rate.service_type, rate.provider, quantity, rounding=rounding, precision=precision
    )


def credits_(text: str) -> int:
    return Credits.parse(text).micros


@given(card=..., quantity=..., data=st.data())
def test_it_equals_what_is_charged(card: RateCard, quantity: Quantity, data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from(card.rates))
    unit_types = {MINUTES: [MINUTES, SECONDS], TOKENS: [TOKENS, UnitType.INPUT_TOKENS]}
    unit_type = data.draw(st.sampled_from(unit_types.get(rate.unit_type, [rate.unit_type])))
    assume(unit_type is not UnitType.INPUT_TOKENS or rate.service_type is GPT)
    used = Quantity(quantity.micro_units, unit_type)
    alone = RateCard(card.version, card.effective_from, card.rounding, card.precision, (rate,))
    try:
        priced = price(alone, rate.service_type, rate.provider, used)
    except AmountTooLarge:
        assume(False)  # noqa: FBT003 - Hypothesis' way to pass over an example
        raise
    found = explained_price(
        rate, rate.service_type, rate.provider, used, rounding=card.rounding, precision=card.precision
    )
    assert (found.exact, found.credits) == (priced.exact, priced.credits)
    by_units = sum((line.exact for line in found.lines), Fraction())
    assert found.exact == max(by_units, Fraction(rate.minimum_micros, MICROS_PER_CREDIT))
    assert found.minimum_applied is (by_units < found.exact)
    assert sum((line.units for line in found.lines), Fraction()) == found.billed
    assert price_in_words(found, "by rate card x")


PLAIN = Rate(GPT, "gpt-4o-mini", TOKENS, credits_("1"), per=1000)
BY_STARTED_MINUTE = Rate(PHONE, "twilio", MINUTES, credits_("20"), increment_micro_units=1_000_000)
GRADUATED = Rate(
    GPT, "big", TOKENS, 0, per=1000, tiers=(Tier(1000 * 10**6, credits_("2")), Tier(None, credits_("1.5")))
)
AT_LEAST = Rate(PHONE, "twilio", MINUTES, credits_("20"), minimum_micros=credits_("7.5"))
FREE = Rate(GPT, "gpt-4o", UnitType.CACHED_TOKENS, 0, free=True)


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        (
            explained(PLAIN, "3000"),
            (
                "3,000 TOKENS of gpt-4o-mini (GPT) at 1 credit per 1,000 TOKENS by rate card 1. "
                "Exactly 3 credits; rounded UP to whole credits: 3 credits."
            ),
        ),
        (
            explained(PLAIN, "900", UnitType.INPUT_TOKENS),
            (
                "900 INPUT_TOKENS of gpt-4o-mini (GPT), billed as 900 TOKENS, at 1 credit per 1,000 TOKENS "
                "by rate card 1. Exactly 0.9 credits; rounded UP to whole credits: 1 credit."
            ),
        ),
        (
            explained(BY_STARTED_MINUTE, "61", SECONDS),
            (
                "61 SECONDS of twilio (PHONE), billed as 2 MINUTES in steps of 1 MINUTES, at 20 credits per MINUTES "
                "by rate card 1. Exactly 40 credits; rounded UP to whole credits: 40 credits."
            ),
        ),
        (
            explained(GRADUATED, "3000.5", None, RoundingMode.HALF_EVEN, 3),
            (
                "3,000.5 TOKENS of big (GPT) in tiers (1,000 at 2 credits per 1,000 TOKENS make 2 credits; "
                "2,000.5 at 1.5 credits per 1,000 TOKENS make 3.00075 credits) by rate card 1. "
                "Exactly 5.00075 credits; rounded HALF_EVEN to 3 decimal places: 5.001 credits."
            ),
        ),
        (
            explained(AT_LEAST, "10", SECONDS, RoundingMode.DOWN, 1),
            (
                "10 SECONDS of twilio (PHONE), billed as 0.166666666666666666… MINUTES, at 20 credits per MINUTES "
                "by rate card 1. Exactly 7.5 credits, the least that one usage costs; "
                "rounded DOWN to 1 decimal place: 7.5 credits."
            ),
        ),
        (
            explained(FREE, "5"),
            (
                "5 CACHED_TOKENS of gpt-4o (GPT) free of charge by rate card 1. "
                "Exactly 0 credits; rounded UP to whole credits: 0 credits."
            ),
        ),
    ],
)
def test_it_is_told_in_words(explanation: PriceExplanation, words: str) -> None:
    assert price_in_words(explanation, "by rate card 1") == words


def test_tiers_say_between_which_bounds_each_price_holds() -> None:
    first, second = explained(GRADUATED, "2500").lines
    assert [first.beyond, first.up_to, first.units, first.exact] == [0, 1000, 1000, 2]
    assert [second.beyond, second.up_to, second.units, second.exact] == [1000, None, 1500, Fraction(9, 4)]
    [only] = explained(GRADUATED, "1000").lines
    assert [only.units, only.up_to] == [1000, 1000]


def test_large_and_endless_numbers_are_told_whole() -> None:
    assert number_in_words(Fraction(10**12 - 1)) == "999,999,999,999"
    assert number_in_words(Fraction(1, 3)) == "0.333333333333333333…"
    assert number_in_words(Fraction(20, 10)) == "2"
