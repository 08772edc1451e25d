"""Rate cards as operators publish them over GraphQL."""

from typing import Any

from models.identity import IdKind, format_id
from tests.door import Door
from tests.tenant import Tenant

CARD = "id version effectiveFrom rounding precision publishedAt accountId"
PRICES = "rates { serviceType provider unitType price rateCardVersion }"
PUBLISH = f"""mutation($in: PublishRateCardInput!) {{ publishRateCard(input: $in) {{ __typename
  ... on RateCardPublished {{ rateCard {{ {CARD} {PRICES} }} preview {{ problems {{ field message }} }} }}
  ... on InvalidRateCard {{ field message }}
  ... on RateCardTooEarly {{ message effectiveFrom earliest }}
  ... on Refusal {{ code }} }} }}"""
WHOLE = {"rounding": "UP", "precision": 0}


def phone(price: str = "30", **fields: Any) -> dict[str, Any]:
    """Write down a rate for calls."""
    return {
        "serviceType": "PHONE",
        "provider": "twilio",
        "unitType": "MINUTES",
        "price": price,
        **fields,
    }


def text_id(tenant: Tenant) -> str:
    """Write an account's id as callers see it."""
    return format_id(IdKind.ACCOUNT, tenant.account_id)


async def publish(ask: Door, operator: str, version: str, *rates: Any, **fields: Any) -> Any:
    """Publish a card and give the answer."""
    given = {"version": version, "rates": list(rates), **fields}
    return (await ask.data(operator, PUBLISH, {"in": given}))["publishRateCard"]


async def own(ask: Door, operator: str, tenant: Tenant, version: str, *rates: Any) -> Any:
    """Publish an account's own rates and give their card."""
    answer = await publish(ask, operator, version, *rates, accountId=text_id(tenant))
    assert answer["__typename"] == "RateCardPublished", answer
    return answer["rateCard"]
