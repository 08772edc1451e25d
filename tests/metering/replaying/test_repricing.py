"""One run again, as pure values: what a stored history cannot easily show."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.service_configuration import ServicePresets
from metering.errors import NoRateCardInForce
from metering.replaying.charged import ChargedRun, ChargedUsage
from metering.replaying.figures import MOST_EXAMPLES, MOST_ROWS
from metering.replaying.repricing import ReplayRefusalKind, ReplayTerms, RepricedUsage, RunRefused, repriced
from metering.replaying.tally import Tally
from metering.replaying.written import read_replay, written_replay
from pricing.catalogue import RequestComplexity, built_in_catalogue
from pricing.configuration import AccuracyRequirement, ServiceConfiguration
from pricing.quote import AmountTooLarge, price
from pricing.rate_card import RateCard
from pricing.rate_card_file import built_in_rate_card
from pricing.selection import Need, SelectionRefused, ServiceRequest, select
from pricing.units import ServiceType
from tests.tenant import metered

NINE = datetime(2026, 3, 3, 9, tzinfo=UTC)
NOBODY = UUID(int=0)
CARD = built_in_rate_card()
USAGES = (
    "PHONE twilio {} MINUTES",
    "GPT gpt-4o {} TOKENS",
    "GPT gpt-4o-mini {} INPUT_TOKENS",
    "VOICE_STT deepgram {} SECONDS",
    "VOICE_TTS elevenlabs {} CHARACTERS",
    "VISION gpt-4o {} IMAGES",
)


def run(*usages: str, minutes: int = 0, started_at: datetime = NINE) -> ChargedRun:
    """A run of usages that were charged a credit each, each so many minutes after the one before."""
    return ChargedRun(
        id=NOBODY,
        workflow_name="w",
        agent_id=None,
        started_at=started_at,
        usages=tuple(
            ChargedUsage(
                past.service_type,
                past.provider,
                past.quantity,
                1_000_000,
                started_at + timedelta(minutes=number * minutes),
            )
            for number, past in enumerate(map(metered, usages))
        ),
    )


def terms(
    configuration: ServiceConfiguration | None, card_at: Callable[[datetime], RateCard] = lambda _at: CARD
) -> ReplayTerms:
    return ReplayTerms(card_at, built_in_catalogue(), configuration)


def later(at: datetime) -> RateCard:
    """A store whose first card comes into force at ten."""
    if at < NINE + timedelta(hours=1):
        raise NoRateCardInForce(at)
    return CARD


@pytest.mark.parametrize("configuration", [None, ServiceConfiguration()])
def test_no_card_was_in_force(configuration: ServiceConfiguration | None) -> None:
    outcome = repriced(run("GPT gpt-4o 1 TOKENS"), terms(configuration, later))
    assert isinstance(outcome, RunRefused)
    assert outcome.kind is ReplayRefusalKind.NO_RATE_CARD_IN_FORCE
    assert outcome.sentence.startswith("No rate card is in force at 2026-03-03T09:00:00+00:00")


def test_the_chosen_provider_is_gone_from_the_card_when_it_is_used() -> None:
    without = replace(CARD, rates=tuple(rate for rate in CARD.rates if rate.provider != "gpt-4"))

    def card_at(at: datetime) -> RateCard:
        return CARD if at == NINE else without

    premium = terms(ServicePresets.premium_quality(), card_at)
    assert repriced(run("GPT gpt-4o 1000 TOKENS"), premium) == (RepricedUsage("gpt-4", 25_000_000),)
    outcome = repriced(run("GPT gpt-4o 1000 TOKENS", "GPT gpt-4o 1000 TOKENS", minutes=5), premium)
    assert isinstance(outcome, RunRefused)
    assert outcome.kind is ReplayRefusalKind.NO_RATE


@pytest.mark.parametrize("configuration", [None, ServicePresets.premium_quality()])
def test_no_balance_could_hold_it(configuration: ServiceConfiguration | None) -> None:
    dear = tuple(replace(rate, price_micros=10**17) for rate in CARD.rates)
    outcome = repriced(
        run("GPT gpt-4 1000000 TOKENS"), terms(configuration, lambda _at: replace(CARD, rates=dear))
    )
    kinds = {ReplayRefusalKind.AMOUNT_TOO_LARGE, ReplayRefusalKind.NOTHING_SERVES}
    assert isinstance(outcome, RunRefused)
    assert outcome.kind in kinds


CONFIGURATIONS = [
    replace(
        ServicePresets.by_name(preset), phone_enabled=True, vision_enabled=True, max_credits_per_request=limit
    )
    for preset, limit in product(
        ServicePresets.names(), (None, ServicePresets.cost_optimized().max_credits_per_request)
    )
]


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(
        st.builds(str.format, st.sampled_from(USAGES), st.integers(1, 20_000)), min_size=1, max_size=8
    ),
    configuration=st.sampled_from(CONFIGURATIONS),
    complexity=st.sampled_from(RequestComplexity),
    accuracy=st.sampled_from((None, *AccuracyRequirement)),
    minutes=st.sampled_from((0, 40)),
)
def test_it_is_the_selection_priced_as_it_is_used(
    texts: list[str],
    configuration: ServiceConfiguration,
    complexity: RequestComplexity,
    accuracy: AccuracyRequirement | None,
    minutes: int,
) -> None:
    finer = replace(CARD, version="finer", precision=3)

    def card_at(at: datetime) -> RateCard:
        return CARD if at < NINE + timedelta(hours=1) else finer

    past = replace(run(*texts, minutes=minutes), complexity=complexity, accuracy=accuracy)
    outcome = repriced(past, terms(configuration, card_at))
    needs = tuple(Need(usage.service_type, usage.quantity) for usage in past.usages)
    request = ServiceRequest(needs, complexity, accuracy)
    refused = None
    try:
        chosen = select(configuration, request, CARD, built_in_catalogue())
    except (SelectionRefused, AmountTooLarge) as cause:
        refused = str(cause)
    if refused is not None:
        assert isinstance(outcome, RunRefused)
        assert outcome.sentence == refused
        return
    expected = [
        price(card_at(usage.used_at), usage.service_type, line.provider, usage.quantity)
        for usage, line in zip(past.usages, chosen.lines, strict=True)
    ]
    assert outcome == tuple(RepricedUsage(line.provider, line.credits.micros) for line in expected)


def some_runs(names: int, agents: int, count: int) -> list[ChargedRun]:
    usages = (
        "GPT gpt-4o 1500 TOKENS",
        "VOICE_STT deepgram 90 SECONDS",
        "VOICE_TTS elevenlabs 70000 CHARACTERS",
    )
    return [
        replace(
            run(*usages[: 1 + number % 3]),
            id=UUID(int=number),
            workflow_name=f"name-{number % names}",
            agent_id=UUID(int=number % agents) if number % agents else None,
        )
        for number in range(count)
    ]


def tally_of(runs: list[ChargedRun]) -> Tally:
    tally = Tally()
    for each in runs:
        tally.add(each, repriced(each, terms(ServicePresets.balanced())))
    return tally


@pytest.mark.parametrize("cut", [0, 1, 77, 400])
def test_tallies_merge_to_what_one_would_be(cut: int) -> None:
    runs = some_runs(7, 5, 400)
    merged = tally_of(runs[:cut])
    merged.merge(tally_of(runs[cut:]))
    assert merged.replay() == tally_of(runs).replay()


def test_every_dimension_adds_up_and_is_read_back_as_written() -> None:
    replay = tally_of(some_runs(MOST_ROWS + 50, MOST_ROWS + 20, 2_400)).replay()
    totals = replay.totals
    assert (totals.run_count, totals.usage_count, totals.actual_micros) == (2_400, 4_800, 4_800_000_000)
    assert totals.refused_run_count == 800
    for rows in (replay.by_workflow_name, replay.by_agent):
        assert len(rows) == MOST_ROWS + 1
        summed = rows[0].figures
        for row in rows[1:]:
            summed += row.figures
        assert summed == totals
    assert replay.by_workflow_name[-1].workflow_name is None
    assert (replay.by_agent[-1].agent_id, replay.by_agent[-1].is_rest) == (None, True)
    services, changes = replay.by_service, replay.changed_choices
    assert sum(row.usage_count for row in services) == totals.usage_count
    assert sum(row.actual_micros for row in services) == totals.actual_micros
    assert sum(row.refused_usage_count for row in services) == totals.refused_usage_count
    assert sum(row.refused_micros for row in services) == totals.refused_micros
    assert sum(row.replayed_usage_count for row in services) == 4_800 - totals.refused_usage_count
    assert sum(row.replayed_micros for row in services) == totals.replayed_micros
    assert sum(row.run_count for row in replay.refusals) == totals.refused_run_count
    assert sum(row.actual_micros for row in replay.refusals) == totals.refused_micros
    assert len(replay.refused_runs) == MOST_EXAMPLES
    assert changes == ()
    assert {row.service_type for row in services} == {
        ServiceType.GPT,
        ServiceType.VOICE_STT,
        ServiceType.VOICE_TTS,
    }
    assert read_replay(written_replay(replay)) == replay
