"""Replay jobs: replays that are worked off in the background."""

from datetime import datetime
from typing import Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.loaders import filters
from graph.loaders.pages import Listing, ListKey, Order, Parent
from graph.permissions import read_field
from graph.scalars import JsonValue, Long
from graph.types.connection import Connection, PageArguments, connect
from graph.types.node import Node
from graph.types.replay import Replay
from metering.replaying import read_replay
from models.base import Json
from models.identity import IdKind
from models.replay_job import ReplayJob as ReplayJobRow
from models.replay_job import ReplayStatus

REPLAY_JOBS_OF_ACCOUNT = Listing(
    ReplayJobRow, ReplayJobRow.account_id, ReplayJobRow.account_id, ReplayJobRow.id
)
REPLAY_JOBS_NEWEST_FIRST = Order("REPLAY_JOBS", ReplayJobRow.created_at, descending=True)


@strawberry.type(description="A replay that is worked off in the background.")
class ReplayJob(Node):
    """A replay that is worked off in the background."""

    status: ReplayStatus = strawberry.field(description="Where it is.")
    request: JsonValue = strawberry.field(
        description="What is replayed: the period, the rules and which runs, null where nothing was said."
    )
    run_total: Long | None = strawberry.field(
        description="How many runs there are to replay; null until they are counted."
    )
    run_done: Long = strawberry.field(description="How many of them are done.")
    error: str | None = strawberry.field(description="Why it failed.")
    cancel_requested: bool = strawberry.field(
        description="Whether it is to end; one at work ends within about a second."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When it was first begun.")
    finished_at: datetime | None = strawberry.field(description="When it came to its end.")
    kept: strawberry.Private[Json | None]

    @classmethod
    def of(cls, row: ReplayJobRow) -> Self:
        """Show a job."""
        return cls(
            id=written(IdKind.REPLAY_JOB, row.id),
            status=row.status,
            request=JsonValue(row.request),
            run_total=None if row.run_total is None else Long(row.run_total),
            run_done=Long(row.run_done),
            error=row.error,
            cancel_requested=row.cancel_requested,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            kept=row.result,
        )

    @read_field("Its answer; null until it is completed.")
    async def result(self) -> Replay | None:
        """Show the answer."""
        return None if self.kept is None else Replay.of(read_replay(self.kept))


async def connect_replay_jobs(info: Info, owner: Parent, page: PageArguments) -> Connection[ReplayJob]:
    """Load a page of an account's jobs, newest first."""
    jobs = ListKey(REPLAY_JOBS_OF_ACCOUNT, owner, filters.Everything(), REPLAY_JOBS_NEWEST_FIRST)
    return await connect(info, jobs, ReplayJob.of, page)
