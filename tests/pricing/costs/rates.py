"""Tables of costs in one line each: `table("2026-01-01 PHONE twilio 0.014 MINUTES")`, a dash for no date."""

from datetime import UTC, datetime
from fractions import Fraction

from pricing.costs import CostRate, CostTable
from pricing.units import ServiceType, UnitType


def rate(text: str) -> CostRate:
    """Read "2026-01-01 GPT gpt-4o 2.5/1000000 INPUT_TOKENS"."""
    since, service_type, provider, amount, unit_type = text.split()
    amount, _, per = amount.partition("/")
    return CostRate(
        ServiceType(service_type),
        provider,
        UnitType(unit_type),
        Fraction(amount),
        int(per or 1),
        text,
        None if since == "-" else day(since),
    )


def table(*rates: str, currency: str = "USD") -> CostTable:
    return CostTable(currency, tuple(rate(text) for text in rates))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
