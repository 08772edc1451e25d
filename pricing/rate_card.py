"""Dated, versioned sets of rates, and which of them prices a usage."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from pricing.credits import FINEST_PRECISION, RoundingMode
from pricing.rate import InvalidRateCard, Rate, Tier
from pricing.units import ServiceType, UnitType, priced_in
from pricing.unknown_rate import UnknownProvider, UnknownRate, UnknownService, UnknownUnit

__all__ = [
    "InvalidRateCard",
    "NoRateCard",
    "Rate",
    "RateCard",
    "RateCards",
    "RateMatch",
    "Tier",
    "UnknownProvider",
    "UnknownRate",
    "UnknownService",
    "UnknownUnit",
]

MADE_UP_OF = " + "
"""Stands between the two versions that a card is made up of."""

RateKey = tuple[ServiceType, str, UnitType]
RateMatch = tuple[Rate, int]
"""A rate, and how many units of the usage make one unit of the rate (60 for seconds by the minute)."""


@dataclass(frozen=True, slots=True)
class RateCard:
    """One version of the prices, in force from a moment on.

    InvalidRateCard for a naive date, a precision outside 0 to 6, or two rates for one thing.
    """

    version: str
    effective_from: datetime
    rounding: RoundingMode
    precision: int
    rates: tuple[Rate, ...]
    _matches: dict[RateKey, RateMatch] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.effective_from.utcoffset() is None:
            raise InvalidRateCard(
                "needs an offset: write for example 2025-01-01T00:00:00Z.", "effective_from"
            )
        if not 0 <= self.precision <= FINEST_PRECISION:
            raise InvalidRateCard(f"must be 0 to {FINEST_PRECISION} decimal places.", "precision")
        object.__setattr__(self, "_matches", _matches(self.rates))

    def overridden_by(self, override: "RateCard") -> "RateCard":
        """Return this card with the rates of another in place of its own, or beside them; all else stays."""
        rates = {_rate_key(rate): rate for rate in (*self.rates, *override.rates)}
        return RateCard(
            version=f"{self.version}{MADE_UP_OF}{override.version}",
            effective_from=max(self.effective_from, override.effective_from),
            rounding=self.rounding,
            precision=self.precision,
            rates=tuple(rates.values()),
        )

    def rate_for(self, service_type: ServiceType, provider: str, unit_type: UnitType) -> Rate:
        """Return the rate that prices the unit; UnknownRate says what the card has instead."""
        return self.match(service_type, provider, unit_type)[0]

    def match(self, service_type: ServiceType, provider: str, unit_type: UnitType) -> RateMatch:
        """Return the rate and the units of the usage that make one of its units; else UnknownRate."""
        match = self._matches.get((service_type, provider, unit_type))
        if match is None:
            raise self._unknown(service_type, provider, unit_type)
        return match

    def _unknown(self, service_type: ServiceType, provider: str, unit_type: UnitType) -> UnknownRate:
        of_service = [rate for rate in self.rates if rate.service_type is service_type]
        if not of_service:
            known = _sorted(rate.service_type for rate in self.rates)
            return UnknownService(service_type, provider, unit_type, known)
        of_provider = [rate for rate in of_service if rate.provider == provider]
        if not of_provider:
            known = _sorted(rate.provider for rate in of_service)
            return UnknownProvider(service_type, provider, unit_type, known)
        known = _sorted(rate.unit_type for rate in of_provider)
        return UnknownUnit(service_type, provider, unit_type, known)


class NoRateCard(LookupError):  # noqa: N818 - named for the state, as every refusal here
    """No rate card is in force yet at the time that was asked for."""


class RateCards:
    """All published versions, in publishing order."""

    def __init__(self, cards: Iterable[RateCard]) -> None:
        self._published = tuple(cards)
        # sorted() is stable: of two with one date, the later published stays the later.
        self._by_date = sorted(self._published, key=_effective_from)

    def __iter__(self) -> Iterator[RateCard]:
        return iter(self._published)

    def in_force(self, at: datetime) -> RateCard:
        """Return the latest card in force at the (aware) time; of equal dates, the later published.

        Raises NoRateCard before the first card's date.
        """
        following = bisect_right(self._by_date, at, key=_effective_from)
        if following == 0:
            raise NoRateCard(f"No rate card is in force at {at.isoformat()}.")
        return self._by_date[following - 1]


def _matches(rates: tuple[Rate, ...]) -> dict[RateKey, RateMatch]:
    matches: dict[RateKey, RateMatch] = {}
    for position, rate in enumerate(rates):
        key = _rate_key(rate)
        if key in matches:
            raise InvalidRateCard(
                f"a second rate for {rate.service_type}, {rate.provider!r}, {rate.unit_type}: keep one.",
                "rates",
                position,
            )
        matches[key] = (rate, 1)
    # A card's own rate for the unit always wins.
    for rate in rates:
        for unit_type, units_in_one in _prices(rate.service_type, rate.unit_type):
            matches.setdefault((rate.service_type, rate.provider, unit_type), (rate, units_in_one))
    return matches


@cache
def _prices(service_type: ServiceType, rate_unit: UnitType) -> tuple[tuple[UnitType, int], ...]:
    return tuple(
        (unit_type, units_in_one)
        for unit_type in UnitType
        for priced_by, units_in_one in priced_in(service_type, unit_type)
        if priced_by is rate_unit
    )


def _rate_key(rate: Rate) -> RateKey:
    return rate.service_type, rate.provider, rate.unit_type


def _effective_from(card: RateCard) -> datetime:
    return card.effective_from


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in names}))
