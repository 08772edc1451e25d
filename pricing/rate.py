"""One rate: the price of one service type, provider and unit type, and the rules it keeps."""

from dataclasses import dataclass
from itertools import pairwise

from pricing.decimal_text import LIMIT_MICROS
from pricing.units import ServiceType, UnitType

MOST_UNITS_PER_PRICE = 10**12


class InvalidRateCard(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A rate or rate card that breaks a rule; `path` leads to the field, e.g. ("rates", 3, "price")."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Tier:
    """One slice of a graduated rate: the price of the units up to and including a bound; None is no bound."""

    up_to_micro_units: int | None
    price_micros: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The price, in micro-credits for `per` units; with tiers, each slice of a usage at its tier's price.

    `increment_micro_units` rounds the units up first (a started minute); `minimum_micros` is the least that
    one usage costs. InvalidRateCard for a rate that contradicts itself, or would charge 0 without
    being `free`.
    """

    service_type: ServiceType
    provider: str
    unit_type: UnitType
    price_micros: int
    per: int = 1
    minimum_micros: int = 0
    increment_micro_units: int | None = None
    free: bool = False
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        _check_amount(self.price_micros, "price")
        _check_amount(self.minimum_micros, "minimum")
        if not 1 <= self.per <= MOST_UNITS_PER_PRICE:
            raise InvalidRateCard(f"must be a whole number from 1 to {MOST_UNITS_PER_PRICE}.", "per")
        if self.increment_micro_units is not None and not 0 < self.increment_micro_units < LIMIT_MICROS:
            raise InvalidRateCard("must be more than 0; leave it out to bill units exactly.", "increment")
        if self.tiers:
            _check_tiers(self)
        _check_free(self)


def _check_amount(micros: int, *path: str | int) -> None:
    if not 0 <= micros < LIMIT_MICROS:
        raise InvalidRateCard("must be 0 or more, with at most 12 digits before the point.", *path)


def _check_tiers(rate: Rate) -> None:
    if rate.price_micros:
        raise InvalidRateCard("give either a price or tiers, not both: the tiers hold the prices.", "price")
    *bounded, last = rate.tiers
    if last.up_to_micro_units is not None:
        raise InvalidRateCard(
            "the last tier must be open: leave its up_to out.", "tiers", len(bounded), "up_to"
        )
    for position, tier in enumerate(rate.tiers):
        _check_amount(tier.price_micros, "tiers", position, "price")
    bounds = [0]
    for position, tier in enumerate(bounded):
        if tier.up_to_micro_units is None:
            raise InvalidRateCard("only the last tier is open: give this one an up_to.", "tiers", position)
        bounds.append(tier.up_to_micro_units)
    for position, (lower, upper) in enumerate(pairwise(bounds)):
        if not lower < upper < LIMIT_MICROS:
            raise InvalidRateCard(
                "tiers must ascend: each up_to is more than the one before it, and more than 0.",
                "tiers",
                position,
                "up_to",
            )


def _check_free(rate: Rate) -> None:
    prices = [tier.price_micros for tier in rate.tiers] or [rate.price_micros]
    charges = any(prices) or rate.minimum_micros > 0
    if rate.free and charges:
        raise InvalidRateCard("a free rate has no price and no minimum: remove free or the amounts.", "free")
    if not charges and not rate.free:
        raise InvalidRateCard(
            "charges nothing: give a price, or say free = true.", "tiers" if rate.tiers else "price"
        )
