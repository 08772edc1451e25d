"""What holds for any configuration, request, card and catalogue."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from pricing.catalogue import Catalogue, CatalogueEntry, ProviderTier, RequestComplexity
from pricing.configuration import AccuracyRequirement, ServiceConfiguration
from pricing.credits import Credits, RoundingMode
from pricing.rate_card import Rate, RateCard
from pricing.selection import (
    Need,
    NothingServes,
    OverLimit,
    Selection,
    SelectionRefused,
    SelectionRule,
    ServiceDisabled,
    ServiceRequest,
    select,
)
from pricing.units import Quantity, ServiceType, UnitType

Down = frozenset[tuple[ServiceType, str]]

UNITS = {
    ServiceType.GPT: UnitType.TOKENS,
    ServiceType.VOICE_STT: UnitType.MINUTES,
    ServiceType.VOICE_TTS: UnitType.CHARACTERS,
    ServiceType.PHONE: UnitType.MINUTES,
    ServiceType.VISION: UnitType.IMAGES,
}
PROVIDERS = ("alpha", "beta", "gamma")
NAMES = st.sampled_from((*PROVIDERS, "stranger"))
TIERS = st.sampled_from(ProviderTier)
COMPLEXITIES = st.frozensets(st.sampled_from(RequestComplexity))


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    entries = []
    for service_type in UNITS:
        for provider in PROVIDERS:
            others = [other for other in PROVIDERS if other != provider]
            entries.append(
                CatalogueEntry(
                    service_type=service_type,
                    provider=provider,
                    accuracy=draw(TIERS),
                    quality=draw(TIERS),
                    speed=draw(TIERS),
                    adequate_for=draw(COMPLEXITIES),
                    fallbacks=tuple(draw(st.lists(st.sampled_from(others), unique=True))),
                )
            )
    return Catalogue("drawn", tuple(entries))


@st.composite
def cards(draw: st.DrawFn) -> RateCard:
    rates = [
        Rate(service_type, provider, unit_type, draw(st.integers(1, 30)) * 1_000_000)
        for service_type, unit_type in UNITS.items()
        for provider in (*PROVIDERS, "stranger")
        if draw(st.integers(0, 5))  # now and then one has no rate
    ]
    return RateCard("drawn", datetime(2025, 1, 1, tzinfo=UTC), RoundingMode.UP, 0, tuple(rates))


configurations = st.builds(
    ServiceConfiguration,
    primary_ai_model=NAMES,
    fallback_ai_model=st.one_of(st.none(), NAMES),
    voice_enabled=st.sampled_from((True, True, True, False)),
    stt_provider=NAMES,
    tts_provider=NAMES,
    phone_enabled=st.booleans(),
    phone_provider=NAMES,
    vision_enabled=st.booleans(),
    vision_provider=NAMES,
    cost_optimization=st.booleans(),
    max_credits_per_request=st.one_of(st.none(), st.integers(0, 120).map(Credits.whole)),
    accuracy_requirement=st.sampled_from(AccuracyRequirement),
)


@st.composite
def needs(draw: st.DrawFn) -> Need:
    service_type = draw(st.sampled_from(tuple(UNITS)))
    quantity = Quantity(draw(st.integers(1, 4_000_000)), UNITS[service_type])
    return Need(service_type, quantity, draw(st.sampled_from((None, None, None, "alpha"))))


requests = st.builds(
    ServiceRequest,
    needs=st.lists(needs(), min_size=1, max_size=4).map(tuple),
    complexity=st.sampled_from(RequestComplexity),
    accuracy=st.one_of(st.none(), st.sampled_from(AccuracyRequirement)),
)
downs = st.frozensets(st.tuples(st.sampled_from(tuple(UNITS)), NAMES), max_size=2)
st.register_type_strategy(Catalogue, catalogues())
st.register_type_strategy(ServiceConfiguration, configurations)
st.register_type_strategy(ServiceRequest, requests)
modestly = settings(max_examples=60, deadline=None)


def outcome(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down = frozenset(),
) -> Selection | SelectionRefused:
    try:
        return select(configuration, request, card, catalogue, unavailable=down)
    except SelectionRefused as refused:
        event(type(refused).__name__)
        return refused


def selected(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down = frozenset(),
) -> Selection:
    selection = outcome(configuration, request, card, catalogue, down)
    assume(isinstance(selection, Selection))
    assert isinstance(selection, Selection)
    return selection


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs)
def test_what_is_selected_can_run_as_it_was_priced(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
) -> None:
    selection = selected(configuration, request, card, catalogue, down)
    assert [line.quantity for line in selection.lines] == [need.quantity for need in request.needs]
    for need, line in zip(request.needs, selection.lines, strict=True):
        assert (need.service_type, line.provider) not in down
        assert need.provider in {None, line.provider}
        assert card.rate_for(line.service_type, line.provider, line.quantity.unit_type) is line.rate
    for service_type in {need.service_type for need in request.needs}:
        assert configuration.disabled_by(service_type) is None
        serving = {
            line.provider
            for need, line in zip(request.needs, selection.lines, strict=True)
            if need.service_type is service_type and need.provider is None
        }
        assert len(serving) <= 1
    assert selection.total == Credits.total(line.credits for line in selection.lines)


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs)
def test_a_plan_is_within_the_limit_or_refused_with_what_fits(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
) -> None:
    limit = configuration.max_credits_per_request
    assume(limit is not None)
    assert limit is not None
    given_back = outcome(configuration, request, card, catalogue, down)
    if isinstance(given_back, Selection):
        assert given_back.within_limit
        assert given_back.total <= limit
    if isinstance(given_back, OverLimit):
        assert given_back.cheapest.total <= given_back.allowed.total <= given_back.estimate
        assert given_back.least_top_up > Credits.ZERO
        assert Credits.total(line.credits for line in given_back.fitting) <= limit
        assert given_back.offer is None or given_back.offer.total <= limit
        topped_up = replace(configuration, max_credits_per_request=given_back.allowed.total)
        assert selected(topped_up, request, card, catalogue, down).lines == given_back.allowed.lines


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs)
def test_refusals_are_deserved(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
) -> None:
    disabled = {need.service_type for need in request.needs if configuration.disabled_by(need.service_type)}
    given_back = outcome(configuration, request, card, catalogue, down)
    assert isinstance(given_back, ServiceDisabled) is bool(disabled)
    if isinstance(given_back, ServiceDisabled):
        assert set(given_back.services) == disabled
    if isinstance(given_back, NothingServes):
        requested = next(one for one in given_back.candidates if one.provider == given_back.provider)
        assert requested.excluded_by in {SelectionRule.NO_RATE, SelectionRule.UNAVAILABLE}
        assert not any(one.chosen for one in given_back.candidates)


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=...)
def test_cost_optimisation_never_makes_the_request_dearer_unless_accuracy_asks_for_it(
    configuration: ServiceConfiguration, request: ServiceRequest, card: RateCard, catalogue: Catalogue
) -> None:
    configuration = replace(configuration, cost_optimization=True)
    selection = selected(configuration, request, card, catalogue)
    assume(selection.requested_total is not None)
    for decision in selection.decisions:
        assert decision.saved is not None
        asked_for = any(step.rule is SelectionRule.HIGH_ACCURACY for step in decision.steps)
        assert decision.saved >= Credits.ZERO or asked_for
    if selection.accuracy is not ProviderTier.HIGH:
        assert selection.saved is not None
        assert selection.saved >= Credits.ZERO


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs)
def test_no_rule_goes_below_the_accuracy_asked_for_to_save_credits(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
) -> None:
    selection = selected(configuration, request, card, catalogue, down)
    saving = {
        SelectionRule.COST_OPTIMIZATION,
        SelectionRule.OVER_LIMIT,
        SelectionRule.OVER_LIMIT_FALLBACK,
    }
    for decision in selection.decisions:
        for step in decision.steps:
            entry = catalogue.entry(decision.service_type, step.to_provider)
            tier = entry.accuracy if entry else ProviderTier.NORMAL
            assert step.rule not in saving or tier.rank >= selection.accuracy.rank
            assert entry is not None or step.to_provider == configuration.fallback_ai_model


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs)
def test_each_decision_accounts_for_every_credit_and_candidate(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
) -> None:
    selection = selected(configuration, request, card, catalogue, down)
    assert sorted(selection.steps, key=str) == sorted(
        (step for decision in selection.decisions for step in decision.steps), key=str
    )
    for decision in selection.decisions:
        assert [one.provider for one in decision.candidates if one.chosen] == [decision.provider]
        assert all(one.chosen is (one.excluded_by is None) for one in decision.candidates)
        assert len({one.provider for one in decision.candidates}) == len(decision.candidates)
        places = [decision.requested_provider, *(step.to_provider for step in decision.steps)]
        assert places[-1] == decision.provider
        assert [step.from_provider for step in decision.steps] == places[:-1]
        saved = [step.saved for step in decision.steps]
        if decision.saved is not None:
            assert decision.saved == Credits.total(amount for amount in saved if amount is not None)


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs, data=st.data())
def test_the_same_input_gives_the_same_answer_in_whatever_order_the_card_lists_its_rates(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
    data: st.DataObject,
) -> None:
    selection = selected(configuration, request, card, catalogue, down)
    shuffled = replace(card, rates=tuple(data.draw(st.permutations(card.rates))))
    assert selected(configuration, request, shuffled, catalogue, down) == selection


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs, data=st.data())
def test_a_cheaper_provider_never_makes_the_plan_dearer_and_never_has_it_refused(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
    data: st.DataObject,
) -> None:
    limit = configuration.max_credits_per_request
    before = selected(configuration, request, card, catalogue, down)
    service_type = data.draw(st.sampled_from(tuple(UNITS)))
    newcomer = CatalogueEntry(
        service_type=service_type,
        provider="newcomer",
        accuracy=data.draw(TIERS),
        quality=data.draw(TIERS),
        speed=data.draw(TIERS),
        adequate_for=data.draw(COMPLEXITIES),
    )
    rate = Rate(service_type, "newcomer", UNITS[service_type], 500_000)
    after = select(
        configuration,
        request,
        replace(card, rates=(*card.rates, rate)),
        Catalogue("more", (*catalogue.entries, newcomer)),
        unavailable=down,
    )
    # A plan that had to shrink may now fit sooner, and keep more of what was wanted within the limit.
    over_limit = {SelectionRule.OVER_LIMIT, SelectionRule.OVER_LIMIT_FALLBACK}
    shrank = any(step.rule in over_limit for step in before.steps)
    assert after.total <= before.total or (shrank and limit is not None and after.total <= limit)
