"""Start and cancel replay jobs."""

from functools import partial
from typing import Annotated

import strawberry

from graph import ids
from graph.context import Info
from graph.mutations.results import result
from graph.queries.replays import Given, terms_of
from graph.types.refusals import ReplayJobEnded, ReplayJobNotFound, TooManyReplayJobs
from graph.types.replay_job import ReplayJob
from metering import replaying
from models.identity import IdKind
from models.writer import Command


@strawberry.input(description="A replay job to be cancelled.")
class CancelReplayInput:
    """A job to be cancelled."""

    replay_job_id: strawberry.ID = strawberry.field(description="The job.")


@strawberry.type(description="A replay waits for its turn.")
class ReplayStarted:
    """A replay waits for its turn."""

    job: ReplayJob = strawberry.field(description="The job; ask `replayJob(id)` for its progress.")


@strawberry.type(description="A replay is cancelled, or will be as soon as its process looks.")
class ReplayCancelled:
    """A replay is cancelled."""

    job: ReplayJob = strawberry.field(description="The job.")


StartReplayResult = Annotated[ReplayStarted | TooManyReplayJobs, result("StartReplayResult")]
CancelReplayResult = Annotated[
    ReplayCancelled | ReplayJobNotFound | ReplayJobEnded, result("CancelReplayResult")
]
CancelInput = Annotated[CancelReplayInput, strawberry.argument(description="The job.")]


async def start_replay(info: Info, input: Given) -> StartReplayResult:
    """Put a replay in the queue."""
    request = input.read()
    await terms_of(info, request)
    verb = partial(replaying.start_replay, account_id=info.context.account_id, request=request)
    row = await info.context.write(Command(info.context.account_id, verb))
    return ReplayStarted(job=ReplayJob.of(row))


async def cancel_replay(info: Info, input: CancelInput) -> CancelReplayResult:
    """Cancel a job."""
    verb = partial(
        replaying.cancel_replay,
        account_id=info.context.account_id,
        job_id=ids.read("replayJobId", IdKind.REPLAY_JOB, input.replay_job_id),
    )
    row = await info.context.write(Command(info.context.account_id, verb))
    return ReplayCancelled(job=ReplayJob.of(row))
