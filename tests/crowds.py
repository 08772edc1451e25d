"""Crowds: requests that take a place and stay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.admission import Admission


async def filled(admission: Admission, wanted: int) -> list[asyncio.Task[None]]:
    """Send in so many, each of which stays until it is cancelled."""

    async def stay() -> None:
        async with admission.place():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay()) for _ in range(wanted)]
    await asyncio.sleep(0)
    return tasks


async def emptied(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def crowded(admission: Admission) -> AsyncIterator[None]:
    """Keep as many in as may be, for the length of the block."""
    tasks = await filled(admission, 1)
    while not admission.is_full:
        tasks += await filled(admission, 1)
    try:
        yield
    finally:
        await emptied(tasks)
