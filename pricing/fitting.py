"""What would fit: a plan made smaller until its price is within a limit, and how long a limit lasts."""

from collections.abc import Callable, Sequence

from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS, MICROS
from pricing.quote import AmountTooLarge, PlannedService, PricedUsage, quote
from pricing.rate_card import RateCard
from pricing.units import SECONDS_PER_MINUTE, Quantity, ServiceType, UnitType

MeteredService = tuple[ServiceType, str]
"""A service type and its provider, metered by time."""

_MICROS_OF_TIME = {UnitType.SECONDS: 1, UnitType.MINUTES: SECONDS_PER_MINUTE}
_THOUSANDTH = MICROS // 1_000


def fitting(card: RateCard, services: Sequence[PlannedService], limit: Credits) -> tuple[PricedUsage, ...]:
    """Price the largest common share of a plan whose rounded total is within the limit.

    A plan that fits is given whole. In a smaller one, minutes and seconds are cut to thousandths, all else
    to whole units; lines that come to nothing are left out, so that nothing is left where nothing fits.
    Raises UnknownRate where the card has no rate.
    """
    if _fits(card, services, limit):
        return quote(card, services).lines
    # Two shares at which some line gains a step lie further apart than one of these slices: none is missed.
    largest = max((planned.quantity.micro_units for planned in services), default=0)
    slices = 1 << (2 * largest.bit_length() + 1)
    share = _most(slices - 1, lambda share: _fits(card, _cut(services, share, slices), limit))
    return quote(card, _cut(services, share, slices)).lines


def affordable_microseconds(
    card: RateCard, services: Sequence[PlannedService], limit: Credits, *, at_most: int
) -> int:
    """Return how many microseconds all time-metered services of a plan, side by side, can be paid.

    Each is priced as one usage of that length, rounded. `at_most`, also in microseconds, is the answer
    where no service is metered by time. Raises UnknownRate where the card has no rate.
    """
    metered = {
        (planned.service_type, planned.provider): planned.quantity.unit_type
        for planned in reversed(services)
        if planned.quantity.unit_type in _MICROS_OF_TIME
    }
    return _most(
        min(at_most, LIMIT_MICROS - 1),
        lambda microseconds: _fits(card, _running(metered, microseconds), limit),
    )


def metered_microseconds(services: Sequence[PlannedService]) -> dict[MeteredService, int]:
    """Add up how long each time-metered service is planned; the shortest says how long all of them last."""
    planned_for: dict[MeteredService, int] = {}
    for planned in services:
        micros = _MICROS_OF_TIME.get(planned.quantity.unit_type)
        if micros is not None:
            key = (planned.service_type, planned.provider)
            planned_for[key] = planned_for.get(key, 0) + planned.quantity.micro_units * micros
    return planned_for


def _fits(card: RateCard, services: Sequence[PlannedService], limit: Credits) -> bool:
    try:
        return quote(card, services).total <= limit
    except AmountTooLarge:
        return False


def _most(highest: int, fits: Callable[[int], bool]) -> int:
    # More never costs less, so that what fits is a range from 0 on.
    lowest = 0
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        if fits(middle):
            lowest = middle
        else:
            highest = middle - 1
    return lowest


def _cut(services: Sequence[PlannedService], share: int, slices: int) -> list[PlannedService]:
    smaller = []
    for planned in services:
        unit_type = planned.quantity.unit_type
        step = _THOUSANDTH if unit_type in _MICROS_OF_TIME else MICROS
        micro_units = planned.quantity.micro_units * share // slices // step * step
        if micro_units:
            quantity = Quantity(micro_units, unit_type)
            smaller.append(PlannedService(planned.service_type, planned.provider, quantity))
    return smaller


def _running(metered: dict[MeteredService, UnitType], microseconds: int) -> list[PlannedService]:
    if not microseconds:
        return []
    return [
        # A started micro-minute counts as a whole one: what is promised can always be paid.
        PlannedService(
            service_type, provider, Quantity(-(-microseconds // _MICROS_OF_TIME[unit_type]), unit_type)
        )
        for (service_type, provider), unit_type in metered.items()
    ]
