"""Margins as operators ask for them, against a computation by hand from what was recorded."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from models.api_key import Scope
from models.database import Database
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.databases.statements import statements
from tests.door import Door, opened_door, scoped
from tests.graph.agents import new_agent
from tests.tenant import Tenant, issue

CHANGE = NOON - timedelta(hours=6)
COSTS = f"""currency = "USD"
[[costs]]
service_type = "PHONE"
provider = "twilio"
unit_type = "MINUTES"
amount = "0.014"
source = "The contract of 2025."
[[costs]]
service_type = "PHONE"
provider = "twilio"
unit_type = "MINUTES"
amount = "0.02"
from = {CHANGE.isoformat()}
source = "The contract of 2026."
[[costs]]
service_type = "VISION"
provider = "gpt-4o"
unit_type = "IMAGES"
amount = "0.003"
source = "An average of our bills."
"""
AMOUNTS = "revenue cost margin share matchedCredits unmatchedCredits"
MARGIN = f"""margin {{ currency creditValue reason {AMOUNTS}
  known {{ serviceType provider unitType units credits cost rate {{ amount per unitType since source }} }}
  unknown {{ serviceType provider unitType units credits reason }} }}"""
QUERY = f"""query($id: ID!, $from: DateTime, $to: DateTime) {{ account(id: $id) {{
  usage(from: $from, to: $to) {{ totalCredits {MARGIN}
    serviceBreakdown {{ serviceType provider totalCredits margin {{ {AMOUNTS} }} }} }}
  agents {{ nodes {{ usage(from: $from, to: $to) {{ totalCredits margin {{ {AMOUNTS} }} }} }} }}
  apiKeys {{ nodes {{ usage(from: $from, to: $to) {{ totalCredits margin {{ {AMOUNTS} }} }} }} }}
  workflows(first: 100) {{ nodes {{ totalCreditsUsed serviceBreakdown {{ margin {{ {AMOUNTS} }} }} }} }} }} }}"""


@pytest.fixture
def costs(tmp_path: Path) -> Path:
    path = tmp_path / "costs.toml"
    path.write_text(COSTS, encoding="utf-8")
    return path


@pytest.fixture
async def ask(database: Database, costs: Path) -> AsyncIterator[Door]:
    """The service, told its own costs and that a credit sells for a cent."""
    async with opened_door(database, provider_costs=costs, credit_value="0.01 USD") as door:
        yield door


async def asked(
    ask: Door, operator: str, tenant: Tenant, start: datetime | None = None, end: datetime | None = None
) -> Any:
    variables = {
        "id": f"account_{tenant.account_id.hex}",
        "from": start and start.isoformat(),
        "to": end and end.isoformat(),
    }
    return (await ask.data(operator, QUERY, variables))["account"]


def shown(amount: Fraction) -> str:
    with localcontext(prec=200):
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        text = format(exact.quantize(Decimal("1e-18"), ROUND_HALF_EVEN), "f")
    return text.rstrip("0").rstrip(".")


async def test_a_margin_by_hand(ask: Door, operator: str, tenant: Tenant) -> None:
    run = await tenant.start(started_at=NOON - timedelta(hours=9))
    tick = timedelta(microseconds=1)
    await tenant.add(run, "PHONE twilio 5 MINUTES", used_at=CHANGE - tick)
    await tenant.add(run, "PHONE twilio 5 MINUTES", used_at=CHANGE)
    await tenant.add(run, "PHONE twilio 100 SECONDS", used_at=NOON)
    await tenant.add(run, "VOICE_STT deepgram 2 MINUTES", used_at=CHANGE)
    await tenant.add(run, "GPT gpt-4o-mini 3000 INPUT_TOKENS", "GPT gpt-4o-mini 500 OUTPUT_TOKENS")
    await tenant.add(run, "GPT gpt-4o 1500 TOKENS", "VOICE_TTS elevenlabs 450 CHARACTERS")
    [mistake] = await tenant.add(run, "PHONE twilio 7 MINUTES", used_at=CHANGE)
    await tenant.void(mistake)

    usage = (await asked(ask, operator, tenant))["usage"]
    margin = usage["margin"]
    # 100 + 100 + 34 + 16 + 3 + 1 credits, at a cent each.
    assert (margin["currency"], margin["creditValue"], margin["revenue"]) == ("USD", "0.01", "2.54")
    # 5 * 0.014 + 5 * 0.02 + 100 / 60 * 0.02 + 2 * 0.0077 + 3000 * 0.15 / 10⁶ + 500 * 0.6 / 10⁶
    assert margin["cost"] == "0.219483333333333333"
    assert margin["margin"] == "2.320516666666666667"
    assert margin["share"] == "0.913589238845144357"
    assert (margin["reason"], margin["matchedCredits"], margin["unmatchedCredits"]) == (None, "254", "13")
    assert usage["totalCredits"] == "267"
    assert [row | {"rate": row["rate"]["amount"]} for row in margin["known"]] == [
        known("GPT gpt-4o-mini 3000 INPUT_TOKENS", "3", "0.00045", "0.15"),
        known("GPT gpt-4o-mini 500 OUTPUT_TOKENS", "1", "0.0003", "0.6"),
        known("PHONE twilio 5 MINUTES", "100", "0.07", "0.014"),
        known("PHONE twilio 5 MINUTES", "100", "0.1", "0.02"),
        known("PHONE twilio 100 SECONDS", "34", "0.033333333333333333", "0.02"),
        known("VOICE_STT deepgram 2 MINUTES", "16", "0.0154", "0.0077"),
    ]
    sources = [row["rate"] for row in margin["known"]]
    assert sources[0]["source"].startswith("genai-prices ")
    assert sources[3] == sources[4]
    assert sources[4] == {
        "amount": "0.02",
        "per": 1,
        "unitType": "MINUTES",
        "since": "2026-03-04T06:00:00Z",
        "source": "The contract of 2026.",
    }
    assert sources[2]["since"] is None
    assert sources[5]["source"].startswith("Deepgram's list price")
    assert margin["unknown"] == [
        {
            "serviceType": "GPT",
            "provider": "gpt-4o",
            "unitType": "TOKENS",
            "units": "1500",
            "credits": "12",
            "reason": "'gpt-4o' charges input and output tokens differently: "
            "record INPUT_TOKENS and OUTPUT_TOKENS in place of TOKENS.",
        },
        {
            "serviceType": "VOICE_TTS",
            "provider": "elevenlabs",
            "unitType": "CHARACTERS",
            "units": "450",
            "credits": "1",
            "reason": "No cost rate for CHARACTERS of VOICE_TTS 'elevenlabs': add one to your costs.",
        },
    ]
    by_service = {row["provider"]: row["margin"] for row in usage["serviceBreakdown"]}
    assert by_service["twilio"] == {
        "revenue": "2.34",
        "cost": "0.203333333333333333",
        "margin": "2.136666666666666667",
        "share": shown(1 - (Fraction("0.17") + Fraction(1, 30)) / Fraction("2.34")),
        "matchedCredits": "234",
        "unmatchedCredits": "0",
    }
    assert by_service["gpt-4o"] == {
        "revenue": None,
        "cost": None,
        "margin": None,
        "share": None,
        "matchedCredits": "0",
        "unmatchedCredits": "12",
    }


def known(text: str, credits_: str, cost: str, amount: str) -> dict[str, str]:
    service_type, provider, units, unit_type = text.split()
    return {
        "serviceType": service_type,
        "provider": provider,
        "unitType": unit_type,
        "units": units,
        "credits": credits_,
        "cost": cost,
        "rate": amount,
    }


# What is used, its price in credits, and its costs before and after the change; none is unknown.
SERVICES: list[tuple[str, str, int, tuple[str, str] | None]] = [
    ("PHONE twilio", "MINUTES", 20, ("0.014", "0.02")),
    ("VISION gpt-4o", "IMAGES", 10, ("0.003", "0.003")),
    ("VISION gpt-4o-mini", "IMAGES", 2, None),
]


async def test_every_dimension_adds_up_to_what_single_usages_cost(
    ask: Door, operator: str, tenant: Tenant, clock: SettableClock
) -> None:
    chance = random.Random(20261123)
    agents = [(await new_agent(tenant, f"agent {number}")).id for number in range(3)]
    keys = [tenant.api_key_id, (await tenant.with_another_key()).api_key_id]
    counted: list[tuple[datetime, int, tuple[str, str] | None, int]] = []
    for _ in range(20):
        start = NOON - timedelta(seconds=chance.randrange(43_200))
        run = await tenant.start(
            agent_id=chance.choice(agents), attributed_key_id=chance.choice(keys), started_at=start
        )
        for _ in range(chance.randrange(4)):
            service, unit, price, charged = chance.choice(SERVICES)
            units = chance.randrange(1, 50)
            used_at = min(NOON, start + timedelta(seconds=chance.randrange(20_000)))
            [usage] = await tenant.add(run, f"{service} {units} {unit}", used_at=used_at)
            if chance.randrange(5):
                counted.append((used_at, units, charged, units * price))
            else:
                await tenant.void(usage)
    clock.forward(hours=1)
    edge = sorted(used_at for used_at, *_ in counted)[10]
    for start_, end in [(None, None), (edge, None), (None, edge), (CHANGE, NOON), (edge, edge)]:
        account = await asked(ask, operator, tenant, start_, end)
        within = [
            it for it in counted if (start_ is None or start_ <= it[0]) and (end is None or it[0] < end)
        ]
        charged = [(units, costs[at >= CHANGE], price) for at, units, costs, price in within if costs]
        revenue = Fraction(sum(price for *_, price in charged), 100)
        cost = sum((units * Fraction(amount) for units, amount, _ in charged), Fraction())
        assert [account["usage"]["margin"][name] for name in ("revenue", "cost", "margin", "share")] == [
            shown(revenue),
            shown(cost),
            shown(revenue - cost),
            shown((revenue - cost) / revenue) if revenue else None,
        ]
        whole = amounts([account["usage"]])
        assert amounts(account["usage"]["serviceBreakdown"]) == whole
        assert amounts([node["usage"] for node in account["agents"]["nodes"]]) == whole
        assert amounts([node["usage"] for node in account["apiKeys"]["nodes"]]) == whole
        if (start_, end) == (None, None):
            nodes = account["workflows"]["nodes"]
            assert amounts([row for node in nodes for row in node["serviceBreakdown"]]) == whole
        matched, unmatched = whole[3:]
        assert matched + unmatched == Decimal(account["usage"]["totalCredits"])


def amounts(rows: list[Any]) -> list[Decimal]:
    """Add up each amount of the margins of rows, null counting as nothing."""
    names = ("revenue", "cost", "margin", "matchedCredits", "unmatchedCredits")
    return [sum((Decimal(row["margin"][name] or 0) for row in rows), Decimal()) for name in names]


async def test_without_a_credit_value_the_margin_is_null_and_says_why(
    database: Database, operator: str, tenant: Tenant
) -> None:
    run = await tenant.start()
    await tenant.add(run, "PHONE twilio 5 MINUTES")
    async with opened_door(database) as ask:
        margin = (await asked(ask, operator, tenant))["usage"]["margin"]
    assert {
        name: margin[name] for name in ("creditValue", "revenue", "cost", "margin", "share", "reason")
    } == {
        "creditValue": None,
        "revenue": None,
        "cost": "0.07",
        "margin": None,
        "share": None,
        "reason": 'Nobody said what a credit sells for: set CREDITGRAPH_CREDIT_VALUE, for example to "0.01 USD".',
    }


async def test_where_nothing_was_used(ask: Door, operator: str, tenant: Tenant) -> None:
    margin = (await asked(ask, operator, tenant))["usage"]["margin"]
    assert [margin[name] for name in ("revenue", "cost", "margin", "share", "reason")] == [
        "0",
        "0",
        "0",
        None,
        None,
    ]
    assert (margin["known"], margin["unknown"]) == ([], [])


async def test_only_operators_see_margins(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.add(run, "PHONE twilio 5 MINUTES")
    own = "{ viewer { account { usage { totalCredits margin { cost } serviceBreakdown { provider margin { cost } } } } } }"
    for secret in (tenant.secret, await scoped(tenant, Scope.READ, Scope.TRACK, Scope.MANAGE)):
        _, answer = await ask(secret, own)
        usage = answer["data"]["viewer"]["account"]["usage"]
        assert usage == {
            "totalCredits": "100",
            "margin": None,
            "serviceBreakdown": [{"provider": "twilio", "margin": None}],
        }
        assert [error["extensions"] for error in answer["errors"]] == [{"code": "FORBIDDEN"}] * 2
        assert [error["message"] for error in answer["errors"]] == [
            "This needs an API key with the scope OPERATE."
        ] * 2
        run_query = "{ viewer { account { workflows { nodes { serviceBreakdown { margin { cost } } } } } } }"
        assert await ask.code(secret, run_query) == "FORBIDDEN"


async def test_a_mutations_answer_shows_no_margin_either(ask: Door, tenant: Tenant) -> None:
    secret = await scoped(tenant, Scope.TRACK)
    query = """mutation { recordWorkflow(input: {workflowName: "a", idempotencyKey: "1",
      servicesUsed: [{serviceType: PHONE, provider: "twilio", units: "1", unitType: MINUTES}]})
      { ... on WorkflowRecorded { workflow { serviceBreakdown { margin { cost } } } } } }"""
    _, answer = await ask(secret, query)
    assert answer["data"]["recordWorkflow"]["workflow"]["serviceBreakdown"] == [{"margin": None}]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize(
    ("provider", "expected"), [("PHONE twilio 3 MINUTES", 2), ("VISION gpt-4o 3 IMAGES", 1)]
)
async def test_margins_take_one_statement_more_where_a_cost_changed(
    ask: Door, database: Database, tenant: Tenant, provider: str, expected: int
) -> None:
    secret = (await issue(database, None, "operator", (Scope.READ, Scope.OPERATE)))[1]
    for number in range(5):
        agent = await new_agent(tenant, f"agent {number}")
        await tenant.add(await tenant.start(agent_id=agent.id), provider)
    query = """query($id: ID!) { account(id: $id) { agents { nodes { usage {
      margin { cost } serviceBreakdown { totalCredits margin { cost } } } } } } }"""
    variables = {"id": f"account_{tenant.account_id.hex}"}
    await ask.data(secret, "{ viewer { scopes } }")
    await database.write(Command(None, lambda session, *, now: None))  # noqa: ARG005 - a verb
    with statements(database) as sent:
        answer = await ask.data(secret, query, variables)
    costs = {node["usage"]["margin"]["cost"] for node in answer["account"]["agents"]["nodes"]}
    assert costs == {"0.06" if "twilio" in provider else "0.009"}
    about_usages = [text for text in sent if "usage_rollup" in text]
    assert len(about_usages) == expected, "\n".join(sent)
