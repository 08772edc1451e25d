"""The price of one usage, and of a whole plan line by line."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from pricing.charge import billed_units, exact_amount
from pricing.credits import MICROS_PER_CREDIT, Credits, round_credits
from pricing.decimal_text import LIMIT_MICROS
from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.units import Quantity, ServiceType


class AmountTooLarge(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A price or total with more than 12 digits before the point: no balance could hold it."""


@dataclass(frozen=True, slots=True)
class PricedUsage:
    """One usage and its price: `credits` as charged, and the exact amount in micro-credits beside it.

    The exact amount is the reduced fraction exact_numerator/exact_denominator, before rounding.
    """

    rate: Rate
    service_type: ServiceType
    provider: str
    quantity: Quantity
    exact_numerator: int
    exact_denominator: int
    credits: Credits

    @property
    def exact(self) -> Fraction:
        """The amount before rounding, in credits."""
        return Fraction(self.exact_numerator, self.exact_denominator * MICROS_PER_CREDIT)


@dataclass(frozen=True, slots=True)
class PlannedService:
    """A service that a workflow means to use."""

    service_type: ServiceType
    provider: str
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Quote:
    """What a plan costs by one rate card; the total is the sum of the rounded lines."""

    card_version: str
    lines: tuple[PricedUsage, ...]
    total: Credits


def price(card: RateCard, service_type: ServiceType, provider: str, quantity: Quantity) -> PricedUsage:
    """Price one usage: billing increment, then rate or tiers, then minimum, then the card's rounding.

    Raises UnknownRate where the card has no rate, AmountTooLarge where no balance could hold the price.
    """
    rate, units_in_one = card.match(service_type, provider, quantity.unit_type)
    billed = billed_units(rate, units_in_one, quantity.micro_units)
    numerator, denominator = exact_amount(rate, units_in_one, billed)
    credits_ = round_credits(numerator, denominator, precision=card.precision, mode=card.rounding)
    if credits_.micros >= LIMIT_MICROS:
        raise AmountTooLarge(f"{quantity} {quantity.unit_type} of {provider!r} cost too much to be recorded.")
    divisor = gcd(numerator, denominator)
    return PricedUsage(
        rate, service_type, provider, quantity, numerator // divisor, denominator // divisor, credits_
    )


def quote(card: RateCard, services: Iterable[PlannedService]) -> Quote:
    """Price a plan line by line; the errors are those of `price`."""
    lines = tuple(
        price(card, planned.service_type, planned.provider, planned.quantity) for planned in services
    )
    total = Credits.total(line.credits for line in lines)
    if total.micros >= LIMIT_MICROS:
        raise AmountTooLarge("The plan costs too much to be recorded.")
    return Quote(card.version, lines, total)
