"""Credits, and the only rounding."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.credits import MICROS_PER_CREDIT, Credits, RoundingMode, round_credits


def test_credits_are_integers_of_micro_credits() -> None:
    assert MICROS_PER_CREDIT == 1_000_000
    assert Credits.parse("0.9") == Credits(900_000)
    assert Credits.whole(103) == Credits.parse("103")
    assert str(Credits(26_450_535_000)) == "26450.535"


def test_credits_add_subtract_and_compare() -> None:
    assert Credits.whole(2) + Credits.parse("0.5") == Credits.parse("2.5")
    assert Credits.whole(2) - Credits.whole(3) == Credits(-1_000_000)
    assert str(Credits.whole(2) - Credits.parse("2.5")) == "-0.5"
    assert Credits.whole(1) < Credits.whole(2)
    assert Credits(1)
    assert not Credits.ZERO
    assert Credits.total([]) == Credits.ZERO
    assert Credits.total([Credits.whole(100), Credits.whole(3)]) == Credits.whole(103)


@pytest.mark.parametrize(
    ("halves", "up", "down", "half_up", "half_even"),
    [(1, 1, 0, 1, 0), (2, 1, 1, 1, 1), (3, 2, 1, 2, 2), (5, 3, 2, 3, 2)],
)
def test_halves_of_a_credit(halves: int, up: int, down: int, half_up: int, half_even: int) -> None:
    expected = {
        RoundingMode.UP: up,
        RoundingMode.DOWN: down,
        RoundingMode.HALF_UP: half_up,
        RoundingMode.HALF_EVEN: half_even,
    }
    for mode, credits_ in expected.items():
        assert round_credits(halves * 1_000_000, 2, precision=0, mode=mode) == Credits.whole(credits_)


@pytest.mark.parametrize(
    ("precision", "text"),
    [(0, "1"), (1, "0.4"), (2, "0.34"), (3, "0.334"), (4, "0.3334"), (5, "0.33334"), (6, "0.333334")],
)
def test_a_third_rounded_up_to_each_precision(precision: int, text: str) -> None:
    assert str(round_credits(1_000_000, 3, precision=precision, mode=RoundingMode.UP)) == text


@pytest.mark.parametrize(
    ("numerator", "denominator", "precision"), [(-1, 1, 0), (1, 0, 0), (1, 1, 7), (1, 1, -1)]
)
def test_what_cannot_be_rounded_is_refused(numerator: int, denominator: int, precision: int) -> None:
    with pytest.raises(ValueError, match="Cannot round"):
        round_credits(numerator, denominator, precision=precision, mode=RoundingMode.UP)


@given(st.integers(0, 10**30), st.integers(1, 10**20), st.integers(0, 6))
def test_up_is_never_below_down_never_above_and_the_halves_are_nearest(
    numerator: int, denominator: int, precision: int
) -> None:
    exact = Fraction(numerator, denominator)
    step = 10 ** (6 - precision)
    rounded = {
        mode: round_credits(numerator, denominator, precision=precision, mode=mode).micros
        for mode in RoundingMode
    }
    assert exact <= rounded[RoundingMode.UP] < exact + step
    assert exact - step < rounded[RoundingMode.DOWN] <= exact
    assert abs(rounded[RoundingMode.HALF_UP] - exact) <= Fraction(step, 2)
    assert abs(rounded[RoundingMode.HALF_EVEN] - exact) <= Fraction(step, 2)
    assert all(micros % step == 0 for micros in rounded.values())
