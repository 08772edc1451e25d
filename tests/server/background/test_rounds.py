"""Rounds of background work: at once while there is something to do, on after whatever breaks, and to an end."""

import asyncio

import pytest
import structlog

from models.availability import StoreUnavailable
from server.background.rounds import Rounds


class Work:
    """Rounds that do so much or break, as they are told, and say when there are none left."""

    def __init__(self, *ends: int | Exception) -> None:
        self.ends = list(ends)
        self.is_done = asyncio.Event()

    async def __call__(self) -> int:
        end = self.ends.pop(0) if self.ends else 0
        if not self.ends:
            self.is_done.set()
        if isinstance(end, Exception):
            raise end
        return end


async def test_the_next_round_comes_at_once_while_there_is_something_to_do() -> None:
    work = Work(1, 1, 1, 0)
    rounds = Rounds("rounds", work)
    rounds.start()
    async with asyncio.timeout(0.5):  # less than a pause
        await work.is_done.wait()
    await rounds.close()
    assert work.ends == []


async def test_who_waits_for_the_next_round_can_be_woken() -> None:
    work = Work(0, 0)
    rounds = Rounds("rounds", work)
    rounds.start()
    await asyncio.sleep(0.05)
    assert len(work.ends) == 1
    rounds.wake()
    async with asyncio.timeout(0.5):
        await work.is_done.wait()
    await rounds.close()


@pytest.mark.parametrize(
    ("trouble", "level", "reason"),
    [
        (StoreUnavailable("away"), "warning", "the store is unavailable"),
        (RuntimeError("a bug"), "error", None),
    ],
)
async def test_a_round_that_breaks_is_logged_and_the_work_goes_on(
    trouble: Exception, level: str, reason: str | None
) -> None:
    work = Work(trouble, trouble, 0)
    rounds = Rounds("rounds", work)
    with structlog.testing.capture_logs() as lines:
        rounds.start()
        for _ in range(2):
            await asyncio.sleep(0.05)
            rounds.wake()
        async with asyncio.timeout(0.5):
            await work.is_done.wait()
    await rounds.close()
    told = [(line["event"], line["log_level"], line.get("reason"), line["seconds"]) for line in lines]
    assert told == [("rounds pause", level, reason, 2.0), ("rounds pause", level, reason, 4.0)]


async def test_the_round_under_way_is_finished_and_no_other_begins() -> None:
    began, may_end, ended = asyncio.Event(), asyncio.Event(), []

    async def work() -> bool:
        began.set()
        await may_end.wait()
        ended.append("a round")
        return True

    rounds = Rounds("rounds", work)
    rounds.start()
    await began.wait()
    closing = asyncio.create_task(rounds.close())
    await asyncio.sleep(0)
    may_end.set()
    await closing
    assert ended == ["a round"]


async def test_rounds_that_never_began_can_be_closed() -> None:
    rounds = Rounds("rounds", Work())
    await rounds.close()
    assert rounds.are_closing
