"""What two cards have different prices for."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard, Tier
from pricing.rate_card_diff import diff
from pricing.units import ServiceType, UnitType

PHONE = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000)
SMS = Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 1_000_000)
FREE = Rate(ServiceType.SMS, "own", UnitType.MESSAGES, 0, free=True)
TIERED = replace(PHONE, price_micros=0, tiers=(Tier(5, 2), Tier(None, 1)))


def card(*rates: Rate, precision: int = 0) -> RateCard:
    return RateCard("v", datetime(2026, 1, 1, tzinfo=UTC), RoundingMode.UP, precision, rates)


def test_rates_are_added_removed_changed_or_the_same() -> None:
    found = diff(card(PHONE, SMS, FREE), card(replace(PHONE, minimum_micros=1), FREE, TIERED_STT))
    assert [(each.before, each.after) for each in found.added] == [(None, TIERED_STT)]
    assert [(each.before, each.after) for each in found.removed] == [(SMS, None)]
    [changed] = found.changed
    assert (changed.before, changed.after) == (PHONE, replace(PHONE, minimum_micros=1))
    assert (changed.price_change, found.unchanged_count, found.changes_rounding) == (0, 1, False)
    assert diff(card(PHONE), card(PHONE, precision=1)).changes_rounding


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (PHONE, replace(PHONE, price_micros=25_000_000), Fraction(1, 4)),
        (PHONE, replace(PHONE, price_micros=20_000_000, per=3), Fraction(-2, 3)),
        (PHONE, replace(PHONE, price_micros=0, free=True), Fraction(-1)),
        (replace(PHONE, price_micros=0, free=True), PHONE, None),
        (PHONE, TIERED, None),
        (TIERED, PHONE, None),
    ],
)
def test_a_price_is_compared_by_the_unit(before: Rate, after: Rate, change: Fraction | None) -> None:
    [found] = diff(card(before), card(after)).changed
    assert found.price_change == change


TIERED_STT = replace(TIERED, service_type=ServiceType.VOICE_STT, provider="deepgram")
