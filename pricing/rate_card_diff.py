"""What two rate cards have different prices for."""

from dataclasses import dataclass
from fractions import Fraction

from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.units import ServiceType, UnitType


@dataclass(frozen=True, slots=True)
class RateDifference:
    """One thing that is priced otherwise; None is a card that has no rate for it."""

    service_type: ServiceType
    provider: str
    unit_type: UnitType
    before: Rate | None
    after: Rate | None

    @property
    def price_change(self) -> Fraction | None:
        """By what share of the price before it is dearer; negative where it is cheaper.

        None where there is nothing to compare: with tiers there is no one price, and free is no share of.
        """
        if self.before is None or self.after is None or self.before.tiers or self.after.tiers:
            return None
        if not self.before.price_micros:
            return None
        return _price(self.after) / _price(self.before) - 1


@dataclass(frozen=True, slots=True)
class RateCardDiff:
    """Two cards, and the rates that one of them has alone or otherwise, by service, provider and unit."""

    before: RateCard
    after: RateCard
    added: tuple[RateDifference, ...]
    removed: tuple[RateDifference, ...]
    changed: tuple[RateDifference, ...]
    unchanged_count: int

    @property
    def changes_rounding(self) -> bool:
        """Whether amounts are rounded otherwise."""
        return _rounding(self.before) != _rounding(self.after)


def diff(before: RateCard, after: RateCard) -> RateCardDiff:
    """Compare two cards, rate by rate; versions and dates are not compared."""
    old, new = _by_key(before), _by_key(after)
    differences = [
        RateDifference(*key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())
    ]
    return RateCardDiff(
        before,
        after,
        added=tuple(each for each in differences if each.before is None),
        removed=tuple(each for each in differences if each.after is None),
        changed=tuple(
            each for each in differences if each.before and each.after and each.before != each.after
        ),
        unchanged_count=sum(each.before == each.after for each in differences),
    )


def _by_key(card: RateCard) -> dict[tuple[ServiceType, str, UnitType], Rate]:
    return {(rate.service_type, rate.provider, rate.unit_type): rate for rate in card.rates}


def _price(rate: Rate) -> Fraction:
    return Fraction(rate.price_micros, rate.per)


def _rounding(card: RateCard) -> tuple[str, int]:
    return card.rounding, card.precision
