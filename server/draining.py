"""Draining: what stays open is ended as soon as the process is told to stop.

The server closes connections a moment later by itself, but says nothing to who listens, and waits for event
streams, which have no end of their own.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def drained_when_told(drain: Callable[[], None]) -> Iterator[None]:
    """Call `drain` in the running loop when a signal says to stop, before what the server does then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(drain)
        handler = before[signal.Signals(number)]
        if callable(handler):
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
