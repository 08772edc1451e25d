"""First steps: what never waits is done at once, and what waits is a task like any other."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from server.transport.first_steps import begin

NAME: ContextVar[str] = ContextVar("name", default="nobody")


async def begun(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Begin as the loop does, outside of this test's task."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[asyncio.Task[None] | None] = loop.create_future()

    def at_once() -> None:
        try:
            found.set_result(begin(work, loop))
        except Exception as error:  # noqa: BLE001 - it is the test's to look at
            found.set_exception(error)

    loop.call_soon(at_once)
    return await found


async def test_what_never_waits_is_done_at_once() -> None:
    done: list[str] = []

    async def work() -> None:
        NAME.set("somebody")
        done.append(NAME.get())

    assert await begun(work()) is None
    assert done == ["somebody"]
    assert NAME.get() == "nobody"


async def test_what_fails_at_once_fails_where_it_was_begun() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await begun(work())
    assert await begun(asyncio.sleep(0)) is not None  # the loop has no task too many


async def test_what_waits_goes_on_in_a_task_with_its_own_variables() -> None:
    done: list[str] = []

    async def work() -> None:
        token = NAME.set("somebody")
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        done.append(NAME.get())
        NAME.reset(token)
        done.append(NAME.get())

    task = await begun(work())
    assert task is not None
    await task
    assert done == ["somebody", "nobody"]


async def test_two_may_wait_for_the_same() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done: list[str] = []

    async def work() -> None:
        done.append(await future)

    tasks = [await begun(work()), asyncio.create_task(work()), await begun(work())]
    await asyncio.sleep(0)
    future.set_result("it")
    for task in tasks:
        assert task is not None
        await task
    assert done == ["it"] * 3


async def test_what_it_waits_for_may_fail() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        with pytest.raises(ValueError, match="no"):
            await future
        await asyncio.sleep(0)
        raise ValueError("no more")

    task = await begun(work())
    assert task is not None
    future.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no more"):
        await task


async def test_time_that_is_over_ends_what_was_begun_within_it() -> None:
    done: list[str] = []

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        done.append("in time")

    task = await begun(work())
    assert task is not None
    await task
    assert done == ["in time"]


async def test_a_task_that_is_cancelled_ends_its_work() -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("ended")

    task = await begun(work())
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["ended"]


@pytest.mark.parametrize("seconds", [0, -1])
async def test_time_that_was_over_before_the_task_began_ends_its_work(seconds: float) -> None:
    done: list[str] = []

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        done.append("in time")

    task = await begun(work())
    assert task is not None
    await task
    assert done == ["in time"]


@pytest.mark.parametrize("waits", [asyncio.Event().wait, partial(asyncio.sleep, 0)])
async def test_a_task_that_is_cancelled_before_it_began_ends_its_work(
    waits: Callable[[], Coroutine[Any, Any, object]],
) -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await waits()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            done.append("cancelled")
            raise

    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []

    def at_once() -> None:
        task = begin(work(), loop)
        assert task is not None
        task.cancel()
        tasks.append(task)

    loop.call_soon(at_once)
    await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert done == ["cancelled"]
