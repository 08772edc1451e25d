"""A replay: the past read batch by batch, each run served again, all of it added up.

The two verbs give the same figures. `replay` works in one go, for a caller of its own connection; in
`replay_apart` the loop that serves others reads only, and the working out is done in a thread.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from metering.replaying.charged import ChargedRun
from metering.replaying.figures import Replay
from metering.replaying.reading import Batch, Past, Place, count_runs, read_batch
from metering.replaying.repricing import ReplayTerms, repriced
from metering.replaying.requests import ReplayRequest, replay_terms
from metering.replaying.tally import Tally
from models.database import Question

AskBatch = Callable[[Question[Batch]], Awaitable[Batch]]
Progress = Callable[[int], Awaitable[None]]
"""Told after each batch how many runs are done; what it raises ends the replay."""


def replay(
    session: Session, *, past: Past, terms: ReplayTerms, progress: Callable[[int], None] = lambda _done: None
) -> Replay:
    """Replay a past within the session's snapshot; `progress` is told how many runs are done."""
    tally = Tally()
    done = 0
    place: Place | None = None
    while True:
        batch = read_batch(session, past=past, after=place)
        _fold(tally, batch.runs, terms)
        done += len(batch.runs)
        progress(done)
        place = batch.place
        if place is None:
            return tally.replay()


def replay_request(
    session: Session,
    *,
    account_id: UUID,
    request: ReplayRequest,
    progress: Callable[[int, int], None],
    now: datetime,
) -> Replay:
    """Replay what a request asks for; `progress` is told how many runs of how many are done.

    Raises AccountNotFound, InvalidReplay.
    """
    terms = replay_terms(session, account_id=account_id, request=request, now=now)
    past = request.past(account_id)
    total = count_runs(session, past=past)
    return replay(session, past=past, terms=terms, progress=lambda done: progress(done, total))


async def replay_apart(ask: AskBatch, *, past: Past, terms: ReplayTerms, progress: Progress) -> Replay:
    """Replay a past beside other work; every question must be asked of the same snapshot."""
    tally = Tally()
    done = 0
    place: Place | None = None
    while True:
        batch = await ask(partial(read_batch, past=past, after=place))
        await asyncio.to_thread(_fold, tally, batch.runs, terms)
        done += len(batch.runs)
        await progress(done)
        place = batch.place
        if place is None:
            return await asyncio.to_thread(tally.replay)


def _fold(tally: Tally, runs: tuple[ChargedRun, ...], terms: ReplayTerms) -> None:
    for run in runs:
        tally.add(run, repriced(run, terms))
