"""What holds for any rate card and any quantity."""

import math
from fractions import Fraction

from hypothesis import assume, event, given
from hypothesis import strategies as st

from pricing.credits import Credits, RoundingMode
from pricing.quote import AmountTooLarge, PlannedService, PricedUsage, price, quote
from pricing.rate_card import Rate, RateCard
from pricing.units import Quantity, UnitType


def usage_of(card: RateCard, rate: Rate, quantity: Quantity) -> PricedUsage:
    return price(card, rate.service_type, rate.provider, quantity)


def micros_charged(card: RateCard, rate: Rate, quantity: Quantity) -> float:
    """Return whole micro-credits, or infinity for what costs too much to be recorded."""
    try:
        return usage_of(card, rate, quantity).credits.micros
    except AmountTooLarge:
        event("too large")
        return math.inf


def payable_usage(card: RateCard, rate: Rate, quantity: Quantity) -> PricedUsage:
    try:
        return usage_of(card, rate, quantity)
    except AmountTooLarge:
        assume(False)  # noqa: FBT003 - Hypothesis' way to pass over an example
        raise


@given(card=..., one=..., other=..., data=st.data())
def test_more_units_never_cost_less(
    card: RateCard, one: Quantity, other: Quantity, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from(card.rates))
    fewer, more = sorted(quantity.micro_units for quantity in (one, other))
    assert micros_charged(card, rate, Quantity(fewer, rate.unit_type)) <= micros_charged(
        card, rate, Quantity(more, rate.unit_type)
    )


@given(card=..., quantity=..., data=st.data())
def test_one_more_millionth_never_costs_less(card: RateCard, quantity: Quantity, data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from(card.rates))
    bounds = [tier.up_to_micro_units for tier in rate.tiers if tier.up_to_micro_units is not None]
    micro_units = data.draw(st.sampled_from([quantity.micro_units, *bounds]))
    assume(micro_units < 10**18 - 1)
    assert micros_charged(card, rate, Quantity(micro_units, rate.unit_type)) <= micros_charged(
        card, rate, Quantity(micro_units + 1, rate.unit_type)
    )


@given(card=..., quantities=..., data=st.data())
def test_lines_add_up_to_the_total(card: RateCard, quantities: list[Quantity], data: st.DataObject) -> None:
    rates = [data.draw(st.sampled_from(card.rates)) for _ in quantities]
    services = [
        PlannedService(rate.service_type, rate.provider, Quantity(quantity.micro_units, rate.unit_type))
        for rate, quantity in zip(rates, quantities, strict=True)
    ]
    lines = [
        micros_charged(card, rate, service.quantity) for rate, service in zip(rates, services, strict=True)
    ]
    try:
        quoted = quote(card, services)
    except AmountTooLarge:
        assert sum(lines) >= 10**18
        return
    assert [line.credits.micros for line in quoted.lines] == lines
    assert quoted.total == Credits.total(line.credits for line in quoted.lines)


@given(card=..., quantity=..., data=st.data())
def test_rounding_moves_less_than_one_step_and_up_never_undercharges(
    card: RateCard, quantity: Quantity, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from(card.rates))
    usage = payable_usage(card, rate, Quantity(quantity.micro_units, rate.unit_type))
    charged = Fraction(usage.credits.micros, 10**6)
    assert abs(charged - usage.exact) < Fraction(1, 10**card.precision)
    assert math.gcd(usage.exact_numerator, usage.exact_denominator) == 1
    if card.rounding is RoundingMode.UP:
        assert usage.exact <= charged
    if card.rounding is RoundingMode.DOWN:
        assert charged <= usage.exact
    if rate.free:
        assert usage.credits == Credits.ZERO


@given(card=..., quantity=..., data=st.data())
def test_the_exact_amount_is_what_the_rules_say(
    card: RateCard, quantity: Quantity, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from(card.rates))
    usage = payable_usage(card, rate, Quantity(quantity.micro_units, rate.unit_type))
    assert usage.exact == by_the_book(rate, quantity.micro_units)


def by_the_book(rate: Rate, micro_units: int) -> Fraction:
    """Price as the rules read, in slow fractions of whole units."""
    units = Fraction(micro_units, 10**6)
    if rate.increment_micro_units is not None:
        increment = Fraction(rate.increment_micro_units, 10**6)
        units = math.ceil(units / increment) * increment
    tiers = [(tier.up_to_micro_units, tier.price_micros) for tier in rate.tiers] or [
        (None, rate.price_micros)
    ]
    amount, lower = Fraction(0), Fraction(0)
    for up_to, price_micros in tiers:
        upper = units if up_to is None else Fraction(up_to, 10**6)
        amount += max(Fraction(0), min(units, upper) - lower) * Fraction(price_micros, 10**6) / rate.per
        lower = upper
    return max(amount, Fraction(rate.minimum_micros, 10**6))


@given(card=..., micro_minutes=st.integers(1, 10**15), data=st.data())
def test_seconds_cost_the_same_as_the_same_minutes(
    card: RateCard, micro_minutes: int, data: st.DataObject
) -> None:
    drawn = data.draw(st.sampled_from(card.rates))
    by_the_minute = Rate(
        drawn.service_type,
        drawn.provider,
        UnitType.MINUTES,
        drawn.price_micros,
        drawn.per,
        drawn.minimum_micros,
        drawn.increment_micro_units,
        drawn.free,
        drawn.tiers,
    )
    card = RateCard("minutes", card.effective_from, card.rounding, card.precision, (by_the_minute,))
    minutes = payable_usage(card, by_the_minute, Quantity(micro_minutes, UnitType.MINUTES))
    seconds = payable_usage(card, by_the_minute, Quantity(micro_minutes * 60, UnitType.SECONDS))
    assert seconds.exact == minutes.exact
    assert seconds.credits == minutes.credits
