import sys
from fractions import Fraction

import pytest

from pricing.costs import (
    ALWAYS,
    CostLayer,
    CostRate,
    NoCost,
    UnitCost,
    built_in_costs,
    cost_book,
    genai_costs,
)
from pricing.units import ServiceType, UnitType
from tests.pricing.costs.rates import day, table

AT = day("2026-03-04")


@pytest.fixture(scope="module")
def genai() -> CostLayer:
    layer = genai_costs()
    assert layer is not None, "the tests need the extra genai-prices"
    return layer


@pytest.mark.parametrize(
    ("provider", "vendor", "read", "written", "cached"),
    [
        ("gpt-4o", "openai", "2.5", "10", "1.25"),
        ("gpt-4o-mini", "openai", "0.15", "0.6", "0.075"),
        ("gpt-4", "openai", "30", "60", None),
        ("claude-3-haiku", "anthropic", "0.25", "1.25", "0.03"),
    ],
)
def test_the_models_of_the_built_in_card(
    genai: CostLayer, provider: str, vendor: str, read: str, written: str, cached: str | None
) -> None:
    for unit_type, amount in (
        (UnitType.INPUT_TOKENS, read),
        (UnitType.OUTPUT_TOKENS, written),
        (UnitType.CACHED_TOKENS, cached),
    ):
        rate = genai.rate(ServiceType.GPT, provider, unit_type, AT)
        seed = built_in_costs().rate(ServiceType.GPT, provider, unit_type, AT)
        if amount is None:
            assert (rate, seed) == (None, None)
            continue
        assert isinstance(rate, CostRate)
        assert (rate.amount, rate.per, rate.since) == (Fraction(amount), 1_000_000, None)
        assert rate.source.endswith(f": list price of {provider} at {vendor}.")
        assert seed is not None
        assert seed.amount == rate.amount


def test_a_price_has_its_dates(genai: CostLayer) -> None:
    changed = day("2025-06-10")
    assert genai.changes(ServiceType.GPT, "o3") == {changed}
    before, after = (
        genai.rate(ServiceType.GPT, "o3", UnitType.OUTPUT_TOKENS, at) for at in (day("2025-06-09"), changed)
    )
    assert isinstance(before, CostRate)
    assert isinstance(after, CostRate)
    assert [(rate.amount, rate.since) for rate in (before, after)] == [(40, None), (8, changed)]
    assert isinstance(genai.rate(ServiceType.GPT, "o3", UnitType.OUTPUT_TOKENS, ALWAYS), CostRate)


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        ("gemini-2.5-pro", "charges by the size of each request"),
        ("deepseek-chat", "charges by the time of day"),
        ("perplexity/sonar", "charges for each request as well"),
    ],
)
def test_what_depends_on_more_than_tokens_has_no_cost(genai: CostLayer, provider: str, reason: str) -> None:
    told = NoCost(f"{provider!r} {reason}: add a cost of your own.")
    for unit_type in (UnitType.INPUT_TOKENS, UnitType.OUTPUT_TOKENS):
        assert genai.rate(ServiceType.GPT, provider, unit_type, AT) == told
    assert cost_book(None, genai).unit_cost(ServiceType.GPT, provider, UnitType.TOKENS, AT) == told


def test_what_it_does_not_know(genai: CostLayer) -> None:
    assert genai.rate(ServiceType.GPT, "no-such-model", UnitType.INPUT_TOKENS, AT) is None
    assert genai.rate(ServiceType.GPT, "no-such-vendor/gpt-4o", UnitType.INPUT_TOKENS, AT) is None
    assert genai.rate(ServiceType.GPT, "gpt-4o", UnitType.REQUESTS, AT) is None
    assert genai.rate(ServiceType.VISION, "gpt-4o", UnitType.INPUT_TOKENS, AT) is None
    assert genai.changes(ServiceType.GPT, "no-such-model") == frozenset()
    assert genai.changes(ServiceType.VISION, "o3") == frozenset()


def test_a_vendor_can_be_named_and_an_embedding_reads_only(genai: CostLayer) -> None:
    rate = genai.rate(ServiceType.EMBEDDING, "openai/text-embedding-3-small", UnitType.TOKENS, AT)
    assert isinstance(rate, CostRate)
    assert (rate.amount, rate.unit_type) == (Fraction("0.02"), UnitType.TOKENS)


def test_the_operators_costs_come_first_then_genai_prices_then_the_list(genai: CostLayer) -> None:
    own = table("2026-03-01 GPT gpt-4o 2/1000000 INPUT_TOKENS")

    def source(layer: CostLayer | None, text: str, at: str) -> str:
        service_type, provider, unit_type = text.split()
        cost = cost_book(own, layer).unit_cost(
            ServiceType(service_type), provider, UnitType(unit_type), day(at)
        )
        return cost.rate.source[:12] if isinstance(cost, UnitCost) else cost.reason

    assert source(genai, "GPT gpt-4o INPUT_TOKENS", "2026-03-01") == "2026-03-01 G"
    assert source(genai, "GPT gpt-4o INPUT_TOKENS", "2026-02-28") == "genai-prices"
    assert source(None, "GPT gpt-4o INPUT_TOKENS", "2026-02-28") == "OpenAI's lis"
    assert source(genai, "PHONE twilio MINUTES", "2026-02-28") == "Twilio's lis"


def test_without_the_package_there_is_no_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert genai_costs() is None
