"""Rate cards over GraphQL: published, refused with the field, compared, tried."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models.database import Database
from models.identity import IdKind, format_id, new_id
from models.rate_card import PublishedRate, PublishedRateCard
from tests.clock import NOON, SettableClock
from tests.door import Door, opened_door
from tests.graph.publishing import PUBLISH, WHOLE, own, phone, publish, text_id
from tests.tenant import Tenant, new_tenant

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
DIFFERENCE = """serviceType provider unitType priceChangePercent
  before { price per minimum billingIncrement free tiers { upTo price } } after { price per }"""
DIFF = f"""from to unchangedCount roundingChanged roundingBefore {{ rounding precision }}
  roundingAfter {{ rounding precision }}
  added {{ {DIFFERENCE} }} removed {{ {DIFFERENCE} }} changed {{ {DIFFERENCE} }}"""
COST = "usageCount creditsBefore creditsAfter change unpricedUsageCount unpricedCredits"
PREVIEW = f"""problems {{ field message }} effectiveFrom diff {{ {DIFF} }}
  cost {{ from to {COST} services {{ serviceType provider {COST} }} }}"""


async def published(ask: Door) -> tuple[int, int]:
    """Count the cards and the rates that there are."""
    async with ask.database.read() as session:
        cards = (await session.scalars(select(PublishedRateCard.id))).all()
        return len(cards), len((await session.scalars(select(PublishedRate.id))).all())


async def previewed(ask: Door, operator: str, *rates: Any, **fields: Any) -> Any:
    query = f"query($in: RateCardInput!) {{ rateCardPreview(input: $in) {{ {PREVIEW} }} }}"
    given = {"version": "next", "rates": list(rates), **fields}
    return (await ask.data(operator, query, {"in": given}))["rateCardPreview"]


async def test_a_card_is_published_and_prices_from_its_date_on(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    tiers = [{"upTo": "1000", "price": "2"}, {"price": "1"}]
    chat = {"serviceType": "GPT", "provider": "tiered", "unitType": "TOKENS", "per": 1000, "tiers": tiers}
    answer = await publish(
        ask,
        operator,
        "next",
        phone("0.5", billingIncrement="1", minimum="2"),
        chat,
        rounding="UP",
        precision=2,
    )
    card = answer["rateCard"]
    assert (card["version"], card["effectiveFrom"], card["rounding"], card["precision"]) == (
        "next",
        "2026-03-04T12:00:00Z",
        "UP",
        2,
    )
    assert (card["accountId"], answer["preview"]) == (None, None)
    run = await tenant.start()
    usages = await tenant.add(
        run, "PHONE twilio 61 SECONDS", "PHONE twilio 5 MINUTES", "GPT tiered 1500 TOKENS"
    )
    assert [str(usage.credits) for usage in usages] == ["2", "2.5", "2.5"]


def broken() -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong, and the fields that make it so."""
    yield "rounding", {"rounding": None}
    yield "precision", {"precision": 7}
    yield "rates", {"rates": []}
    yield "rates[1]", {"rates": [phone(), phone("31")]}
    yield "rates[0].price", {"rates": [phone("0")]}
    yield "rates[0].price", {"rates": [{**phone(), "price": None}]}
    yield "rates[0].per", {"rates": [phone(per=0)]}
    yield "rates[0].billingIncrement", {"rates": [phone(billingIncrement="0")]}
    yield "rates[0].free", {"rates": [phone(free=True)]}
    yield "rates[0].price", {"rates": [phone(tiers=[{"price": "1"}])]}
    falling = [{"upTo": "5", "price": "1"}, {"upTo": "4", "price": "1"}, {"price": "1"}]
    yield "rates[0].tiers[1].upTo", {"rates": [{**phone(), "price": None, "tiers": falling}]}
    yield "version", {"version": "one + two"}
    yield "version", {"version": "2025-01-01"}


async def test_a_card_that_breaks_a_rule_is_refused_with_the_field(database: Database, operator: str) -> None:
    async with opened_door(database, cost_limit=0) as ask:
        for field, fields in broken():
            given = {"version": "next", "rates": [phone()], **WHOLE, **fields}
            refused = (await ask.data(operator, PUBLISH, {"in": given}))["publishRateCard"]
            assert (refused["code"], refused["field"]) == ("INVALID_RATE_CARD", field), refused
            assert refused["message"].startswith(f"{field}: ")
        assert await published(ask) == (1, 12)


async def test_all_that_is_wrong_is_shown_at_once_by_a_preview(ask: Door, operator: str) -> None:
    found = await previewed(ask, operator, phone("0"), phone(per=0), phone("9"))
    assert found == {
        "problems": [
            {"field": "rounding", "message": "missing: add this field."},
            {"field": "precision", "message": "missing: add this field."},
            {"field": "rates[0].price", "message": "charges nothing: give a price, or say free = true."},
            {"field": "rates[1].per", "message": "must be a whole number from 1 to 1000000000000."},
        ],
        "effectiveFrom": None,
        "diff": None,
        "cost": None,
    }


async def test_a_time_that_is_priced_already_is_refused(
    ask: Door, tenant: Tenant, operator: str, clock: SettableClock
) -> None:
    await tenant.add(await tenant.start(), CALL)
    clock.forward(minutes=1)
    refused = await publish(ask, operator, "next", phone(), **WHOLE, effectiveFrom="2026-03-04T11:00:00Z")
    assert (refused["__typename"], refused["code"], refused["effectiveFrom"], refused["earliest"]) == (
        "RateCardTooEarly",
        "RATE_CARD_TOO_EARLY",
        "2026-03-04T11:00:00Z",
        "2026-03-04T12:00:00.000001Z",
    )
    found = await previewed(
        ask, operator, phone(), **WHOLE, effectiveFrom="2026-03-04T11:00:00Z", version="2025-01-01"
    )
    assert [problem["field"] for problem in found["problems"]] == ["version", "effectiveFrom"]
    assert found["cost"]["creditsAfter"] == "150"


async def test_an_accounts_own_rates_have_no_rounding(ask: Door, tenant: Tenant, operator: str) -> None:
    account = {"accountId": text_id(tenant)}
    for field, value in WHOLE.items():
        refused = await publish(ask, operator, "own", phone(), **account, **{field: value})
        assert (refused["code"], refused["field"]) == ("INVALID_RATE_CARD", field)
        assert refused["message"].endswith("an account's own rates are rounded as everybody's card says.")
    missing = await publish(ask, operator, "own", phone(), accountId=format_id(IdKind.ACCOUNT, new_id()))
    assert missing["code"] == "ACCOUNT_NOT_FOUND"
    query = f"query($in: RateCardInput!) {{ rateCardPreview(input: $in) {{ {PREVIEW} }} }}"
    given = {"version": "own", "rates": [phone()], "accountId": format_id(IdKind.ACCOUNT, new_id())}
    assert await ask.code(operator, query, {"in": given}) == "NOT_FOUND"


async def test_a_dry_run_publishes_nothing(ask: Door, operator: str) -> None:
    answer = await publish(ask, operator, "next", phone(), **WHOLE, dryRun=True)
    assert answer == {"__typename": "RateCardPublished", "rateCard": None, "preview": {"problems": []}}
    assert await published(ask) == (1, 12)


async def test_a_preview_tells_what_changes_and_what_30_days_would_have_cost(
    ask: Door, tenant: Tenant, operator: str, clock: SettableClock
) -> None:
    other = await new_tenant(tenant.database, "Other")
    await own(ask, operator, other, "deal", phone("7"))
    run = await tenant.start()
    long_ago = NOON - timedelta(days=31)
    await tenant.add(run, CALL, used_at=long_ago)
    clock.forward(hours=1)
    await tenant.add(run, CALL, CALL, CHAT, "GPT gpt-4 1500 TOKENS")
    [voided] = await tenant.add(run, CALL)
    await tenant.void(voided)
    await other.add(await other.start(), CALL)
    clock.forward(hours=1)
    dear = {
        "serviceType": "GPT",
        "provider": "gpt-4o-mini",
        "unitType": "TOKENS",
        "price": "0.5",
        "per": 1000,
    }
    found = await previewed(ask, operator, phone("30"), dear, rounding="UP", precision=1)
    assert (found["problems"], found["effectiveFrom"]) == ([], "2026-03-04T14:00:00Z")
    assert found["cost"] == {
        "from": "2026-02-02T14:00:00Z",
        "to": "2026-03-04T14:00:00Z",
        "usageCount": 4,
        "creditsBefore": "238",
        "creditsAfter": "336.5",
        "change": "98.5",
        "unpricedUsageCount": 1,
        "unpricedCredits": "38",
        "services": [
            {
                "serviceType": "PHONE",
                "provider": "twilio",
                "usageCount": 3,
                "creditsBefore": "235",
                "creditsAfter": "335",
                "change": "100",
                "unpricedUsageCount": 0,
                "unpricedCredits": "0",
            },
            {
                "serviceType": "GPT",
                "provider": "gpt-4",
                "usageCount": 0,
                "creditsBefore": "0",
                "creditsAfter": "0",
                "change": "0",
                "unpricedUsageCount": 1,
                "unpricedCredits": "38",
            },
            {
                "serviceType": "GPT",
                "provider": "gpt-4o-mini",
                "usageCount": 1,
                "creditsBefore": "3",
                "creditsAfter": "1.5",
                "change": "-1.5",
                "unpricedUsageCount": 0,
                "unpricedCredits": "0",
            },
        ],
    }
    diff = found["diff"]
    assert (diff["from"], diff["to"], len(diff["removed"]), diff["added"]) == ("2025-01-01", "next", 10, [])
    assert [(each["provider"], each["priceChangePercent"]) for each in diff["changed"]] == [
        ("gpt-4o-mini", "-50"),
        ("twilio", "50"),
    ]
    assert (diff["roundingChanged"], diff["roundingAfter"]) == (True, {"rounding": "UP", "precision": 1})


async def test_a_preview_of_an_accounts_own_rates_looks_at_that_account_alone(
    ask: Door, tenant: Tenant, operator: str, clock: SettableClock
) -> None:
    other = await new_tenant(tenant.database, "Other")
    for each in (tenant, other):
        await each.add(await each.start(), CALL, CHAT)
    clock.forward(minutes=1)
    found = await previewed(ask, operator, phone("1"), accountId=text_id(tenant))
    cost = found["cost"]
    assert (cost["usageCount"], cost["creditsBefore"], cost["creditsAfter"]) == (2, "103", "8")
    assert (found["diff"]["from"], found["diff"]["to"]) == ("2025-01-01", "2025-01-01 + next")
    assert [each["priceChangePercent"] for each in found["diff"]["changed"]] == ["-95"]
    assert (found["diff"]["unchangedCount"], found["diff"]["removed"]) == (11, [])


async def test_two_versions_are_compared(ask: Door, tenant: Tenant, operator: str) -> None:
    tiers = [{"upTo": "10", "price": "20"}, {"price": "15"}]
    thirds = {
        "serviceType": "VOICE_STT",
        "provider": "deepgram",
        "unitType": "MINUTES",
        "price": "1",
        "per": 3,
    }
    await publish(ask, operator, "a", phone("20"), thirds, **WHOLE)
    tiered = {**phone(), "price": None, "tiers": tiers}
    await publish(
        ask, operator, "b", tiered, {**thirds, "price": "2", "per": 1}, rounding="DOWN", precision=0
    )
    query = f"query($from: String!, $to: String!) {{ rateCardDiff(from: $from, to: $to) {{ {DIFF} }} }}"
    found = (await ask.data(tenant.secret, query, {"from": "a", "to": "b"}))["rateCardDiff"]
    assert (found["from"], found["to"], found["unchangedCount"]) == ("a", "b", 0)
    assert (found["added"], found["removed"], found["roundingChanged"]) == ([], [], True)
    assert [(each["provider"], each["priceChangePercent"]) for each in found["changed"]] == [
        ("twilio", None),
        ("deepgram", "500"),
    ]
    same = (await ask.data(tenant.secret, query, {"from": "b", "to": "b"}))["rateCardDiff"]
    assert (same["changed"], same["unchangedCount"], same["roundingChanged"]) == ([], 2, False)
    error = await ask.error(tenant.secret, query, {"from": "a", "to": "2025-01-02"})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "to"}
    assert error["message"] == "to: there is no version '2025-01-02'. Did you mean '2025-01-01'?"
