"""Rounds of background work, one after another, until they are told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from models.availability import is_unavailable

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Rounds:
    """Works in rounds: the next one comes at once while there is something to do, and else after a second.

    A round that fails is logged, and the work goes on after a pause: after each failure one twice as long, up
    to half a minute.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Name what is done, for the log; one round of `work` tells whether there was something to do."""
        self._name = name
        self._work = work
        self._wake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self.are_closing = False

    def start(self) -> None:
        """Begin to work in the background."""
        self._loop = asyncio.create_task(self._go_on())

    def wake(self) -> None:
        """Begin the next round, if one is waited for."""
        self._wake.set()

    async def close(self) -> None:
        """Finish the round that is under way, and stop."""
        self.are_closing = True
        self._wake.set()
        if self._loop is not None:
            await self._loop

    async def _go_on(self) -> None:
        pause = PAUSE_SECONDS
        while not self.are_closing:
            self._wake.clear()
            try:
                is_busy = bool(await self._work())
                pause = PAUSE_SECONDS
            except Exception as error:  # noqa: BLE001 - the work must outlive whatever one round runs into
                is_busy = False
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                log_trouble(log, f"{self._name} pause", error, seconds=pause)
            if not is_busy and not self.are_closing:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause)


def log_trouble(log: structlog.stdlib.BoundLogger, event: str, error: BaseException, **about: object) -> None:
    """Log what went wrong: a store that is away is nobody's mistake, and needs no traceback."""
    if is_unavailable(error):
        log.warning(event, reason="the store is unavailable", **about)
    else:
        log.error(event, exc_info=error, **about)
