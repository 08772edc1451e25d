"""What can be asked for: bad input names the field and the fix; what a job keeps is what was asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.analytics import RunsLike
from metering.replaying import (
    InvalidReplay,
    ReplayRequest,
    configuration_from_settings,
    rate_card_fields,
    rate_card_from_json,
    read_request,
)
from metering.replaying.written import written_request
from models.base import canonical_json
from pricing.credits import RoundingMode
from pricing.rate import Rate, Tier
from pricing.rate_card_file import built_in_rate_card
from pricing.units import ServiceType, UnitType
from tests.metering.replaying.history import DAY, NEXT_DAY, dearer_card, replayed
from tests.tenant import Tenant

CONFIGURATION = configuration_from_settings({"primary_ai_model": "gpt-4", "max_credits_per_request": "0.5"})


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"end": DAY}, "to", "it must be later than from."),
        (
            {"end": DAY + timedelta(days=400, microseconds=1)},
            "to",
            "at most 400 days after from can be replayed at once.",
        ),
        ({"configuration": CONFIGURATION}, "configuration", "give either preset or configuration, not both."),
        (
            {"rate_card": dearer_card(), "rate_card_version": "v"},
            "rateCard",
            "give either rateCardVersion or rateCard, not both.",
        ),
        (
            {"preset": None},
            "preset",
            (
                "give preset or configuration, rateCardVersion or rateCard, or one of each: they say what is to "
                "be otherwise."
            ),
        ),
    ],
)
def test_what_cannot_be(fields: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(InvalidReplay) as refused:
        ReplayRequest(**{"start": DAY, "end": NEXT_DAY, "preset": "balanced", **fields})
    assert (refused.value.field, str(refused.value)) == (field, message)


def test_a_whole_400_days() -> None:
    assert ReplayRequest(DAY, DAY + timedelta(days=400), preset="balanced").preset == "balanced"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"primary_model": "gpt-4"}, "configuration.primary_model"),
        ({"max_credits_per_request": 0.5}, "configuration.max_credits_per_request"),
        ({"voice_enabled": False, "tts_provider": "cartesia"}, "configuration.tts_provider"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidReplay) as refused:
        configuration_from_settings(settings)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"precision": 7}, "rateCard.precision", "must be 0 to 6 decimal places."),
        ({"rates": []}, "rateCard.rates", "write at least one table"),
        ({"colour": "red"}, "rateCard.colour", "there is no such field"),
        (
            {"rates": [{"service_type": "GPT", "provider": "x", "unit_type": "TOKENS", "price": 0.5}]},
            "rateCard.rates[0].price",
            "write a number in quotes, for example",
        ),
        ({"effective_from": "2026-01-01T00:00:00"}, "rateCard.effective_from", "needs an offset"),
    ],
)
def test_cards_that_cannot_be(change: dict[str, object], field: str, message: str) -> None:
    with pytest.raises(InvalidReplay, match=message) as refused:
        rate_card_from_json({**rate_card_fields(built_in_rate_card()), **change})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"preset": "cheap"}, "preset", "There is no preset 'cheap'."),
        ({"rate_card_version": "v9"}, "rateCardVersion", "there is no version 'v9'."),
        (
            {"configuration": configuration_from_settings({"primary_ai_model": "gpt-5"})},
            "configuration.primary_ai_model",
            "there is no GPT provider 'gpt-5'.",
        ),
    ],
)
async def test_what_the_store_does_not_know(
    tenant: Tenant, fields: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(InvalidReplay) as refused:
        await replayed(tenant, **fields)
    assert refused.value.field == field
    assert str(refused.value).startswith(message)


async def test_a_supplied_card_makes_its_providers_known(tenant: Tenant) -> None:
    rate = Rate(ServiceType.GPT, "gpt-5", UnitType.TOKENS, 1_000)
    card = replace(built_in_rate_card(), version="next", rates=(*built_in_rate_card().rates, rate))
    configuration = configuration_from_settings({"primary_ai_model": "gpt-5"})
    assert (await replayed(tenant, configuration=configuration, rate_card=card)).totals.run_count == 0


@pytest.mark.parametrize(
    "request_",
    [
        ReplayRequest(DAY, NEXT_DAY, preset="balanced"),
        ReplayRequest(DAY, NEXT_DAY, configuration=CONFIGURATION, rate_card_version="v"),
        ReplayRequest(DAY, NEXT_DAY, rate_card=dearer_card()),
        ReplayRequest(
            DAY,
            NEXT_DAY,
            preset="balanced",
            runs=RunsLike("name", "adapter", UUID(int=1), "user", UUID(int=2)),
        ),
    ],
)
def test_a_request_is_read_as_it_was_written(request_: ReplayRequest) -> None:
    written = written_request(request_)
    assert canonical_json(written)
    assert read_request(written) == request_


amounts = st.integers(1, 10**12)
tiers = st.lists(amounts, max_size=3, unique=True).map(
    lambda bounds: (*(Tier(bound, bound) for bound in sorted(bounds)), Tier(None, 7))
)
rates = st.one_of(
    st.builds(
        Rate,
        st.sampled_from(ServiceType),
        st.just("a"),
        st.sampled_from(UnitType),
        amounts,
        per=st.integers(1, 10**6),
        minimum_micros=amounts,
        increment_micro_units=st.none() | amounts,
    ),
    st.builds(
        Rate, st.sampled_from(ServiceType), st.just("b"), st.sampled_from(UnitType), st.just(0), tiers=tiers
    ),
    st.builds(
        Rate,
        st.sampled_from(ServiceType),
        st.just("c"),
        st.sampled_from(UnitType),
        st.just(0),
        free=st.sampled_from((True,)),
    ),
)


@given(
    rates=st.lists(
        rates, min_size=1, unique_by=lambda rate: (rate.service_type, rate.provider, rate.unit_type)
    ),
    rounding=st.sampled_from(RoundingMode),
    precision=st.integers(0, 6),
)
def test_a_card_is_read_as_it_was_written(rates: list[Rate], rounding: RoundingMode, precision: int) -> None:
    card = replace(built_in_rate_card(), rates=tuple(rates), rounding=rounding, precision=precision)
    assert rate_card_from_json(rate_card_fields(card)) == card
