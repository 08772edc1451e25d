"""Why a usage cost what it did: the price worked out again, who paid, and why this provider served."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from metering.rate_cards import publish_rate_card
from models.api_key import Scope
from models.identity import IdKind, format_id
from models.service_usage import ServiceUsage
from models.writer import Command
from pricing.credits import Credits, RoundingMode
from pricing.rate_card import Rate, RateCard, Tier
from pricing.units import ServiceType, UnitType
from tests.clock import NOON, SettableClock
from tests.databases.statements import statements
from tests.door import Door, scoped
from tests.graph.agents import new_agent
from tests.selecting import asked, hold_selected
from tests.tenant import Tenant, new_tenant

PRICE = """price { unitsConsumed unitType billedUnits billedUnitType per minimumApplied exactCredits rounding
  precision creditsUsed rateCardVersion inForceFrom overridden reproduced rate { price provider }
  lines { units beyond upTo price exactCredits } }"""
PAID = """payments { source credits at hold { id } grant { id } } refunds { book credits at grant { id } }"""
CHOICE = """choice { selectedProvider asSelected sentence decision { serviceType provider rule
  candidates { provider } } }"""
EXPLAIN = f"query($id: ID!) {{ serviceUsage(id: $id) {{ creditsUsed asSelected explanation {{ {PRICE} {PAID} {CHOICE} text }} }} }}"
CALL = "PHONE twilio 5 MINUTES"
SINCE = "2025-01-01T00:00:00+00:00"


async def explained(ask: Door, tenant: Tenant, usage: ServiceUsage) -> Any:
    """Ask for everything; what was paid must add up to what was charged."""
    id_ = format_id(IdKind.SERVICE_USAGE, usage.id)
    found = (await ask.data(tenant.secret, EXPLAIN, {"id": id_}))["serviceUsage"]
    explanation = found["explanation"]
    paid = Credits.total(Credits.parse(it["credits"]) for it in explanation["payments"])
    assert str(paid) == found["creditsUsed"] == explanation["price"]["creditsUsed"]
    assert found["asSelected"] is explanation["choice"]["asSelected"]
    return explanation


async def publish(tenant: Tenant, card: RateCard, **of: Any) -> None:
    await tenant.database.write(Command(None, partial(publish_rate_card, card=card, **of)))


async def test_all_of_it_in_one_answer(ask: Door, tenant: Tenant) -> None:
    grant = await tenant.grant("500", reason="welcome")
    agent = await new_agent(tenant, preset="cost_optimized")
    run = await tenant.start(agent_id=agent.id, selection=asked("GPT 3000 TOKENS"))
    hold = await tenant.hold(run, "GPT gpt-4o-mini 3000 TOKENS")
    [usage] = await tenant.add(run, "GPT gpt-4o-mini 3000 TOKENS")
    found = await explained(ask, tenant, usage)
    hold_id, grant_id = format_id(IdKind.HOLD, hold.id), format_id(IdKind.GRANT, grant.id)
    at = "2026-03-04T12:00:00Z"
    assert found["price"] == {
        "unitsConsumed": "3000",
        "unitType": "TOKENS",
        "billedUnits": "3000",
        "billedUnitType": "TOKENS",
        "per": 1000,
        "minimumApplied": False,
        "exactCredits": "3",
        "rounding": "UP",
        "precision": 0,
        "creditsUsed": "3",
        "rateCardVersion": "2025-01-01",
        "inForceFrom": "2025-01-01T00:00:00Z",
        "overridden": False,
        "reproduced": True,
        "rate": {"price": "1", "provider": "gpt-4o-mini"},
        "lines": [{"units": "3000", "beyond": "0", "upTo": None, "price": "1", "exactCredits": "3"}],
    }
    assert found["payments"] == [
        {"source": "HOLD", "credits": "3", "at": at, "hold": {"id": hold_id}, "grant": {"id": grant_id}}
    ]
    assert found["refunds"] == []
    choice = found["choice"]
    assert (choice["selectedProvider"], choice["asSelected"]) == ("gpt-4o-mini", True)
    assert (choice["decision"]["serviceType"], choice["decision"]["rule"]) == ("GPT", "AS_CONFIGURED")
    assert found["text"] == (
        "3,000 TOKENS of gpt-4o-mini (GPT) at 1 credit per 1,000 TOKENS by rate card 2025-01-01, in force "
        f"since {SINCE}. Exactly 3 credits; rounded UP to whole credits: 3 credits. "
        f"Paid: 3 credits from {hold_id}, set aside from {grant_id} (welcome). "
        "gpt-4o-mini was selected at 2026-03-04T12:00:00+00:00. "
        "gpt-4o-mini is configured, and no rule asks for another."
    )


RATES = (
    Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000, increment_micro_units=1_000_000),
    Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 100_000, minimum_micros=250_000),
    Rate(
        ServiceType.GPT,
        "graduated",
        UnitType.TOKENS,
        0,
        per=1000,
        tiers=(Tier(1_000_000_000, 2_000_000), Tier(2_000_000_000, 1_000_000), Tier(None, 500_000)),
    ),
    Rate(ServiceType.GPT, "graduated", UnitType.CACHED_TOKENS, 0, free=True),
    Rate(ServiceType.VOICE_STT, "thirds", UnitType.SECONDS, 1_000_000, per=3),
    Rate(ServiceType.VOICE_TTS, "plain", UnitType.MINUTES, 10_000_000),
)


@pytest.mark.parametrize("rounding", RoundingMode)
@pytest.mark.parametrize("precision", [0, 2])
async def test_every_kind_of_rate_is_reproduced(
    ask: Door, tenant: Tenant, rounding: RoundingMode, precision: int
) -> None:
    await publish(tenant, RateCard("kinds", NOON, rounding, precision, RATES))
    usages = await tenant.add(
        await tenant.start(),
        "PHONE twilio 61 SECONDS",
        "PHONE twilio 2.5 MINUTES",
        "SMS twilio 2 MESSAGES",
        "SMS twilio 3 MESSAGES",
        "GPT graduated 999.999999 TOKENS",
        "GPT graduated 2500 INPUT_TOKENS",
        "GPT graduated 7 CACHED_TOKENS",
        "VOICE_STT thirds 10 SECONDS",
        "VOICE_TTS plain 7 SECONDS",
    )
    found = [(await explained(ask, tenant, usage))["price"] for usage in usages]
    assert all(price["reproduced"] for price in found)
    assert [price["exactCredits"] for price in found] == [
        "40",
        "60",
        "0.25",
        "0.3",
        "1.999999998",
        "3.25",
        "0",
        "3.333333333333333333",
        "1.166666666666666667",
    ]
    assert [(price["billedUnits"], price["billedUnitType"]) for price in found[:2]] == [
        ("2", "MINUTES"),
        ("3", "MINUTES"),
    ]
    assert [price["minimumApplied"] for price in found[2:4]] == [True, False]
    assert [(it["units"], it["upTo"], it["exactCredits"]) for it in found[5]["lines"]] == [
        ("1000", "1000", "2"),
        ("1000", "2000", "1"),
        ("500", None, "0.25"),
    ]


async def test_payers_are_told_in_their_order(ask: Door, prepaid: Tenant, clock: SettableClock) -> None:
    first = await prepaid.grant("30", priority=1, expires_at=NOON + timedelta(minutes=1))
    second = await prepaid.grant("40", priority=2)
    run = await prepaid.start()
    hold = await prepaid.hold(run, "10")
    [usage] = await prepaid.add(run, CALL)
    assert [it["source"] for it in (await explained(ask, prepaid, usage))["payments"]] == [
        "HOLD",
        "GRANT",
        "GRANT",
        "OVERDRAFT",
    ]
    clock.forward(minutes=2)
    await prepaid.void(usage, reason="a wrong number")
    found = await explained(ask, prepaid, usage)
    hold_id = format_id(IdKind.HOLD, hold.id)
    one, other = (format_id(IdKind.GRANT, grant.id) for grant in (first, second))
    assert [(it["credits"], it["hold"], it["grant"]) for it in found["payments"]] == [
        ("10", {"id": hold_id}, {"id": one}),
        ("20", None, {"id": one}),
        ("40", None, {"id": other}),
        ("30", None, None),
    ]
    assert [(it["book"], it["credits"], it["grant"], it["at"]) for it in found["refunds"]] == [
        ("EXPIRED", "10", {"id": one}, "2026-03-04T12:02:00Z"),
        ("EXPIRED", "20", {"id": one}, "2026-03-04T12:02:00Z"),
        ("GRANT", "40", {"id": other}, "2026-03-04T12:02:00Z"),
        ("OVERDRAFT", "30", None, "2026-03-04T12:02:00Z"),
    ]
    assert found["text"] == (
        "5 MINUTES of twilio (PHONE) at 20 credits per MINUTES by rate card 2025-01-01, in force since "
        f"{SINCE}. Exactly 100 credits; rounded UP to whole credits: 100 credits. "
        f"Paid: 10 credits from {hold_id}, set aside from {one}; 20 credits from {one}; "
        f"40 credits from {other}; 30 credits that no grant covered, which the account owes. "
        "No provider had been selected for PHONE: whoever recorded the usage named twilio. "
        f"Voided at 2026-03-04T12:02:00+00:00 (a wrong number): 10 credits went back to {one}, which has "
        f"expired; 20 credits went back to {one}, which has expired; 40 credits went back to {other}; "
        "30 credits less are owed."
    )


async def test_a_hold_on_the_credit_line_is_told_as_such(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    hold = await tenant.hold(run, CALL)
    [usage] = await tenant.add(run, CALL)
    found = await explained(ask, tenant, usage)
    [payment] = found["payments"]
    assert (payment["source"], payment["grant"]) == ("HOLD", None)
    hold_id = format_id(IdKind.HOLD, hold.id)
    assert f"Paid: 100 credits from {hold_id}, set aside from the credit line." in found["text"]


async def test_an_accounts_own_rate_is_rounded_by_everybodys_card(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    await publish(tenant, RateCard("fine", NOON, RoundingMode.HALF_UP, 2, RATES))
    own = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 1_111_000)
    clock.forward(minutes=1)
    await publish(
        tenant, RateCard("deal", clock.now, RoundingMode.UP, 0, (own,)), account_id=tenant.account_id
    )
    run = await tenant.start()
    phone, text_ = await tenant.add(run, "PHONE twilio 1 MINUTES", "SMS twilio 5 MESSAGES")
    for _ in range(2):
        found = await explained(ask, tenant, phone)
        price = found["price"]
        assert (price["exactCredits"], price["creditsUsed"], price["reproduced"]) == ("1.111", "1.11", True)
        assert (price["rounding"], price["precision"], price["overridden"]) == ("HALF_UP", 2, True)
        assert (price["rateCardVersion"], price["inForceFrom"]) == ("fine + deal", "2026-03-04T12:01:00Z")
        assert (
            "by the account's own rate card deal, in force since 2026-03-04T12:01:00+00:00, in place of "
            "everybody's fine, which rounds. Exactly 1.111 credits; rounded HALF_UP to 2 decimal places"
        ) in found["text"]
        other = (await explained(ask, tenant, text_))["price"]
        assert (other["rateCardVersion"], other["overridden"], other["reproduced"]) == ("fine", False, True)
        # A card that comes later has priced nothing of it.
        clock.forward(minutes=1)
        await publish(tenant, RateCard(f"later {clock.now}", clock.now, RoundingMode.DOWN, 0, RATES))


async def test_the_choice_is_the_newest_that_was_made_by_then(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    agent = await new_agent(tenant, preset="balanced")
    run = await tenant.start(agent_id=agent.id)
    [unselected] = await tenant.add(run, "GPT gpt-4o 1000 TOKENS")
    clock.forward(minutes=1)
    await hold_selected(tenant, run, asked("GPT 1000 TOKENS", "VOICE_STT 1 MINUTES"))
    kept, other = await tenant.add(run, "GPT gpt-4o 1000 TOKENS", "GPT gpt-4 1000 TOKENS")
    clock.forward(minutes=1)
    await hold_selected(tenant, run, asked("GPT 1000 TOKENS gpt-4o-mini", "GPT 2000 TOKENS gpt-4"))
    both = await tenant.add(run, "GPT gpt-4 1000 TOKENS", "GPT gpt-4o-mini 1000 TOKENS")
    [neither, speech, call] = await tenant.add(
        run, "GPT gpt-4o 1000 TOKENS", "VOICE_STT deepgram 1 MINUTES", CALL
    )
    seen = {}
    names = ("unselected", "kept", "other", "one", "two", "neither", "speech", "call")
    for name, usage in zip(names, [unselected, kept, other, *both, neither, speech, call], strict=True):
        seen[name] = (await explained(ask, tenant, usage))["choice"]
    assert {name: (it["asSelected"], it["selectedProvider"]) for name, it in seen.items()} == {
        "unselected": (None, None),
        "kept": (True, "gpt-4o"),
        "other": (False, "gpt-4o"),
        "one": (True, "gpt-4"),
        "two": (True, "gpt-4o-mini"),
        "neither": (False, "gpt-4o-mini"),
        # The newest selection says nothing of speech: the one before still counts.
        "speech": (True, "deepgram"),
        "call": (None, None),
    }
    assert seen["unselected"]["decision"] is None
    assert seen["other"]["sentence"].startswith(
        "Not as selected: gpt-4o was selected at 2026-03-04T12:01:00+00:00, and gpt-4 served."
    )
    assert "gpt-4o-mini and gpt-4 was selected" not in seen["neither"]["sentence"]
    assert seen["neither"]["sentence"].startswith("Not as selected: gpt-4o-mini and gpt-4 were selected")


async def test_what_changes_later_changes_no_explanation(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    agent = await new_agent(tenant, preset="balanced")
    run = await tenant.start(agent_id=agent.id, selection=asked("GPT 1000 TOKENS"))
    [usage] = await tenant.add(run, "GPT gpt-4o 1000 TOKENS")
    before = await explained(ask, tenant, usage)
    clock.forward(minutes=1)
    dearer = Rate(ServiceType.GPT, "gpt-4o", UnitType.TOKENS, 99_000_000, per=1000)
    await publish(tenant, RateCard("dearer", clock.now, RoundingMode.DOWN, 6, (dearer,)))
    await publish(
        tenant,
        RateCard("own", clock.now, RoundingMode.UP, 0, (dearer,)),
        account_id=tenant.account_id,
    )
    for mutation in (
        f'updateAgent(input: {{agentId: "{format_id(IdKind.AGENT, agent.id)}", name: "another", customSettings: {{service_configuration: {{primary_ai_model: "gpt-4"}}}}}})',
        f'archiveAgent(input: {{agentId: "{format_id(IdKind.AGENT, agent.id)}"}})',
    ):
        await ask.data(tenant.secret, f"mutation {{ {mutation} {{ __typename }} }}")
    assert await explained(ask, tenant, usage) == before


async def test_what_the_rate_does_not_reproduce_is_told(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    [usage] = await tenant.add(run, CALL)
    rate = usage.rate_id

    def tamper(session: Session, *, now: object) -> None:  # noqa: ARG001 - a verb
        cheaper = text("UPDATE rate SET price = 19000000 WHERE id = :id")
        session.execute(cheaper, {"id": rate if session.get_bind().dialect.name != "sqlite" else rate.bytes})

    await tenant.database.write(Command(None, tamper))
    found = await explained(ask, tenant, usage)
    price = found["price"]
    assert (price["reproduced"], price["creditsUsed"], price["exactCredits"]) == (False, "100", "100")
    told = "The record says 100 credits, exactly 100, which the rate does not reproduce; the record counts."
    assert told in found["text"]


LISTED = f"""{{ viewer {{ account {{ workflows(first: 20) {{ nodes {{ servicesUsed {{ nodes {{ asSelected
  explanation {{ {PRICE} {CHOICE} text payments {{ credits hold {{ id }} grant {{ id }} }} }} }} }} }} }} }} }} }}"""


@pytest.mark.parametrize("runs", [1, 20])
async def test_statements_do_not_grow_with_the_usages(ask: Door, tenant: Tenant, runs: int) -> None:
    await tenant.grant("10000")
    own = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 1_000_000)
    await publish(tenant, RateCard("deal", NOON, RoundingMode.UP, 0, (own,)), account_id=tenant.account_id)
    agent = await new_agent(tenant, preset="balanced")
    for _ in range(runs):
        run = await tenant.start(agent_id=agent.id, selection=asked("GPT 1000 TOKENS"))
        await tenant.hold(run, "5")
        await tenant.add(run, CALL, "GPT gpt-4o 1000 TOKENS", "GPT gpt-4o-mini 2000 TOKENS")
    await ask.data(tenant.secret, "{ viewer { scopes } }")
    await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
    with statements(tenant.database) as sent:
        answer = await ask.data(tenant.secret, LISTED)
    listed = answer["viewer"]["account"]["workflows"]["nodes"]
    found = [[it["asSelected"] for it in run["servicesUsed"]["nodes"]] for run in listed]
    assert found == [[None, True, False]] * runs
    assert len([it for it in sent if not it.startswith("BEGIN")]) == 14, "\n\n".join(sent)


async def test_a_key_that_tracks_sees_whether_its_usage_was_as_selected(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start(selection=asked("GPT 1000 TOKENS", preset="balanced"))
    add = """mutation($id: ID!) { addServiceUsage(input: {workflowId: $id, serviceType: GPT, provider: "gpt-4",
      units: 5, unitType: TOKENS, idempotencyKey: "k"}) { ... on ServiceUsageAdded { serviceUsage { asSelected %s } } } }"""
    secret = await scoped(tenant, Scope.TRACK)
    asked_for = {"id": format_id(IdKind.WORKFLOW, run.id)}
    assert await ask.data(secret, add % "", asked_for) == {
        "addServiceUsage": {"serviceUsage": {"asSelected": False}}
    }
    assert await ask.code(secret, add % "explanation { text }", asked_for) == "FORBIDDEN"


async def test_another_accounts_usage_is_not_explained(ask: Door, tenant: Tenant) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    [usage] = await stranger.add(await stranger.start(), CALL)
    id_ = format_id(IdKind.SERVICE_USAGE, usage.id)
    assert await ask.data(tenant.secret, EXPLAIN, {"id": id_}) == {"serviceUsage": None}
