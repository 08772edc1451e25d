"""What finished runs cost, name by name: against a plain recomputation from the runs themselves."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from metering.tracking import RecordWorkflow
from models.workflow import Workflow, WorkflowStatus
from tests.clock import NOON
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.graph.test_statement_counts import settled
from tests.tenant import Tenant, given, metered

FIGURES = """{ count failedOrCancelledCount failedOrCancelledShare totalCredits p50Credits p95Credits meanCredits
  maxCredits p50DurationSeconds p95DurationSeconds meanDurationSeconds creditsPerMinute }"""
NAMES = f"{{ workflowName figures {FIGURES} previous {FIGURES} trend {{ from to figures {FIGURES} }} }}"
QUERY = f"""query($from: DateTime, $to: DateTime, $filter: UsageFilter, $first: Int! = 20) {{ viewer {{ account {{
  unitEconomics(from: $from, to: $to, filter: $filter, first: $first) {{ from to byWorkflowName {NAMES} }}
  agents(first: 5) {{ nodes {{ id unitEconomics(from: $from, to: $to, first: $first) {{ byWorkflowName {NAMES} }} }} }}
  apiKeys(first: 5) {{ nodes {{ id unitEconomics(from: $from, to: $to, first: $first) {{ byWorkflowName {NAMES} }} }} }} }} }} }}"""
DRIFT = """query($from: DateTime) { viewer { account { unitEconomics(from: $from) { byWorkflowName {
  workflowName drift { p50Percent p95Percent isDrifting } figures { count p50Credits } previous { count p50Credits } } } } } }"""
ENDED = (WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.CANCELLED)
DAY = timedelta(days=1)


async def ran(tenant: Tenant, *costs: int, ago: timedelta = timedelta(), name: str = "call") -> None:
    """Record completed runs of some minutes that cost so many credits, all of them started at once."""
    items = [
        RecordWorkflow(
            tenant.run(name, started_at=NOON - ago - timedelta(minutes=2)),
            WorkflowStatus.COMPLETED,
            NOON - ago,
            (metered(f"GPT gpt-4o-mini {cost}000 TOKENS", NOON - ago),) if cost else (),
        )
        for cost in costs
    ]
    for answer in await tenant.record(*items):
        given(answer)


@pytest.fixture
async def history(tenant: Tenant) -> list[Workflow]:
    """Random runs of some days: of agents and keys or none, ended in each way or going on, with voided usages."""
    chance = random.Random(20260305)
    agents = [(await new_agent(tenant, f"agent {number}")).id for number in range(2)]
    keys = [tenant.api_key_id, (await tenant.with_another_key()).api_key_id]
    items = [
        tenant.run(
            chance.choice(["phone_ai_call", "voice_chat", "café"]),
            agent_id=chance.choice([*agents, None]),
            attributed_key_id=chance.choice(keys),
            user_id=chance.choice(["ann", None]),
            started_at=NOON - timedelta(seconds=chance.randrange(1, 4 * 86_400)),
        )
        for _ in range(90)
    ]
    runs = [answer.workflow for answer in await tenant.start_all(*items)]
    for run in runs:
        for _ in range(chance.randrange(3)):
            used = f"GPT gpt-4o-mini {chance.randrange(1, 6)}000 TOKENS"
            [usage] = await tenant.add(run, used, used_at=run.started_at)
            if chance.random() < 0.2:
                await tenant.void(usage)
    for run in chance.sample(runs, 80):
        ended_at = min(
            NOON, run.started_at + timedelta(microseconds=chance.choice([0, chance.randrange(10**9)]))
        )
        await tenant.end(run, chance.choice(ENDED), ended_at)
    return [await tenant.workflow(run.id) for run in runs]


def figures(runs: list[Workflow]) -> Any:
    """The figures of runs, one by one."""
    if not runs:
        return None
    count = len(runs)
    costs = sorted(run.total_credits.micros for run in runs)
    took = sorted(run.duration_micros or 0 for run in runs)
    bad = sum(run.status is not WorkflowStatus.COMPLETED for run in runs)
    return {
        "count": count,
        "failedOrCancelledCount": bad,
        "failedOrCancelledShare": text(bad * 10**6 // count),
        "totalCredits": text(sum(costs)),
        "p50Credits": text(nearest(costs, 50)),
        "p95Credits": text(nearest(costs, 95)),
        "meanCredits": text(sum(costs) // count),
        "maxCredits": text(costs[-1]),
        "p50DurationSeconds": text(nearest(took, 50)),
        "p95DurationSeconds": text(nearest(took, 95)),
        "meanDurationSeconds": text(sum(took) // count),
        "creditsPerMinute": text(sum(costs) * 60_000_000 // sum(took)) if sum(took) else None,
    }


def nearest(values: list[int], percent: int) -> int:
    """The least value which so many percent of all are not above."""
    return next(each for each in values if 100 * sum(it <= each for it in values) >= percent * len(values))


def text(micros: int) -> str:
    written = f"{Decimal(micros).scaleb(-6):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def by_name(runs: list[Workflow], start: datetime, end: datetime, first: int = 20) -> list[Any]:
    """The names of a period, recomputed one by one."""
    ended = [run for run in runs if run.ended_at is not None]
    names = sorted({run.workflow_name for run in ended})
    length = end - start
    edges = [start + length * number // 12 for number in range(13)]

    def within(name: str, since: datetime, until: datetime) -> list[Workflow]:
        return [run for run in ended if run.workflow_name == name and since <= run.started_at < until]

    rows = [
        {
            "workflowName": name,
            "figures": figures(within(name, start, end)),
            "previous": figures(within(name, start - length, start)),
            "trend": [
                {"from": written(since), "to": written(until), "figures": figures(within(name, since, until))}
                for since, until in pairwise(edges)
            ],
        }
        for name in names
        if within(name, start, end)
    ]
    return sorted(rows, key=lambda row: (-Decimal(row["figures"]["totalCredits"]), row["workflowName"]))[
        :first
    ]


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def asked(ask: Door, tenant: Tenant, **variables: Any) -> Any:
    return (await ask.data(tenant.secret, QUERY, variables))["viewer"]["account"]


async def test_every_level_equals_a_recomputation(ask: Door, tenant: Tenant, history: list[Workflow]) -> None:
    edge = sorted(run.started_at for run in history)[45]
    for start, end in [
        (NOON - 2 * DAY, NOON),
        (NOON - 3 * DAY, NOON - DAY),
        (edge, NOON),
        (NOON - 3 * DAY, edge),
    ]:
        account = await asked(ask, tenant, **{"from": start.isoformat(), "to": end.isoformat()})
        assert account["unitEconomics"] == {
            "from": written(start),
            "to": written(end),
            "byWorkflowName": by_name(history, start, end),
        }
        for node in account["agents"]["nodes"]:
            of_agent = [run for run in history if run.agent_id and f"agent_{run.agent_id.hex}" == node["id"]]
            assert node["unitEconomics"]["byWorkflowName"] == by_name(of_agent, start, end)
        for node in account["apiKeys"]["nodes"]:
            of_key = [run for run in history if f"key_{run.api_key_id.hex}" == node["id"]]
            assert node["unitEconomics"]["byWorkflowName"] == by_name(of_key, start, end)


async def test_it_is_narrowed_to_runs_like_these_and_to_the_dearest_names(
    ask: Door, tenant: Tenant, history: list[Workflow]
) -> None:
    start, end = NOON - 2 * DAY, NOON
    period = {"from": start.isoformat(), "to": end.isoformat()}
    likes: list[tuple[dict[str, str], Callable[[Workflow], bool]]] = [
        ({"workflowName": "cafe\u0301"}, lambda run: run.workflow_name == "café"),
        ({"userId": "ann"}, lambda run: run.user_id == "ann"),
        ({"businessAdapter": "nothing"}, lambda _: False),
    ]
    for like, fits in likes:
        account = await asked(ask, tenant, **period, filter=like)
        runs = [run for run in history if fits(run)]
        assert account["unitEconomics"]["byWorkflowName"] == by_name(runs, start, end)
    for first in (1, 2):
        account = await asked(ask, tenant, **period, first=first)
        assert account["unitEconomics"]["byWorkflowName"] == by_name(history, start, end, first)


async def test_names_that_cost_the_same_come_by_the_alphabet(ask: Door, tenant: Tenant) -> None:
    for name in ("b", "é", "a", "C"):
        await ran(tenant, 5, name=name)
    await ran(tenant, 6, name="z")
    account = await asked(ask, tenant, first=3)
    assert [row["workflowName"] for row in account["unitEconomics"]["byWorkflowName"]] == ["z", "C", "a"]


async def test_without_a_period_it_is_the_last_28_days(ask: Door, tenant: Tenant) -> None:
    await ran(tenant, 7, ago=timedelta(minutes=1))
    account = await asked(ask, tenant)
    assert (account["unitEconomics"]["from"], account["unitEconomics"]["to"]) == (
        "2026-02-04T12:00:00.000001Z",
        "2026-03-04T12:00:00.000001Z",
    )
    [name] = account["unitEconomics"]["byWorkflowName"]
    assert (name["figures"]["p50Credits"], name["figures"]["creditsPerMinute"]) == ("7", "3.5")
    assert name["previous"] is None


@pytest.mark.parametrize(
    ("before", "now", "p50", "p95", "drifting"),
    [
        ([10] * 30, [12] * 30, "20", "20", True),
        ([10] * 30, [11] * 30, "10", "10", False),  # a tenth is not more than a tenth
        ([10] * 30, [12] * 29, "20", "20", False),  # too few runs to say so
        ([10] * 29, [12] * 30, "20", "20", False),
        ([10] * 30, [8] * 30, "-20", "-20", True),
        ([3] * 28 + [9] * 2, [3] * 28 + [10] * 2, "0", "11.1", False),
        ([0] * 30, [1] * 30, None, None, True),
        ([], [1] * 30, None, None, False),
        ([16] * 30, [15] * 30, "-6.3", "-6.3", False),
    ],
)
async def test_a_drift_is_a_move_of_the_middle_that_many_runs_made(
    ask: Door,
    tenant: Tenant,
    before: list[int],
    now: list[int],
    p50: str | None,
    p95: str | None,
    drifting: bool,
) -> None:
    await ran(tenant, *before, ago=DAY / 3)
    await ran(tenant, *now, ago=timedelta(minutes=1))
    start = (NOON - DAY / 4).isoformat()
    answer = await ask.data(tenant.secret, DRIFT, {"from": start})
    [row] = answer["viewer"]["account"]["unitEconomics"]["byWorkflowName"]
    assert row["drift"] == {"p50Percent": p50, "p95Percent": p95, "isDrifting": drifting}


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"from": "2026-03-04T12:00:00Z", "to": "2026-03-04T11:59:59Z"}, "to"),
        ({"from": "2025-03-03T11:59:59Z"}, "from"),
        ({"filter": {"workflowName": ""}}, "filter.workflowName"),
    ],
)
async def test_what_cannot_be_looked_at_is_named(
    ask: Door, tenant: Tenant, variables: dict[str, Any], field: str
) -> None:
    error = await ask.error(tenant.secret, QUERY, variables)
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}


async def test_periods_at_the_ends_of_time_are_empty(ask: Door, tenant: Tenant) -> None:
    await ran(tenant, 1)
    for period in (
        {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"},
        {"to": "0001-01-01T00:00:00Z"},
        {"from": "9999-12-31T23:59:59Z"},
        {"from": "2026-03-04T11:58:00Z", "to": "2026-03-04T11:58:00Z"},
    ):
        account = await asked(ask, tenant, **period)
        assert account["unitEconomics"]["byWorkflowName"] == []


async def test_statements_do_not_grow_with_agents_names_or_runs(ask: Door, tenant: Tenant) -> None:
    query = """{ viewer { account { agents(first: 20) { nodes { unitEconomics { byWorkflowName {
      figures { p50Credits } trend { figures { p50Credits } } } } } } } } }"""
    counts = []
    for number in (1, 19):
        for _ in range(number):
            agent = await new_agent(tenant)
            for name in ("a", "b"):
                run = await tenant.start(name, agent_id=agent.id, started_at=NOON - timedelta(minutes=2))
                await tenant.end(run)
        await settled(ask, tenant)
        with statements(tenant.database) as sent:
            await ask.data(tenant.secret, query)
        counts.append(len([text for text in sent if not text.startswith("BEGIN")]))
    # The key with its account, its agents, their names, and the trends of these.
    assert counts == [4, 4]
