"""One real hour of a language model's requests comes to the known totals, to the credit."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from pricing.quote import PlannedService, Quote, quote
from pricing.rate_card_file import built_in_rate_card
from pricing.units import Quantity, ServiceType, UnitType

REQUESTS = Path(__file__).parents[1] / "data" / "llm_requests_conversation.csv"


def quoted_hour(model: str) -> Quote:
    with REQUESTS.open(encoding="utf-8", newline="") as lines:
        tokens = [int(row["ContextTokens"]) + int(row["GeneratedTokens"]) for row in csv.DictReader(lines)]
    return quote(
        built_in_rate_card(),
        [
            PlannedService(ServiceType.GPT, model, Quantity(count * 1_000_000, UnitType.TOKENS))
            for count in tokens
        ],
    )


@pytest.mark.parametrize(
    ("model", "total"), [("gpt-4o-mini", "37193"), ("gpt-4o", "221227"), ("gpt-4", "670822")]
)
def test_the_hour_costs_exactly(model: str, total: str) -> None:
    quoted = quoted_hour(model)
    assert len(quoted.lines) == 19_366
    assert str(quoted.total) == total


def test_the_hour_before_rounding() -> None:
    exact = sum((line.exact for line in quoted_hour("gpt-4o-mini").lines), Fraction(0))
    assert exact == Fraction("26450.535")
