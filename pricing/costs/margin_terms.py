"""What the operator sells a credit for, and the costs that it is set against."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from pricing.costs.cost_book import CostBook
from pricing.costs.cost_file import built_in_costs, is_currency
from pricing.costs.cost_rate import CostLayer
from pricing.costs.cost_table import CostTable
from pricing.costs.genai import CURRENCY as GENAI_CURRENCY
from pricing.credits import Credits
from pricing.decimal_text import MICROS, micros_from_text, text_from_micros


@dataclass(frozen=True, slots=True)
class CreditValue:
    """What one credit sells for, in millionths of a currency."""

    micros: int
    currency: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read text such as "0.01 USD"; ValueError for anything else, and for 0."""
        amount, _, currency = text.strip().partition(" ")
        if not is_currency(currency):
            raise ValueError('write what a credit sells for and the currency, e.g. "0.01 USD"')
        micros = micros_from_text(amount)
        if not micros:
            raise ValueError("a credit sells for more than 0; leave this out where credits are not sold")
        return cls(micros, currency)

    def of(self, credits_: Credits) -> Fraction:
        """Return what credits sell for, exactly."""
        return Fraction(credits_.micros * self.micros, MICROS * MICROS)

    def __str__(self) -> str:
        return f"{text_from_micros(self.micros)} {self.currency}"


class CurrencyMismatch(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """Credits are sold in one currency and costs are known in another."""


@dataclass(frozen=True, slots=True)
class MarginTerms:
    """What costs are known, and what a credit sells for (None where nobody said).

    CurrencyMismatch where the two are in different currencies: nothing here converts one to another.
    """

    costs: CostBook
    credit_value: CreditValue | None = None

    def __post_init__(self) -> None:
        if self.credit_value is not None and self.credit_value.currency != self.costs.currency:
            raise CurrencyMismatch(
                f"a credit sells for {self.credit_value}, but costs are known in {self.costs.currency}: "
                "give both in one currency"
            )


def cost_book(own: CostTable | None, genai: CostLayer | None) -> CostBook:
    """Put the layers in order: the operator's own costs, then genai-prices, then the built-in list prices.

    Layers in another currency than the operator's own are left out, and the book's remark says so.
    """
    listed: list[tuple[str, CostLayer]] = [] if genai is None else [(GENAI_CURRENCY, genai)]
    listed.append((built_in_costs().currency, built_in_costs()))
    if own is None:
        own = CostTable(built_in_costs().currency, ())
    layers = tuple(layer for currency, layer in listed if currency == own.currency)
    left_out = sorted({currency for currency, _ in listed if currency != own.currency})
    remark = f"List prices in {', '.join(left_out)} are not converted to {own.currency}." if left_out else ""
    return CostBook(own.currency, (own, *layers), remark)
