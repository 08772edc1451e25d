"""Ending runs, once and for all."""

from datetime import datetime, timedelta

import pytest

from metering.errors import TimeOutOfRange, WorkflowAlreadyEnded, WorkflowNotFound
from metering.tracking import EndWorkflow, end_workflows
from models.database import Database
from models.identity import new_id
from models.workflow import WorkflowStatus
from models.writer import SetCommand
from tests.clock import NOON, SettableClock
from tests.tenant import Tenant, new_tenant

ENDS = [WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.CANCELLED]


@pytest.mark.parametrize("status", ENDS)
async def test_a_run_ends_now(tenant: Tenant, clock: SettableClock, status: WorkflowStatus) -> None:
    workflow = await tenant.start()
    now = clock.forward(seconds=2, microseconds=5)
    await tenant.end(workflow, status)
    stored = await tenant.workflow(workflow.id)
    assert (stored.status, stored.ended_at, stored.duration_micros) == (status, now, 2_000_005)


async def test_ending_twice_the_same_way_answers_the_same(tenant: Tenant, clock: SettableClock) -> None:
    workflow = await tenant.start()
    first = await tenant.end(workflow)
    clock.forward(minutes=1)
    again = await tenant.end(workflow, ended_at=clock.now)
    assert (
        (again.status, again.ended_at) == (first.status, first.ended_at) == (WorkflowStatus.COMPLETED, NOON)
    )


async def test_ending_in_another_way_is_refused(tenant: Tenant) -> None:
    workflow = await tenant.start()
    await tenant.end(workflow)
    with pytest.raises(WorkflowAlreadyEnded) as raised:
        await tenant.end(workflow, WorkflowStatus.FAILED)
    assert (raised.value.code, raised.value.status, raised.value.ended_at) == (
        "WORKFLOW_ALREADY_ENDED",
        WorkflowStatus.COMPLETED,
        NOON,
    )
    assert (await tenant.workflow(workflow.id)).status is WorkflowStatus.COMPLETED


@pytest.mark.parametrize(
    "ended_at", [NOON - timedelta(microseconds=1), NOON + timedelta(minutes=5, seconds=1)]
)
async def test_an_end_before_the_start_or_in_the_future_is_refused(
    tenant: Tenant, ended_at: datetime
) -> None:
    workflow = await tenant.start()
    with pytest.raises(TimeOutOfRange, match=r"^endedAt is "):
        await tenant.end(workflow, ended_at=ended_at)
    assert (await tenant.workflow(workflow.id)).status is WorkflowStatus.RUNNING


async def test_a_run_that_was_started_ahead_of_our_clock_can_end_at_once(tenant: Tenant) -> None:
    workflow = await tenant.start(started_at=NOON + timedelta(minutes=5))
    ended = await tenant.end(workflow)
    assert (ended.ended_at, ended.duration_micros) == (NOON + timedelta(minutes=5), 0)


async def test_a_long_run_may_end_at_any_time_since_its_start(tenant: Tenant, clock: SettableClock) -> None:
    workflow = await tenant.start()
    clock.forward(days=60)
    ended = await tenant.end(workflow, ended_at=NOON + timedelta(seconds=1))
    assert ended.duration_micros == 1_000_000


async def test_many_end_in_one_call_each_with_its_answer(tenant: Tenant, database: Database) -> None:
    stranger = await new_tenant(database, "Stranger")
    theirs = await stranger.start()
    one, other = await tenant.start(), await tenant.start()
    ids = [one.id, theirs.id, other.id, new_id(), one.id]
    items = tuple(EndWorkflow(tenant.account_id, each, WorkflowStatus.FAILED) for each in ids)
    answers = await database.write(SetCommand(tenant.account_id, end_workflows, items))
    names = [type(answer).__name__ for answer in answers]
    assert names == ["WorkflowEnd", "WorkflowNotFound", "WorkflowEnd", "WorkflowNotFound", "WorkflowEnd"]
    assert isinstance(answers[1], WorkflowNotFound)
    assert (await stranger.workflow(theirs.id)).status is WorkflowStatus.RUNNING
    assert (await tenant.workflow(other.id)).status is WorkflowStatus.FAILED
