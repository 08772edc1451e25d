"""Providers over GraphQL: listed with tiers and prices, taken out of selections, put back."""

from typing import Any

from tests.door import Door
from tests.graph.quoting import selected
from tests.tenant import Tenant

SET = """mutation($in: SetProviderAvailabilityInput!) { setProviderAvailability(input: $in) {
  ... on ProviderAvailabilitySet { availability { serviceType provider available unavailableSince reason } }
  ... on ProviderNotFound { code message serviceType provider known } } }"""
LIST = """query($type: ServiceType, $available: Boolean) {
  providers(serviceType: $type, available: $available) {
    serviceType provider tiers { accuracy quality speed } adequateFor fallbacks
    available unavailableSince reason rates { unitType price per rateCardVersion } } }"""


async def put(ask: Door, operator: str, provider: str, **fields: Any) -> Any:
    given = {"serviceType": "VOICE_STT", "provider": provider, **fields}
    return (await ask.data(operator, SET, {"in": given}))["setProviderAvailability"]


async def test_a_provider_that_is_down_is_skipped_with_that_rule(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    await put(ask, operator, "deepgram", available=False, reason="its API answers 503")
    [decision] = (await selected(ask, tenant, "VOICE_STT 5 MINUTES", preset="balanced"))["decisions"]
    assert (decision["provider"], decision["credits"], decision["rule"]) == (
        "openai-whisper",
        "50",
        "UNAVAILABLE",
    )
    [deepgram, _] = decision["candidates"]
    assert (deepgram["provider"], deepgram["excludedBy"]) == ("deepgram", "UNAVAILABLE")
    assert deepgram["reason"] == "deepgram is marked unavailable."
    await put(ask, operator, "deepgram", available=True)
    [decision] = (await selected(ask, tenant, "VOICE_STT 5 MINUTES", preset="balanced"))["decisions"]
    assert (decision["provider"], decision["credits"]) == ("deepgram", "40")


async def test_saying_it_twice_answers_the_same(ask: Door, operator: str) -> None:
    down = {
        "availability": {
            "serviceType": "VOICE_STT",
            "provider": "deepgram",
            "available": False,
            "unavailableSince": "2026-03-04T12:00:00Z",
            "reason": "first",
        }
    }
    assert await put(ask, operator, "deepgram", available=False, reason="first") == down
    assert await put(ask, operator, "deepgram", available=False, reason="second") == down
    up = {
        "availability": {
            "serviceType": "VOICE_STT",
            "provider": "deepgram",
            "available": True,
            "unavailableSince": None,
            "reason": None,
        }
    }
    assert await put(ask, operator, "deepgram", available=True) == up
    assert await put(ask, operator, "deepgram", available=True) == up


async def test_an_unknown_provider_is_refused(ask: Door, operator: str) -> None:
    assert await put(ask, operator, "whisper", available=False) == {
        "code": "PROVIDER_NOT_FOUND",
        "message": "VOICE_STT has no provider 'whisper'. Did you mean 'openai-whisper'?",
        "serviceType": "VOICE_STT",
        "provider": "whisper",
        "known": ["deepgram", "openai-whisper"],
    }


async def test_only_an_outage_has_a_reason(ask: Door, operator: str) -> None:
    given = {"serviceType": "VOICE_STT", "provider": "deepgram", "available": True, "reason": "x"}
    error = await ask.error(operator, SET, {"in": given})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "reason"}


async def test_providers_are_listed_with_tiers_prices_and_outages(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    await put(ask, operator, "deepgram", available=False, reason="maintenance")
    listed = (await ask.data(tenant.secret, LIST, {"type": "VOICE_STT"}))["providers"]
    assert listed == [
        {
            "serviceType": "VOICE_STT",
            "provider": "deepgram",
            "tiers": {"accuracy": "NORMAL", "quality": "NORMAL", "speed": "HIGH"},
            "adequateFor": ["LOW", "NORMAL", "HIGH"],
            "fallbacks": ["openai-whisper"],
            "available": False,
            "unavailableSince": "2026-03-04T12:00:00Z",
            "reason": "maintenance",
            "rates": [{"unitType": "MINUTES", "price": "8", "per": 1, "rateCardVersion": "2025-01-01"}],
        },
        {
            "serviceType": "VOICE_STT",
            "provider": "openai-whisper",
            "tiers": {"accuracy": "HIGH", "quality": "HIGH", "speed": "NORMAL"},
            "adequateFor": ["LOW", "NORMAL", "HIGH"],
            "fallbacks": ["deepgram"],
            "available": True,
            "unavailableSince": None,
            "reason": None,
            "rates": [{"unitType": "MINUTES", "price": "10", "per": 1, "rateCardVersion": "2025-01-01"}],
        },
    ]
    everyone = (await ask.data(tenant.secret, LIST))["providers"]
    assert len(everyone) == 12
    unavailable = (await ask.data(tenant.secret, LIST, {"available": False}))["providers"]
    assert [each["provider"] for each in unavailable] == ["deepgram"]
