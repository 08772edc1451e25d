"""The background work of replays: queued jobs are worked off, one at a time in each process.

Every process takes jobs, and they share them by leases in the store. A job reads small batches beside the
requests, works them out in a thread, and tells how far it is about once a second; that word renews its lease
and hears whether the job is cancelled. What a killed process leaves behind is begun anew by another.
"""

import time
from collections.abc import Callable
from functools import partial

import structlog

from metering.auditing import unhurried
from metering.replaying import (
    ClaimedJob,
    InvalidReplay,
    Replay,
    claim_replay,
    complete_replay,
    count_runs,
    fail_replay,
    let_go_of_replay,
    note_progress,
    oldest_waiting_job,
    read_request,
    replay_apart,
    replay_terms,
)
from models.availability import is_unavailable
from models.database import Database
from models.identity import IdKind, format_id
from models.writer import Command
from server.background.rounds import Rounds

PROGRESS_SECONDS = 1.0
BROKEN = "Something went wrong on our side; the log knows more."

log = structlog.get_logger(__name__)


class ReplayWorker:
    """Works off replay jobs until it is closed."""

    def __init__(self, database: Database, *, progress_seconds: float = PROGRESS_SECONDS) -> None:
        """Work on a store; tell the progress of a job as often as `progress_seconds` say."""
        self._database = database
        self._progress_seconds = progress_seconds
        self._rounds = Rounds("replays", self.work_off)

    def start(self) -> None:
        """Begin to work in the background."""
        self._rounds.start()

    async def close(self) -> None:
        """Put the job that is under way back into the queue, and stop."""
        await self._rounds.close()

    async def work_off(self) -> int:
        """Work off all jobs that wait; give their number."""
        count = 0
        while not self._rounds.are_closing:
            claimed = await self._claim()
            if claimed is None:
                break
            await self._replay(claimed)
            count += 1
        return count

    async def _claim(self) -> ClaimedJob | None:
        """Claim the job that waits longest; one that another process takes first is looked for no further."""
        now = self._database.clock()
        while found := await self._database.ask(partial(oldest_waiting_job, now=now)):
            account_id, job_id = found
            verb = partial(claim_replay, account_id=account_id, job_id=job_id)
            claimed = await self._database.write(Command(account_id, verb))
            if claimed is not None:
                return claimed
            now = self._database.clock()
        return None

    async def _replay(self, claimed: ClaimedJob) -> None:
        work = _Work(self._database, claimed, self._progress_seconds, lambda: self._rounds.are_closing)
        try:
            answer = await self._answer(work)
            completed = partial(complete_replay, claimed=work.claimed, replay=answer)
            await self._write(work, completed)
        except _Ended:
            log.info("replay ended before it was done", **_names(claimed))
        except _Closing:
            await self._write(work, partial(let_go_of_replay, claimed=work.claimed))
        except InvalidReplay as error:
            # What held together when it was asked for does so no longer, a preset that is gone for one.
            await self._write(work, partial(fail_replay, claimed=work.claimed, error=str(error)))
        except Exception as error:
            if is_unavailable(error):
                raise
            # A bug must not be met again with every lease.
            log.exception("replay failed", **_names(claimed))
            await self._write(work, partial(fail_replay, claimed=work.claimed, error=BROKEN))

    async def _answer(self, work: "_Work") -> Replay:
        account_id = work.claimed.account_id
        # Not read before: what can no longer be read fails as a job, and keeps no other from its turn.
        request = read_request(work.claimed.request)
        past = request.past(account_id)
        async with self._database.read() as session:
            work.total = await session.run_sync(unhurried(partial(count_runs, past=past)))
            await work.tell(0)
            terms = await session.run_sync(
                partial(
                    replay_terms,
                    account_id=account_id,
                    request=request,
                    now=self._database.clock(),
                )
            )
            return await replay_apart(session.run_sync, past=past, terms=terms, progress=work.told)

    async def _write(self, work: "_Work", verb: Callable[..., object]) -> None:
        await self._database.write(Command(work.claimed.account_id, verb))


class _Ended(Exception):  # noqa: N818 - named for the state
    """The job is cancelled, or another process has it."""


class _Closing(Exception):  # noqa: N818 - named for the state
    """The process stops."""


class _Work:
    """A job under way: its lease as it was last renewed, and when that was told."""

    def __init__(
        self,
        database: Database,
        claimed: ClaimedJob,
        progress_seconds: float,
        is_closing: Callable[[], bool],
    ) -> None:
        self.claimed = claimed
        self.total = 0
        self._database = database
        self._progress_seconds = progress_seconds
        self._is_closing = is_closing
        self._told_at = 0.0

    async def told(self, done: int) -> None:
        """Tell how far it is, where the last word is old enough."""
        if self._is_closing():
            raise _Closing
        if time.monotonic() - self._told_at >= self._progress_seconds:
            await self.tell(done)

    async def tell(self, done: int) -> None:
        """Tell how far it is, and renew the lease."""
        verb = partial(note_progress, claimed=self.claimed, done=done, total=self.total)
        renewed = await self._database.write(Command(self.claimed.account_id, verb))
        if renewed is None:
            raise _Ended
        self.claimed = renewed
        self._told_at = time.monotonic()


def _names(claimed: ClaimedJob) -> dict[str, str]:
    return {
        "account": format_id(IdKind.ACCOUNT, claimed.account_id),
        "replay": format_id(IdKind.REPLAY_JOB, claimed.job_id),
    }
