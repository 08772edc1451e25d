"""What would fit of a plan, and how long credits last."""

import math
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.credits import Credits
from pricing.fitting import affordable_microseconds, fitting, metered_microseconds
from pricing.quote import AmountTooLarge, PlannedService, quote
from pricing.rate_card import RateCard
from pricing.rate_card_file import built_in_rate_card
from pricing.units import Quantity, ServiceType, UnitType
from pricing.unknown_rate import UnknownProvider

CALL = ("PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS", "VOICE_TTS openai-tts 800 CHARACTERS")
SECOND = 1_000_000
TIMED = (UnitType.MINUTES, UnitType.SECONDS)


@pytest.fixture(scope="module")
def card() -> RateCard:
    return built_in_rate_card()


def plan(*lines: str) -> list[PlannedService]:
    services = []
    for line in lines:
        service_type, provider, units, unit_type = line.split()
        quantity = Quantity.parse(units, UnitType(unit_type))
        services.append(PlannedService(ServiceType(service_type), provider, quantity))
    return services


def what_fits(card: RateCard, limit: str, *lines: str) -> list[str]:
    return [
        f"{line.service_type} {line.provider} {line.quantity} {line.quantity.unit_type} {line.credits}"
        for line in fitting(card, plan(*lines), Credits.parse(limit))
    ]


def test_a_plan_that_fits_is_given_whole(card: RateCard) -> None:
    assert what_fits(card, "104", *CALL) == [
        "PHONE twilio 5 MINUTES 100",
        "GPT gpt-4o-mini 3000 TOKENS 3",
        "VOICE_TTS openai-tts 800 CHARACTERS 1",
    ]


def test_the_same_plan_shrinks_by_a_common_share(card: RateCard) -> None:
    # Of half the call, 1.5 thousand tokens and 400 characters round up to 2 credits and 1.
    assert what_fits(card, "53", *CALL) == [
        "PHONE twilio 2.5 MINUTES 50",
        "GPT gpt-4o-mini 1500 TOKENS 2",
        "VOICE_TTS openai-tts 400 CHARACTERS 1",
    ]


def test_lines_that_come_to_nothing_are_left_out(card: RateCard) -> None:
    assert what_fits(card, "20", "PHONE twilio 1 MINUTES", "VISION gpt-4o 1 IMAGES") == [
        "PHONE twilio 0.999 MINUTES 20"
    ]


def test_nothing_fits_into_nothing(card: RateCard) -> None:
    assert what_fits(card, "0", *CALL) == []
    assert fitting(card, plan(*CALL), Credits(-1)) == ()
    assert fitting(card, (), Credits.ZERO) == ()


def test_what_no_balance_could_hold_shrinks_too(card: RateCard) -> None:
    assert what_fits(card, "100", "PHONE twilio 999999999999 MINUTES") == ["PHONE twilio 5 MINUTES 100"]


def test_a_plan_without_a_rate_is_named(card: RateCard) -> None:
    with pytest.raises(UnknownProvider):
        fitting(card, plan("PHONE carrier 1 MINUTES"), Credits.whole(1))


def test_credits_last_for_all_metered_services_side_by_side(card: RateCard) -> None:
    services = plan(*CALL, "VOICE_STT deepgram 5 MINUTES")
    # A second of both costs 28/60 credits, and each of the two is rounded up by itself.
    assert affordable_microseconds(card, services, Credits.whole(28), at_most=3600 * SECOND) == 60 * SECOND
    assert affordable_microseconds(card, services, Credits.whole(1), at_most=3600 * SECOND) == 0
    assert affordable_microseconds(card, services, Credits.whole(2), at_most=3600 * SECOND) == 3 * SECOND
    assert affordable_microseconds(card, services, Credits.whole(28), at_most=SECOND) == SECOND


def test_what_is_not_metered_by_time_lasts_as_long_as_asked(card: RateCard) -> None:
    services = plan("GPT gpt-4o-mini 3000 TOKENS")
    assert affordable_microseconds(card, services, Credits.ZERO, at_most=7) == 7


def test_minutes_and_seconds_of_one_service_add_up() -> None:
    services = plan(
        "PHONE twilio 1 MINUTES", *CALL, "PHONE twilio 30 SECONDS", "VOICE_STT deepgram 8 SECONDS"
    )
    assert metered_microseconds(services) == {
        (ServiceType.PHONE, "twilio"): 390 * SECOND,
        (ServiceType.VOICE_STT, "deepgram"): 8 * SECOND,
    }


@given(card=..., data=st.data())
def test_it_fits_and_one_step_more_does_not(card: RateCard, data: st.DataObject) -> None:
    services = drawn_plan(card, data)
    limit = data.draw(st.one_of(st.integers(0, 10**9), st.integers(0, 10**18)))
    given_lines = fitting(card, services, Credits(limit))
    assert total(card, [PlannedService(u.service_type, u.provider, u.quantity) for u in given_lines]) <= limit
    if total(card, services) <= limit:
        assert [line.quantity for line in given_lines] == [planned.quantity for planned in services]
        return
    share = share_of(services, [line.quantity for line in given_lines])
    assert cut(services, share) == [line.quantity for line in given_lines]
    following = min(
        Fraction((planned.quantity.micro_units * share) // step(planned) * step(planned) + step(planned))
        / planned.quantity.micro_units
        for planned in services
    )
    if following < 1:
        more = [
            PlannedService(planned.service_type, planned.provider, Quantity(micro_units, unit_type))
            for planned in services
            for unit_type in [planned.quantity.unit_type]
            if (micro_units := micro_units_at(planned, following))
        ]
        assert total(card, more) > limit


@given(card=..., data=st.data())
def test_it_can_be_paid_and_a_microsecond_more_cannot(card: RateCard, data: st.DataObject) -> None:
    services = drawn_plan(card, data)
    limit = data.draw(st.integers(0, 10**18))
    at_most = data.draw(st.integers(0, 10**12))
    microseconds = affordable_microseconds(card, services, Credits(limit), at_most=at_most)
    assert 0 <= microseconds <= at_most
    metered = metered_microseconds(services)
    first_unit = {
        key: next(
            planned.quantity.unit_type
            for planned in services
            if (planned.service_type, planned.provider) == key and planned.quantity.unit_type in TIMED
        )
        for key in metered
    }

    def cost(duration: int) -> float:
        if not duration:
            return 0
        return total(
            card,
            [
                PlannedService(*key, Quantity(-(-duration // (60 if unit is UnitType.MINUTES else 1)), unit))
                for key, unit in first_unit.items()
            ],
        )

    assert cost(microseconds) <= limit
    if microseconds < at_most:
        assert cost(microseconds + 1) > limit


def drawn_plan(card: RateCard, data: st.DataObject) -> list[PlannedService]:
    rates = data.draw(st.lists(st.sampled_from(card.rates), min_size=1, max_size=3))
    amounts = st.one_of(st.integers(1, 5_000_000), st.integers(1, 10**18 - 1))
    return [
        PlannedService(rate.service_type, rate.provider, Quantity(data.draw(amounts), rate.unit_type))
        for rate in rates
    ]


def total(card: RateCard, services: Sequence[PlannedService]) -> float:
    """Return whole micro-credits, or infinity for what costs too much to be recorded."""
    try:
        return quote(card, services).total.micros
    except AmountTooLarge:
        return math.inf


def step(planned: PlannedService) -> int:
    return 1_000 if planned.quantity.unit_type in TIMED else 1_000_000


def micro_units_at(planned: PlannedService, share: Fraction) -> int:
    return int(planned.quantity.micro_units * share) // step(planned) * step(planned)


def cut(services: Sequence[PlannedService], share: Fraction) -> list[Quantity]:
    return [
        Quantity(micro_units, planned.quantity.unit_type)
        for planned in services
        if (micro_units := micro_units_at(planned, share))
    ]


def share_of(services: Sequence[PlannedService], quantities: Sequence[Quantity]) -> Fraction:
    """Find the least share that gives these quantities: that of the line which reached its step last."""
    shares = [Fraction(0)]
    for planned in services:
        for quantity in quantities:
            share = Fraction(quantity.micro_units, planned.quantity.micro_units)
            if quantity.unit_type is planned.quantity.unit_type and share < 1:
                shares.append(share)
    return next(share for share in sorted(shares) if cut(services, share) == list(quantities))
