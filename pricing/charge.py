"""What a rate charges for units, in whole numbers: the steps by which usages are priced and explained.

Everything is scaled by units_in_one, the units of the usage that make one of the rate's, instead of divided
by it, so that integers stay exact.
"""

from collections.abc import Iterator

from pricing.decimal_text import MICROS
from pricing.rate import Rate, Tier

Slice = tuple[int, int, Tier]
"""The units beyond one number, up to and including another, both scaled; and the tier that prices them."""


def billed_units(rate: Rate, units_in_one: int, micro_units: int) -> int:
    """Return the scaled millionths that are billed: all, or the started increments."""
    if rate.increment_micro_units is None:
        return micro_units
    increment = rate.increment_micro_units * units_in_one
    return -(-micro_units // increment) * increment


def slices(rate: Rate, units_in_one: int, billed: int) -> Iterator[Slice]:
    """Give what is billed tier by tier, as far as it goes; a rate without tiers is one open tier."""
    if not rate.tiers:
        yield 0, billed, Tier(None, rate.price_micros)
        return
    lower = 0
    for tier in rate.tiers:
        bound = tier.up_to_micro_units
        upper = billed if bound is None else min(billed, bound * units_in_one)
        yield lower, upper, tier
        if upper == billed:
            break
        lower = upper


def exact_amount(rate: Rate, units_in_one: int, billed: int) -> tuple[int, int]:
    """Return micro-credits as numerator and denominator: the charge, or the minimum where that is more."""
    if rate.tiers:
        charge = 0
        for lower, upper, tier in slices(rate, units_in_one, billed):
            charge += (upper - lower) * tier.price_micros
    else:
        charge = billed * rate.price_micros
    denominator = MICROS * rate.per * units_in_one
    if charge < rate.minimum_micros * denominator:
        return rate.minimum_micros, 1
    return charge, denominator
