"""The background work of replays over a real store: done once, cancelled in time, taken over from the dead."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import event

from metering.replaying import (
    Replay,
    ReplayRequest,
    cancel_replay,
    claim_replay,
    read_replay,
    start_replay,
)
from metering.tracking import PastUsage, RecordWorkflow, StartWorkflow
from models.base import Json
from models.identity import new_id
from models.replay_job import ReplayJob, ReplayStatus
from models.selection import WorkflowSelection
from models.workflow import WorkflowStatus
from models.writer import Command
from pricing.credits import Credits
from pricing.units import Quantity, ServiceType, UnitType
from server.background.replays import BROKEN, ReplayWorker
from tests.clock import SettableClock
from tests.metering.replaying.history import DAY, NEXT_DAY, every_case, recorded, replayed
from tests.tenant import Tenant, given, new_tenant, next_key

COMPLETED, CANCELLED, FAILED = ReplayStatus.COMPLETED, ReplayStatus.CANCELLED, ReplayStatus.FAILED


@pytest.fixture
def read_connections() -> int:
    """A job keeps one connection while it works, and what is told of it meanwhile is read over another."""
    return 2


async def do(tenant: Tenant, verb: Any, **fields: Any) -> Any:
    return await tenant.database.write(Command(tenant.account_id, partial(verb, **fields)))


async def start(tenant: Tenant, preset: str = "cost_optimized") -> UUID:
    request = ReplayRequest(DAY, NEXT_DAY, preset=preset)
    job: ReplayJob = await do(tenant, start_replay, account_id=tenant.account_id, request=request)
    return job.id


async def now(tenant: Tenant, job_id: UUID) -> ReplayJob:
    async with tenant.database.read() as session:
        return await session.get_one(ReplayJob, (tenant.account_id, job_id))


async def answer(tenant: Tenant, job_id: UUID) -> Replay:
    row = await now(tenant, job_id)
    assert (row.status, row.run_done) == (COMPLETED, row.run_total)
    assert row.result is not None
    return read_replay(row.result)


async def long_history(tenant: Tenant) -> None:
    """Enough runs for a replay of many batches: 8,000 usages of 2,000 runs."""
    usages = tuple(
        PastUsage(
            ServiceType.GPT, "gpt-4o", Quantity(tokens * 10**6, UnitType.TOKENS), DAY + timedelta(hours=1)
        )
        for tokens in (700, 1_500, 90, 12_000)
    )
    for _ in range(4):
        items = [
            RecordWorkflow(
                StartWorkflow(tenant.account_id, tenant.api_key_id, "w", next_key(), started_at=DAY),
                WorkflowStatus.COMPLETED,
                NEXT_DAY,
                usages,
            )
            for _ in range(500)
        ]
        for done in await tenant.record(*items):
            given(done)


async def test_a_job_answers_what_a_query_would(tenant: Tenant) -> None:
    await every_case(tenant)
    job_id = await start(tenant)
    assert await ReplayWorker(tenant.database).work_off() == 1
    assert await answer(tenant, job_id) == await replayed(tenant, preset="cost_optimized")
    assert await ReplayWorker(tenant.database).work_off() == 0


async def test_jobs_of_all_accounts_are_shared_out(tenant: Tenant) -> None:
    other = await new_tenant(tenant.database, "Other")
    await recorded(other, "w", "9:00", "9:01 GPT gpt-4o 1000 TOKENS")
    jobs = [(each, await start(each)) for each in (tenant, other, tenant, other)]
    workers = [ReplayWorker(tenant.database) for _ in range(3)]
    done = await asyncio.gather(*(worker.work_off() for worker in workers))
    assert sum(done) == len(jobs)
    runs = [(await answer(each, job_id)).totals.run_count for each, job_id in jobs]
    assert runs == [0, 1, 0, 1]


async def test_a_job_is_cancelled_between_batches(tenant: Tenant) -> None:
    await long_history(tenant)
    job_id = await start(tenant)
    work = asyncio.create_task(ReplayWorker(tenant.database, progress_seconds=0).work_off())
    while not (row := await now(tenant, job_id)).run_done:
        assert row.finished_at is None
    assert 0 < row.run_done < 2_000
    assert row.run_total == 2_000
    await do(tenant, cancel_replay, account_id=tenant.account_id, job_id=job_id)
    assert await work == 1
    row = await now(tenant, job_id)
    assert (row.status, row.result) == (CANCELLED, None)
    assert row.run_done < 2_000


async def test_progress_is_told_about_once_a_second(tenant: Tenant) -> None:
    await long_history(tenant)
    await start(tenant)
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE replay_job"):
            told.append(statement)

    event.listen(tenant.database.writer, "before_cursor_execute", note)
    began = asyncio.get_running_loop().time()
    await ReplayWorker(tenant.database).work_off()
    seconds = asyncio.get_running_loop().time() - began
    event.remove(tenant.database.writer, "before_cursor_execute", note)
    # The claim, the count and the end, and one more for each whole second.
    assert len(told) <= 3 + seconds


async def test_a_dead_processs_job_is_begun_anew(tenant: Tenant, clock: SettableClock) -> None:
    await every_case(tenant)
    job_id = await start(tenant)
    await do(tenant, claim_replay, account_id=tenant.account_id, job_id=job_id)
    assert await ReplayWorker(tenant.database).work_off() == 0
    clock.forward(seconds=60)
    assert await ReplayWorker(tenant.database).work_off() == 1
    assert (await answer(tenant, job_id)).totals.run_count == 7


async def test_a_process_that_stops_puts_its_job_back(tenant: Tenant) -> None:
    await long_history(tenant)
    job_id = await start(tenant)
    worker = ReplayWorker(tenant.database)
    worker.start()
    while (await now(tenant, job_id)).status is ReplayStatus.QUEUED:
        pass  # asking gives the worker its turn
    await worker.close()
    row = await now(tenant, job_id)
    assert (row.status, row.leased_until) == (ReplayStatus.QUEUED, None)
    assert await ReplayWorker(tenant.database).work_off() == 1
    assert (await answer(tenant, job_id)).totals.usage_count == 8_000


async def test_what_holds_together_no_longer_fails_in_words(tenant: Tenant) -> None:
    job_id = await start(tenant, preset="of-last-year")
    await ReplayWorker(tenant.database).work_off()
    row = await now(tenant, job_id)
    assert (row.status, (row.error or "")[:34]) == (FAILED, "There is no preset 'of-last-year'."), row.error


async def test_a_bug_fails_one_job_and_is_logged(tenant: Tenant) -> None:
    run = await recorded(tenant, "w", "9:00", "9:01 GPT gpt-4o 1000 TOKENS")
    record: Json = {}

    def break_selection(session: Any, *, now: Any) -> None:
        row = WorkflowSelection(
            account_id=tenant.account_id,
            id=new_id(),
            workflow_id=run.id,
            total_credits=Credits.ZERO,
            record=record,
            made_at=now,
        )
        session.add(row)
        session.flush()

    await do(tenant, break_selection)
    other = await new_tenant(tenant.database, "Other")
    job_id, fine = await start(tenant), await start(other)
    with structlog.testing.capture_logs() as logs:
        assert await ReplayWorker(tenant.database).work_off() == 2
    row = await now(tenant, job_id)
    assert (row.status, row.error) == (FAILED, BROKEN)
    assert [log["event"] for log in logs] == ["replay failed"]
    assert (await answer(other, fine)).totals.run_count == 0


async def test_a_request_that_cannot_be_read_keeps_no_other_waiting(tenant: Tenant) -> None:
    job_id, fine = await start(tenant), await start(tenant)

    def break_request(session: Any, *, now: Any) -> None:  # noqa: ARG001 - a verb's signature
        row = session.get_one(ReplayJob, (tenant.account_id, job_id))
        row.request = {**row.request, "configuration": {"gone": 1}, "preset": None}
        session.flush()

    await do(tenant, break_request)
    assert await ReplayWorker(tenant.database).work_off() == 2
    row = await now(tenant, job_id)
    assert (row.status, (row.error or "")[:24]) == (FAILED, "there is no such field. ")
    assert (await answer(tenant, fine)).totals.run_count == 0
