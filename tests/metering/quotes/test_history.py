"""What runs cost before: by nearest rank, over completed runs, and only where there are enough of them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.quotes.history import (
    FEWEST_RUNS,
    MOST_RUNS,
    CostHistory,
    PastRuns,
    Percentiles,
    cost_history,
    recent,
)
from metering.tracking import RecordWorkflow
from models.database import Database
from models.workflow import WorkflowStatus
from tests.clock import NOON
from tests.databases.statements import statements
from tests.graph.agents import new_agent
from tests.tenant import Tenant, metered, new_tenant
from tests.tenant import given as answered

COMPLETED = WorkflowStatus.COMPLETED


async def ran(tenant: Tenant, *costs: int, status: WorkflowStatus = COMPLETED, **fields: Any) -> None:
    """Record runs that cost so many credits, each for a language model."""
    items = [
        RecordWorkflow(tenant.run(**fields), status, None, _usages(f"GPT gpt-4o-mini {cost}000 TOKENS", cost))
        for cost in costs
    ]
    for answer in await tenant.record(*items):
        answered(answer)


def _usages(text: str, cost: int) -> tuple[Any, ...]:
    return (metered(text),) if cost else ()


async def history(tenant: Tenant, name: str = "phone_ai_call", **fields: Any) -> CostHistory:
    """Look back from noon."""
    runs = PastRuns(tenant.account_id, name, fields.pop("started", recent(NOON)), **fields)
    return await tenant.database.ask(partial(cost_history, runs=runs))


def shown(percentiles: Percentiles | None) -> tuple[str, ...] | None:
    """The figures as text."""
    return (
        None if percentiles is None else tuple(map(str, (percentiles.p10, percentiles.p50, percentiles.p90)))
    )


@pytest.mark.parametrize(
    ("costs", "figures"),
    [
        (range(1, 21), ("2", "10", "18")),
        (range(1, 22), ("3", "11", "19")),
        ([7] * 25, ("7", "7", "7")),
        ([0] * 19 + [500], ("0", "0", "0")),
        ([1] * 17 + [90, 90, 90], ("1", "1", "90")),
    ],
)
async def test_low_expected_and_high_by_nearest_rank(
    tenant: Tenant, costs: Sequence[int], figures: tuple[str, ...]
) -> None:
    await ran(tenant, *costs)
    found = await history(tenant)
    assert (found.run_count, shown(found.percentiles), found.message) == (len(costs), figures, None)


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (
            0,
            (
                "0 completed runs are known of 'phone_ai_call' in this period; 20 are needed to say what "
                "another is likely to cost."
            ),
        ),
        (
            1,
            (
                "1 completed run is known of 'phone_ai_call' in this period; 20 are needed to say what another "
                "is likely to cost."
            ),
        ),
        (
            FEWEST_RUNS - 1,
            (
                "19 completed runs are known of 'phone_ai_call' in this period; 20 are needed to say what "
                "another is likely to cost."
            ),
        ),
    ],
)
async def test_too_few_runs_say_nothing(tenant: Tenant, count: int, message: str) -> None:
    await ran(tenant, *range(1, count + 1))
    found = await history(tenant)
    assert (found.run_count, found.percentiles, found.message) == (count, None, message)
    assert [(each.run_count, each.percentiles) for each in found.services] == (
        [(count, None)] if count else []
    )


async def test_only_completed_runs_of_that_name_agent_user_and_period_count(tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    await ran(tenant, *range(1, 21), agent_id=agent.id, user_id="ann", started_at=NOON - timedelta(days=1))
    await ran(tenant, *range(50, 71), user_id="bob", started_at=NOON - timedelta(days=2))
    await ran(tenant, *[999] * 30, status=WorkflowStatus.FAILED)
    await ran(tenant, *[999] * 30, status=WorkflowStatus.CANCELLED)
    await ran(tenant, *[999] * 30, status=WorkflowStatus.RUNNING)
    await ran(tenant, *[999] * 30, workflow_name="another")
    other = await new_tenant(tenant.database, "Other")
    await ran(other, *[999] * 30)
    assert shown((await history(tenant)).percentiles) == ("5", "50", "66")
    assert shown((await history(tenant, agent_id=agent.id)).percentiles) == ("2", "10", "18")
    assert shown((await history(tenant, user_id="bob")).percentiles) == ("52", "60", "68")
    since = recent(NOON, NOON - timedelta(days=2), NOON - timedelta(days=1))
    assert shown((await history(tenant, started=since)).percentiles) == ("52", "60", "68")
    assert (await history(tenant, agent_id=agent.id, user_id="bob")).run_count == 0


async def test_voided_usages_do_not_count(tenant: Tenant) -> None:
    await ran(tenant, *[1] * 19)
    run = await tenant.start()
    chat, call = await tenant.add(run, "GPT gpt-4o-mini 400000 TOKENS", "PHONE twilio 1 MINUTES")
    await tenant.void(chat)
    await tenant.end(run)
    found = await history(tenant)
    assert shown(found.percentiles) == ("1", "1", "1")
    assert [(each.provider, each.run_count) for each in found.services] == [
        ("gpt-4o-mini", 19),
        ("twilio", 1),
    ]
    await tenant.void(call)
    assert [each.provider for each in (await history(tenant)).services] == ["gpt-4o-mini"]


async def test_each_service_by_itself_over_the_runs_that_used_it(tenant: Tenant) -> None:
    for number in range(1, 26):
        run = await tenant.start()
        await tenant.add(run, f"GPT gpt-4o-mini {number}000 TOKENS", f"GPT gpt-4o-mini {number}000 TOKENS")
        if number > 5:
            await tenant.add(run, f"PHONE twilio {number} MINUTES")
        if number > 20:
            await tenant.add(run, "GPT gpt-4o 1000 TOKENS")
        await tenant.end(run)
    services = (await history(tenant)).services
    assert [
        (each.service_type.value, each.provider, each.run_count, shown(each.percentiles)) for each in services
    ] == [
        ("GPT", "gpt-4o-mini", 25, ("6", "26", "46")),
        ("PHONE", "twilio", 20, ("140", "300", "460")),
        ("GPT", "gpt-4o", 5, None),
    ]


async def test_the_newest_ten_thousand_runs_are_looked_at(tenant: Tenant) -> None:
    await ran(tenant, *[50] * 30, started_at=NOON - timedelta(days=2))
    for _ in range(MOST_RUNS // 2_500):
        await ran(tenant, *[0] * 2_500, started_at=NOON - timedelta(days=1))
    found = await history(tenant)
    assert (found.run_count, shown(found.percentiles), found.services) == (MOST_RUNS, ("0", "0", "0"), ())


async def test_two_statements_answer_for_any_number_of_runs(tenant: Tenant) -> None:
    for number in (1, 60):
        await ran(tenant, *range(number))
        with statements(tenant.database) as sent:
            await history(tenant)
        assert len([text for text in sent if not text.startswith("BEGIN")]) == 2


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=st.lists(st.integers(0, 60), min_size=FEWEST_RUNS, max_size=45))
async def test_any_runs_are_ranked_as_by_hand(database: Database, costs: list[int]) -> None:
    tenant = await new_tenant(database)
    await ran(tenant, *costs)
    by_hand = tuple(str(sorted(costs)[ceil(len(costs) * percent / 100) - 1]) for percent in (10, 50, 90))
    assert shown((await history(tenant)).percentiles) == by_hand
