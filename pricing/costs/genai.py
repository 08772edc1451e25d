"""List prices of language models from the package genai-prices, an optional extra, by its dates."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pricing.costs.cost_rate import CostLayer, CostRate, NoCost
from pricing.costs.cost_table import ALWAYS
from pricing.units import ServiceType, UnitType

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, PriceCalculation

CURRENCY = "USD"
"""The currency of all its prices."""

_PER = 1_000_000
_PRICES = {
    UnitType.INPUT_TOKENS: "input_mtok",
    UnitType.OUTPUT_TOKENS: "output_mtok",
    UnitType.CACHED_TOKENS: "cache_read_mtok",
}
_MODELS = (ServiceType.GPT, ServiceType.EMBEDDING)


def genai_costs() -> CostLayer | None:
    """Return the layer; None where the package is not installed.

    The first question loads its prices, since they take memory and few services are ever asked for a margin.
    """
    return None if find_spec("genai_prices") is None else GenaiCosts(version("genai-prices"))


@dataclass(frozen=True, slots=True)
class GenaiCosts:
    """The prices of genai-prices, asked by its public `calc_price` for the time in question.

    A provider is a model's name, or `vendor/model` where the vendor matters.
    """

    version: str

    def rate(
        self, service_type: ServiceType, provider: str, unit_type: UnitType, at: datetime
    ) -> CostRate | NoCost | None:
        """Return the price of a kind of tokens; NoCost where it depends on more than their number."""
        key = _price_key(service_type, unit_type)
        priced = _priced(provider, at) if key else None
        if key is None or priced is None:
            return None
        amount = getattr(priced.model_price, key)
        if amount is None:
            return None
        reason = _why_no_single_price(priced, amount)
        if reason is not None:
            return NoCost(f"{provider!r} {reason}: add a cost of your own.")
        began = [moment for moment in _begins(provider) if moment <= at]
        return CostRate(
            service_type,
            provider,
            unit_type,
            Fraction(amount),
            _PER,
            f"genai-prices {self.version}: list price of {priced.model.id} at {priced.provider.id}.",
            max(began, default=None),
        )

    def changes(self, service_type: ServiceType, provider: str) -> frozenset[datetime]:
        """Return when prices of a model begin; it counts days in UTC."""
        return _begins(provider) if service_type in _MODELS else frozenset()


def _price_key(service_type: ServiceType, unit_type: UnitType) -> str | None:
    if service_type is ServiceType.EMBEDDING and unit_type is UnitType.TOKENS:
        return _PRICES[UnitType.INPUT_TOKENS]  # an embedding model writes no tokens
    return _PRICES.get(unit_type) if service_type in _MODELS else None


def _priced(provider: str, at: datetime) -> "PriceCalculation | None":
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - an optional extra

    vendor, separator, model = provider.partition("/")
    try:
        return calc_price(
            Usage(),
            model_ref=model if separator else provider,
            provider_id=vendor if separator else None,
            genai_request_timestamp=at,
        )
    except LookupError:
        return None


def _why_no_single_price(priced: "PriceCalculation", amount: object) -> str | None:
    if not isinstance(amount, Decimal):
        return "charges by the size of each request"
    if priced.model_price.requests_kcount is not None:
        return "charges for each request as well"
    if any(_begin(condition.constraint) is None for condition in _conditions(priced) if condition.constraint):
        return "charges by the time of day"
    return None


@cache
def _begins(provider: str) -> frozenset[datetime]:
    priced = _priced(provider, ALWAYS)  # which model it is does not depend on the time
    if priced is None:
        return frozenset()
    begun = (_begin(condition.constraint) for condition in _conditions(priced))
    return frozenset(moment for moment in begun if moment is not None)


def _conditions(priced: "PriceCalculation") -> "list[ConditionalPrice]":
    prices = priced.model.prices
    return prices if isinstance(prices, list) else []


def _begin(constraint: object) -> datetime | None:
    from genai_prices.types import StartDateConstraint  # noqa: PLC0415 - an optional extra

    if isinstance(constraint, StartDateConstraint):
        return datetime.combine(constraint.start_date, time(), UTC)
    return None
