"""A table of provider costs from TOML text; every error names the line, the field and the fix."""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Final

from pricing.costs.cost_rate import CostRate
from pricing.costs.cost_table import CostTable, InvalidCosts
from pricing.decimal_text import MICROS
from pricing.names import free_text
from pricing.rate import MOST_UNITS_PER_PRICE, InvalidRateCard
from pricing.table import Table
from pricing.toml_text import InvalidToml, fields_of, located
from pricing.units import ServiceType, UnitType

_BUILT_IN: Final = "provider_costs.toml"
_FIELDS = ("currency", "costs")
_COST_FIELDS = ("service_type", "provider", "unit_type", "amount", "per", "from", "source")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class CostsError(ValueError):
    """A text that is not a valid table of costs; the message begins with the source and the line."""


@cache
def built_in_costs() -> CostTable:
    """Return the list prices that come with the package."""
    return parse_costs(files("pricing.costs").joinpath(_BUILT_IN).read_text(encoding="utf-8"))


def parse_costs(text: str, *, source: str = _BUILT_IN) -> CostTable:
    """Read a table of costs; CostsError, beginning "source:line: ", for anything that is not in order."""
    try:
        return _table(Table(fields_of(text, source)))
    except InvalidToml as error:
        raise CostsError(str(error)) from None
    except (InvalidCosts, InvalidRateCard) as error:
        raise CostsError(located(text, source, error.path, str(error))) from error


def is_currency(text: str) -> bool:
    """Tell whether a text has the form of a currency's code, such as USD."""
    return _CURRENCY.fullmatch(text) is not None


def _table(table: Table) -> CostTable:
    table.refuse_unknown(_FIELDS)
    currency = table.name("currency")
    if not is_currency(currency):
        raise table.invalid("currency", 'write the three capital letters of its code, e.g. "USD".')
    return CostTable(currency, tuple(_rate(rate) for rate in table.tables("costs")))


def _rate(table: Table) -> CostRate:
    table.refuse_unknown(_COST_FIELDS)
    per = table.integer("per") if "per" in table else 1
    if not 1 <= per <= MOST_UNITS_PER_PRICE:
        raise table.invalid("per", f"must be a whole number from 1 to {MOST_UNITS_PER_PRICE}.")
    return CostRate(
        service_type=table.word("service_type", ServiceType),
        provider=table.name("provider"),
        unit_type=table.word("unit_type", UnitType),
        amount=Fraction(table.micros("amount"), MICROS),
        per=per,
        source=_sentence(table),
        since=table.time("from") if "from" in table else None,
    )


def _sentence(table: Table) -> str:
    given: Mapping[str, object] = table.fields
    value = given.get("source")
    if not isinstance(value, str):
        raise table.invalid("source", "say in quotes where the figure comes from, and of what date.")
    try:
        return free_text(value)
    except ValueError as error:
        raise table.invalid("source", str(error)) from None
