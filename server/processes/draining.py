"""Draining: a process that is told to stop takes requests a little longer, and lets every one of them end.

After a SIGTERM `/readyz` says 503 at once, streams are told goodbye and each answer closes its connection, so
that callers go elsewhere; only after a while does the server do what it does when it is told to stop. It says
nothing to who listens, and waits for event streams, which have no end of their own.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(eq=False, slots=True)
class Draining:
    """Whether the process has been told to stop."""

    has_begun: bool = False


@contextmanager
def drained_when_told(
    draining: Draining, drain: Callable[[], None], *, pause_seconds: float
) -> Iterator[None]:
    """Begin to drain, and call `drain`, in the running loop when a signal says to stop.

    What the server does then is done after a pause; without one where somebody at the keyboard says so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def begin() -> None:
        draining.has_begun = True
        drain()

    def told(number: int, frame: FrameType | None) -> None:
        handler, is_first = before[signal.Signals(number)], not draining.has_begun
        loop.call_soon_threadsafe(begin)
        if not callable(handler):
            return
        if number == signal.SIGTERM and is_first:
            loop.call_soon_threadsafe(loop.call_later, pause_seconds, handler, number, None)
        else:
            handler(number, frame)

    # Where nobody waits for a signal, it ends the process, and there is nothing to come before.
    handled = [number for number, handler in before.items() if callable(handler)]
    for number in handled:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
