"""The price of one usage, and of a whole plan line by line."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from pricing.credits import MICROS_PER_CREDIT, Credits, round_credits
from pricing.decimal_text import LIMIT_MICROS, MICROS
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
    numerator, denominator = _exact_amount(rate, units_in_one, quantity.micro_units)
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


def _exact_amount(rate: Rate, units_in_one: int, micro_units: int) -> tuple[int, int]:
    # Everything is scaled by units_in_one instead of divided by it, so that integers stay exact.
    if rate.increment_micro_units is not None:
        increment = rate.increment_micro_units * units_in_one
        micro_units = -(-micro_units // increment) * increment
    charge = _graduated(rate, units_in_one, micro_units) if rate.tiers else micro_units * rate.price_micros
    denominator = MICROS * rate.per * units_in_one
    if charge < rate.minimum_micros * denominator:
        return rate.minimum_micros, 1
    return charge, denominator


def _graduated(rate: Rate, units_in_one: int, micro_units: int) -> int:
    charge = 0
    lower = 0
    for tier in rate.tiers:
        bound = tier.up_to_micro_units
        upper = micro_units if bound is None else min(micro_units, bound * units_in_one)
        charge += (upper - lower) * tier.price_micros
        if upper == micro_units:
            break
        lower = upper
    return charge
