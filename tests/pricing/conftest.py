"""Teaches Hypothesis to make any valid rate card and any quantity: tests ask for them by type."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard, Tier
from pricing.units import Quantity, ServiceType, UnitType

# Small numbers meet the edges of tiers and roundings, middling ones are life, huge ones break integers.
AMOUNTS = st.one_of(
    st.integers(1, 30), st.integers(1, 50_000_000), st.integers(1, 10**18 - 1), st.just(1_000_000)
)
AMOUNTS_OR_ZERO = st.one_of(st.just(0), AMOUNTS)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    bounds = [*sorted(draw(st.sets(AMOUNTS, max_size=4))), None]
    prices = draw(st.lists(AMOUNTS_OR_ZERO, min_size=len(bounds), max_size=len(bounds)))
    return tuple(Tier(bound, amount) for bound, amount in zip(bounds, prices, strict=True))


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    slices = draw(st.one_of(st.just(()), tiers()))
    price_micros = 0 if slices else draw(AMOUNTS_OR_ZERO)
    minimum_micros = draw(AMOUNTS_OR_ZERO)
    return Rate(
        draw(st.sampled_from(ServiceType)),
        draw(st.sampled_from(["twilio", "gpt-4o", "δelta"])),
        draw(st.sampled_from(UnitType)),
        price_micros,
        per=draw(st.one_of(st.sampled_from([1, 1000, 1_000_000]), st.integers(1, 10**12))),
        minimum_micros=minimum_micros,
        increment_micro_units=draw(st.one_of(st.none(), AMOUNTS)),
        free=not (price_micros or minimum_micros or any(tier.price_micros for tier in slices)),
        tiers=slices,
    )


@st.composite
def rate_cards(draw: st.DrawFn) -> RateCard:
    return RateCard(
        version="drawn",
        effective_from=datetime(2025, 1, 1, tzinfo=UTC),
        rounding=draw(st.sampled_from(RoundingMode)),
        precision=draw(st.integers(0, 6)),
        rates=tuple(
            draw(
                st.lists(
                    rates(),
                    min_size=1,
                    max_size=4,
                    unique_by=lambda rate: (rate.service_type, rate.provider, rate.unit_type),
                )
            )
        ),
    )


st.register_type_strategy(RateCard, rate_cards())
st.register_type_strategy(Quantity, st.builds(Quantity, AMOUNTS, st.sampled_from(UnitType)))
