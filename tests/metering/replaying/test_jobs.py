"""Jobs: a bounded queue, leases that are tickets, and ends that are final."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from metering.errors import ReplayJobEnded, ReplayJobNotFound, TooManyReplayJobs
from metering.replaying import (
    MOST_UNFINISHED,
    ClaimedJob,
    Replay,
    ReplayRequest,
    cancel_replay,
    claim_replay,
    complete_replay,
    fail_replay,
    let_go_of_replay,
    note_progress,
    oldest_waiting_job,
    read_request,
    start_replay,
)
from metering.replaying.jobs import GIVEN_UP_AFTER, LEASE
from models.identity import new_id
from models.replay_job import ReplayJob, ReplayStatus
from models.writer import Command
from tests.clock import SettableClock
from tests.metering.conftest import NothingWritten
from tests.metering.replaying.history import DAY, NEXT_DAY
from tests.tenant import Tenant, new_tenant

REQUEST = ReplayRequest(DAY, NEXT_DAY, preset="balanced")


async def do(tenant: Tenant, verb: Any, **given: Any) -> Any:
    return await tenant.database.write(Command(tenant.account_id, partial(verb, **given)))


async def start(tenant: Tenant) -> ReplayJob:
    job: ReplayJob = await do(tenant, start_replay, account_id=tenant.account_id, request=REQUEST)
    return job


async def claim(tenant: Tenant, job: ReplayJob) -> ClaimedJob | None:
    claimed: ClaimedJob | None = await do(tenant, claim_replay, account_id=tenant.account_id, job_id=job.id)
    return claimed


async def claimed_job(tenant: Tenant) -> tuple[ReplayJob, ClaimedJob]:
    job = await start(tenant)
    claimed = await claim(tenant, job)
    assert claimed is not None
    return job, claimed


async def cancel(tenant: Tenant, job: ReplayJob) -> ReplayJob:
    cancelled: ReplayJob = await do(tenant, cancel_replay, account_id=tenant.account_id, job_id=job.id)
    return cancelled


async def now(tenant: Tenant, job: ReplayJob) -> ReplayJob:
    async with tenant.database.read() as session:
        return await session.get_one(ReplayJob, (tenant.account_id, job.id))


async def waiting(tenant: Tenant) -> Any:
    return await tenant.database.ask(partial(oldest_waiting_job, now=tenant.database.clock()))


async def test_a_job_is_claimed_once_and_done(tenant: Tenant, clock: SettableClock) -> None:
    job, claimed = await claimed_job(tenant)
    assert read_request(claimed.request) == REQUEST
    assert (await now(tenant, job)).status is ReplayStatus.RUNNING
    assert (await claim(tenant, job), await waiting(tenant)) == (None, None)
    clock.forward(seconds=5)
    renewed = await do(tenant, note_progress, claimed=claimed, done=3, total=8)
    assert renewed.leased_until == clock.now + LEASE
    row = await now(tenant, job)
    assert (row.run_done, row.run_total) == (3, 8)
    clock.forward(seconds=5)
    assert await do(tenant, complete_replay, claimed=renewed, replay=Replay.of_nothing())
    row = await now(tenant, job)
    assert (row.status, row.finished_at, row.leased_until) == (ReplayStatus.COMPLETED, clock.now, None)
    assert row.result is not None
    assert await waiting(tenant) is None


async def test_a_queue_is_bounded_by_account(tenant: Tenant, nothing_written: NothingWritten) -> None:
    jobs = [await start(tenant) for _ in range(MOST_UNFINISHED)]
    async with nothing_written():
        with pytest.raises(TooManyReplayJobs, match="5 replays of this account are unfinished"):
            await start(tenant)
    await start(await new_tenant(tenant.database, "Other"))
    await cancel(tenant, jobs[0])
    await start(tenant)


async def test_a_dead_process_loses_its_job(tenant: Tenant, clock: SettableClock) -> None:
    job, dead = await claimed_job(tenant)
    began_at = clock.now
    clock.forward(seconds=LEASE.total_seconds())
    assert await waiting(tenant) == (tenant.account_id, job.id)
    living = await claim(tenant, job)
    assert living is not None
    assert (await now(tenant, job)).started_at == began_at
    # What the dead one still says changes nothing.
    assert await do(tenant, note_progress, claimed=dead, done=9, total=9) is None
    assert not await do(tenant, complete_replay, claimed=dead, replay=Replay.of_nothing())
    await do(tenant, fail_replay, claimed=dead, error="late")
    await do(tenant, let_go_of_replay, claimed=dead)
    row = await now(tenant, job)
    assert (row.status, row.run_done, row.leased_until) == (ReplayStatus.RUNNING, 0, living.leased_until)
    assert await do(tenant, complete_replay, claimed=living, replay=Replay.of_nothing())


async def test_a_job_that_is_put_back_is_begun_from_its_start(tenant: Tenant) -> None:
    job, claimed = await claimed_job(tenant)
    noted = await do(tenant, note_progress, claimed=claimed, done=7, total=9)
    await do(tenant, let_go_of_replay, claimed=noted)
    row = await now(tenant, job)
    assert (row.status, row.run_done, row.run_total) == (ReplayStatus.QUEUED, 0, None)


async def test_a_job_that_kills_its_process_is_given_up(tenant: Tenant, clock: SettableClock) -> None:
    job, _ = await claimed_job(tenant)
    clock.forward(seconds=GIVEN_UP_AFTER.total_seconds())
    assert await claim(tenant, job) is not None
    clock.forward(seconds=LEASE.total_seconds())
    assert await claim(tenant, job) is None
    row = await now(tenant, job)
    assert (row.status, row.error) == (
        ReplayStatus.FAILED,
        "It was begun again and again, and never came to an end.",
    )


async def test_cancelling_what_waits(tenant: Tenant, clock: SettableClock) -> None:
    job = await start(tenant)
    assert (await cancel(tenant, job)).status is ReplayStatus.CANCELLED
    clock.forward(seconds=5)
    assert (await cancel(tenant, job)).finished_at == clock.now - timedelta(seconds=5)
    assert await waiting(tenant) is None


async def test_cancelling_what_is_at_work(tenant: Tenant) -> None:
    job, claimed = await claimed_job(tenant)
    assert (await cancel(tenant, job)).status is ReplayStatus.RUNNING
    assert await do(tenant, note_progress, claimed=claimed, done=1, total=2) is None
    assert (await now(tenant, job)).status is ReplayStatus.CANCELLED


async def test_cancelling_what_a_dead_process_left(tenant: Tenant, clock: SettableClock) -> None:
    job, _ = await claimed_job(tenant)
    await cancel(tenant, job)
    clock.forward(seconds=LEASE.total_seconds())
    assert await claim(tenant, job) is None
    assert (await now(tenant, job)).status is ReplayStatus.CANCELLED


async def test_what_has_ended_is_not_cancelled(tenant: Tenant, nothing_written: NothingWritten) -> None:
    job, claimed = await claimed_job(tenant)
    await do(tenant, fail_replay, claimed=claimed, error="no")
    async with nothing_written():
        with pytest.raises(ReplayJobEnded, match="The replay is FAILED since"):
            await cancel(tenant, job)
    assert (await now(tenant, job)).cancel_requested is False
    with pytest.raises(ReplayJobNotFound):
        await do(tenant, cancel_replay, account_id=tenant.account_id, job_id=new_id())


async def test_a_job_that_is_let_go_waits_again(tenant: Tenant) -> None:
    job, claimed = await claimed_job(tenant)
    await do(tenant, let_go_of_replay, claimed=claimed)
    assert (await now(tenant, job)).status is ReplayStatus.QUEUED
    assert await waiting(tenant) == (tenant.account_id, job.id)


async def test_the_oldest_is_first(tenant: Tenant, clock: SettableClock) -> None:
    other = await new_tenant(tenant.database, "Other")
    first = await start(other)
    clock.forward(seconds=1)
    await start(tenant)
    assert await waiting(tenant) == (other.account_id, first.id)
