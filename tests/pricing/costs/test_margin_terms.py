from fractions import Fraction

import pytest

from pricing.costs import (
    CreditValue,
    CurrencyMismatch,
    MarginTerms,
    NoCost,
    built_in_costs,
    cost_book,
    genai_costs,
)
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType
from tests.pricing.costs.rates import day, table


@pytest.mark.parametrize(
    ("text", "micros", "currency"),
    [("0.01 USD", 10_000, "USD"), ("1 EUR", 1_000_000, "EUR"), (" 0.000001 JPY ", 1, "JPY")],
)
def test_what_a_credit_sells_for(text: str, micros: int, currency: str) -> None:
    value = CreditValue.parse(text)
    assert (value.micros, value.currency, str(value)) == (micros, currency, text.strip())


@pytest.mark.parametrize(
    "text", ["", "0.01", "USD", "0.01 usd", "0.01USD", "0.01 US$", "USD 0.01", "0.01 USD x"]
)
def test_a_value_needs_its_currency(text: str) -> None:
    with pytest.raises(ValueError, match=r'e\.g\. "0\.01 USD"$'):
        CreditValue.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-1 USD", "is not a plain decimal"),
        ("1e-2 USD", "is not a plain decimal"),
        ("0 USD", "more than 0"),
    ],
)
def test_a_value_is_a_plain_number_more_than_0(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CreditValue.parse(text)


def test_credits_sell_exactly() -> None:
    assert CreditValue.parse("0.000003 USD").of(Credits.parse("0.000001")) == Fraction(3, 10**12)


def test_two_currencies_are_refused() -> None:
    with pytest.raises(CurrencyMismatch) as caught:
        MarginTerms(cost_book(None, None), CreditValue.parse("0.01 EUR"))
    assert str(caught.value) == (
        "a credit sells for 0.01 EUR, but costs are known in USD: give both in one currency"
    )


def test_costs_in_another_currency_stand_alone() -> None:
    own = table("- PHONE acme 1 MINUTES", currency="EUR")
    book = cost_book(own, genai_costs())
    assert MarginTerms(book, CreditValue.parse("0.01 EUR")).costs.layers == (own,)
    assert book.unit_cost(ServiceType.PHONE, "twilio", UnitType.MINUTES, day("2026-03-04")) == NoCost(
        "No cost rate for MINUTES of PHONE 'twilio': add one to your costs. "
        "List prices in USD are not converted to EUR."
    )


def test_without_costs_of_ones_own_the_list_prices_count() -> None:
    book = cost_book(None, None)
    assert (book.currency, book.layers[1:], book.remark) == ("USD", (built_in_costs(),), "")
