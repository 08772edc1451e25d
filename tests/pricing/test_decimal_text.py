"""The one grammar of numbers at the edge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.decimal_text import micros_from_text, text_from_micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("103", 103_000_000),
        ("0.9", 900_000),
        ("0", 0),
        ("0.000001", 1),
        ("007.50", 7_500_000),
        ("999999999999.999999", 10**18 - 1),
    ],
)
def test_plain_decimals_are_read_exactly(text: str, micros: int) -> None:
    assert micros_from_text(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "1 ",
            " 1",
            "1\n",
            "+1",
            "-1",
            ".5",
            "5.",
            "1e3",
            "1E3",
            "1_000",
            "1,5",
            "0x10",
            "NaN",
            "inf",
        ),
        *("1.0000001", "1000000000000", "\u0661", "\uff11", "\u00b2", "1.\u0665", "1.2.3", "None", "1\x00"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a plain decimal number: write 1 to 12 digits"):
        micros_from_text(text)


def test_a_long_text_is_not_echoed_whole() -> None:
    with pytest.raises(ValueError, match="not a plain decimal") as refusal:
        micros_from_text("9" * 1_000_000)
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (103_000_000, "103"),
        (900_000, "0.9"),
        (0, "0"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (-1_500_000, "-1.5"),
        (100_000_000, "100"),
        (10**18 - 1, "999999999999.999999"),
    ],
)
def test_text_is_canonical(micros: int, text: str) -> None:
    assert text_from_micros(micros) == text


@given(st.integers(0, 10**18 - 1))
def test_text_reads_back(micros: int) -> None:
    assert micros_from_text(text_from_micros(micros)) == micros
