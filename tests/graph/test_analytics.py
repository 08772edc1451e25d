"""Where credits went: every breakdown against a plain recomputation from what was recorded."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from models.workflow import Workflow
from tests.clock import NOON, SettableClock
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant, given

FIGURES = """{ totalCredits usageCount
  workflowBreakdown { workflowName count totalCredits averageDurationSeconds }
  serviceBreakdown { serviceType provider usageCount totalCredits units { unitType units } }
  userBreakdown { userId usageCount totalCredits }
  workflowsUsed { workflowName totalCredits }
  topConsumingServices(first: 3) { service totalCredits } }"""
QUERY = f"""query($from: DateTime, $to: DateTime, $filter: UsageFilter) {{ viewer {{ account {{
  id usage(from: $from, to: $to, filter: $filter) {FIGURES}
  agents {{ nodes {{ id usage(from: $from, to: $to, filter: $filter) {FIGURES} }} }}
  apiKeys {{ nodes {{ id usage(from: $from, to: $to, filter: $filter) {FIGURES} }} }}
  workflows(first: 100) {{ nodes {{ id totalCreditsUsed usageCount
    serviceBreakdown {{ serviceType provider usageCount totalCredits units {{ unitType units }} }} }} }} }} }} }}"""

# What is used, in which unit, and its price as a whole number of credits for each unit.
SERVICES = [
    ("PHONE", "twilio", "MINUTES", 20),
    ("VISION", "gpt-4o", "IMAGES", 10),
    ("VISION", "gpt-4o-mini", "IMAGES", 2),
]


@dataclass(frozen=True, slots=True)
class Used:
    """A usage as the test knows it."""

    run: Workflow
    service_type: str
    provider: str
    unit_type: str
    units: int
    credits: int
    used_at: datetime


@dataclass(slots=True)
class History:
    """What was recorded, in plain values."""

    runs: list[Workflow]
    counted: list[Used]


@pytest.fixture
async def history(tenant: Tenant, clock: SettableClock) -> History:
    """Some days of random runs: agents, keys and users or none, late usages, voided ones, runs that go on."""
    chance = random.Random(20260304)
    agents = [(await new_agent(tenant, f"agent {number}")).id for number in range(3)]
    keys = [tenant.api_key_id, *[(await tenant.with_another_key()).api_key_id for _ in range(2)]]
    items = [
        tenant.run(
            chance.choice(["phone_ai_call", "voice_chat", "café"]),
            agent_id=chance.choice([*agents, None]),
            user_id=chance.choice(["ann", "bob", None]),
            attributed_key_id=chance.choice(keys),
            started_at=NOON - timedelta(seconds=chance.randrange(3 * 86_400)),
        )
        for _ in range(60)
    ]
    runs = [answer.workflow for answer in await tenant.start_all(*items)]
    for run in runs[::3]:
        ended_at = min(NOON, run.started_at + timedelta(microseconds=chance.randrange(10**9)))
        runs[runs.index(run)] = await tenant.end(run, ended_at=ended_at)
    known = [used_by_chance(chance, run) for run in runs for _ in range(chance.randrange(4))]
    answers = await tenant.add_all(
        *(
            tenant.usage(
                it.run.id, f"{it.service_type} {it.provider} {it.units} {it.unit_type}", used_at=it.used_at
            )
            for it in known
        )
    )
    voided = set(chance.sample(range(len(known)), 15))
    for number in voided:
        await tenant.void(given(answers[number]).usage)
    clock.forward(hours=1)
    return History(runs, [it for number, it in enumerate(known) if number not in voided])


def used_by_chance(chance: random.Random, run: Workflow) -> Used:
    service_type, provider, unit_type, price = chance.choice(SERVICES)
    units = chance.randrange(1, 30)
    used_at = min(NOON, run.started_at + timedelta(seconds=chance.randrange(86_400)))
    return Used(run, service_type, provider, unit_type, units, units * price, used_at)


def figures(
    history: History, of: Callable[[Workflow], bool], start: datetime | None, end: datetime | None
) -> Any:
    """The figures of an owner and a period, recomputed one by one."""
    used = [it for it in history.counted if of(it.run) and within(it.used_at, start, end)]
    runs = [run for run in history.runs if of(run) and within(run.started_at, start, end)]
    names = {it.run.workflow_name for it in used} | {run.workflow_name for run in runs}
    by_name = {name: sum(it.credits for it in used if it.run.workflow_name == name) for name in names}
    services = breakdown(used)
    users: dict[str | None, list[int]] = defaultdict(list)
    for it in used:
        users[it.run.user_id].append(it.credits)
    return {
        "totalCredits": str(sum(it.credits for it in used)),
        "usageCount": len(used),
        "workflowBreakdown": [
            {
                "workflowName": name,
                "count": sum(run.workflow_name == name for run in runs),
                "totalCredits": str(by_name[name]),
                "averageDurationSeconds": average([run for run in runs if run.workflow_name == name]),
            }
            for name in sorted(names, key=lambda name: (-by_name[name], name))
        ],
        "serviceBreakdown": services,
        "userBreakdown": [
            {"userId": user, "usageCount": len(credits_), "totalCredits": str(sum(credits_))}
            for user, credits_ in sorted(users.items(), key=lambda item: (-sum(item[1]), item[0] or ""))
        ],
        "workflowsUsed": [
            {"workflowName": name, "totalCredits": str(by_name[name])}
            for name in sorted({it.run.workflow_name for it in used}, key=lambda name: (-by_name[name], name))
        ],
        "topConsumingServices": [
            {
                "service": f"{row['serviceType'].lower()}_{row['provider']}",
                "totalCredits": row["totalCredits"],
            }
            for row in services[:3]
        ],
    }


def breakdown(used: list[Used]) -> list[dict[str, Any]]:
    services: dict[tuple[str, str], list[Used]] = defaultdict(list)
    for it in used:
        services[it.service_type, it.provider].append(it)
    rows = [
        {
            "serviceType": service_type,
            "provider": provider,
            "usageCount": len(group),
            "totalCredits": str(sum(it.credits for it in group)),
            "units": [{"unitType": group[0].unit_type, "units": str(sum(it.units for it in group))}],
        }
        for (service_type, provider), group in services.items()
    ]
    return sorted(rows, key=lambda row: (-int(str(row["totalCredits"])), row["serviceType"], row["provider"]))


def average(runs: list[Workflow]) -> str | None:
    took = [run.duration_micros for run in runs if run.duration_micros is not None]
    if not took:
        return None
    text = f"{Decimal(sum(took) // len(took)).scaleb(-6):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or start <= at) and (end is None or at < end)


async def asked(
    ask: Door, tenant: Tenant, start: datetime | None = None, end: datetime | None = None, **like: str
) -> Any:
    variables = {"from": start and start.isoformat(), "to": end and end.isoformat(), "filter": like or None}
    return (await ask.data(tenant.secret, QUERY, variables))["viewer"]["account"]


async def test_every_level_and_dimension_adds_up(ask: Door, tenant: Tenant, history: History) -> None:
    day = timedelta(days=1)
    edge = history.counted[7].used_at
    for start, end in [(None, None), (NOON - 2 * day, NOON - day), (edge, None), (None, edge), (edge, edge)]:
        account = await asked(ask, tenant, start, end)
        assert account["usage"] == figures(history, lambda _: True, start, end)
        for agent in account["agents"]["nodes"]:
            of_agent = owner(agent["id"])
            assert agent["usage"] == figures(
                history, lambda run, id_=of_agent: run.agent_id == id_, start, end
            )  # type: ignore[misc]
        for key in account["apiKeys"]["nodes"]:
            of_key = owner(key["id"])
            assert key["usage"] == figures(history, lambda run, id_=of_key: run.api_key_id == id_, start, end)  # type: ignore[misc]
        keys = [int(key["usage"]["totalCredits"]) for key in account["apiKeys"]["nodes"]]
        assert sum(keys) == int(account["usage"]["totalCredits"])
        for dimension in ("workflowBreakdown", "serviceBreakdown", "userBreakdown", "workflowsUsed"):
            parts = [int(row["totalCredits"]) for row in account["usage"][dimension]]
            assert sum(parts) == int(account["usage"]["totalCredits"])


def owner(id_: str) -> UUID:
    return UUID(hex=id_.partition("_")[2])


async def test_runs_have_their_own_breakdown(ask: Door, tenant: Tenant, history: History) -> None:
    for node in (await asked(ask, tenant))["workflows"]["nodes"]:
        used = [it for it in history.counted if it.run.id == owner(node["id"])]
        assert node["serviceBreakdown"] == breakdown(used)
        assert node["totalCreditsUsed"] == str(sum(it.credits for it in used))
        assert node["usageCount"] == len(used)


async def test_usage_is_narrowed_to_runs_like_these(ask: Door, tenant: Tenant, history: History) -> None:
    run = next(it.run for it in history.counted if it.run.agent_id and it.run.user_id)
    likes: list[tuple[dict[str, str], Callable[[Workflow], bool]]] = [
        ({"workflowName": "cafe\u0301"}, lambda it: it.workflow_name == "café"),
        ({"userId": str(run.user_id)}, lambda it: it.user_id == run.user_id),
        (
            {"agentId": f"agent_{run.agent_id.hex if run.agent_id else ''}"},
            lambda it: it.agent_id == run.agent_id,
        ),
        ({"apiKeyId": f"key_{run.api_key_id.hex}"}, lambda it: it.api_key_id == run.api_key_id),
        ({"businessAdapter": "emergencyservices"}, lambda it: it.business_adapter == "emergencyservices"),
        ({"businessAdapter": "nothing"}, lambda _: False),
        ({"agentId": f"agent_{32 * '0'}"}, lambda _: False),
    ]
    for like, of in likes:
        assert (await asked(ask, tenant, **like))["usage"] == figures(history, of, None, None), like


async def test_adjoining_periods_add_up(ask: Door, tenant: Tenant, history: History) -> None:
    edges = [None, *sorted({it.used_at for it in history.counted})[::20], None]
    whole = (await asked(ask, tenant))["usage"]
    parts = [(await asked(ask, tenant, *period))["usage"] for period in pairwise(edges)]
    assert sum(int(part["totalCredits"]) for part in parts) == int(whole["totalCredits"])
    assert sum(part["usageCount"] for part in parts) == whole["usageCount"]
    runs = [sum(row["count"] for row in part["workflowBreakdown"]) for part in parts]
    assert sum(runs) == len(history.runs)


async def test_units_beyond_64_bits_of_millionths(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    for _ in range(12):
        await tenant.add(run, "GPT gpt-4o-mini 999999999999.999999 TOKENS")
    usage = (await asked(ask, tenant))["usage"]
    assert usage["serviceBreakdown"] == [
        {
            "serviceType": "GPT",
            "provider": "gpt-4o-mini",
            "usageCount": 12,
            "totalCredits": "12000000000",
            "units": [{"unitType": "TOKENS", "units": "11999999999999.999988"}],
        }
    ]
