"""What docs/rate-card.md asks is answered as it says."""

import re
from pathlib import Path

from models.identity import IdKind, format_id
from tests.door import Door
from tests.tenant import Tenant

GUIDE = Path(__file__).parents[2] / "docs" / "rate-card.md"


async def test_the_guides_requests_are_answered(ask: Door, tenant: Tenant, operator: str) -> None:
    blocks = re.findall(r"```graphql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    account = format_id(IdKind.ACCOUNT, tenant.account_id)
    assert blocks.pop(0) == "{ viewer { account { id } } }\n"
    published, preview, own, seen, down = [
        await ask.data(operator, text, {"accountId": account} if "$accountId" in text else None)
        for text in blocks
    ]
    assert published["publishRateCard"] == {
        "rateCard": {"version": "spring", "effectiveFrom": "2026-03-04T12:00:00Z"}
    }
    assert preview["rateCardPreview"]["problems"] == []
    assert preview["rateCardPreview"]["diff"]["changed"] == [
        {"provider": "twilio", "priceChangePercent": "20"}
    ]
    assert own["publishRateCard"] == {"rateCard": {"version": "acme", "accountId": account}}
    assert seen["rateCard"] == {
        "version": "spring + acme",
        "rates": [
            {"provider": "twilio", "price": "15", "rateCardVersion": "acme"},
            {"provider": "gpt-4o", "price": "8", "rateCardVersion": "spring"},
        ],
        "madeUpOf": [{"version": "spring"}, {"version": "acme"}],
    }
    assert [card["version"] for card in seen["rateCards"]] == ["acme", "spring", "2025-01-01"]
    assert seen["rateCardDiff"] == {
        "from": "spring",
        "to": "spring + acme",
        "changed": [
            {
                "provider": "twilio",
                "before": {"price": "25"},
                "after": {"price": "15"},
                "priceChangePercent": "-40",
            }
        ],
    }
    assert down["setProviderAvailability"]["availability"]["reason"] == "answers 503"
