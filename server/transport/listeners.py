"""Listeners: the socket on which connections come in, and how it is closed without losing one of them."""

import asyncio
import ctypes
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from types import FrameType

import uvicorn

ENTRANCES = 16
QUIET_SECONDS = 0.3
"""How long whoever is connected already has to say what for, after the last connection came in."""


class LastCall(uvicorn.Server):
    """A server that lets in whoever stands at the door, and hears them out, before it closes."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal says to stop; having stopped is then no failure."""
        if threading.current_thread() is threading.main_thread():
            # Uvicorn raises the signal once more when all is done, which would end the process by it.
            signal.signal(signal.SIGTERM, _done)
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down after a moment in which nobody new comes in."""
        for listener in sockets or ():
            turn_away(listener)
        if not self.force_exit:
            await asyncio.sleep(QUIET_SECONDS)
        await super().shutdown(sockets)


def entrances(listener: socket.socket) -> list[socket.socket]:
    """Give a listener several times over.

    The event loop takes one connection from each in a round. When there is much to do a round takes long, and
    who comes in a crowd would wait for many of them before anybody could tell him to come back later.
    """
    return [listener, *(listener.dup() for _ in range(ENTRANCES - 1))]


def turn_away(listener: socket.socket) -> None:
    """Let no new connection in, while those that wait to be taken can be.

    The kernel drops the first packet of a connection, and the other side tries again a second later, when
    nothing listens any more. A listener that is closed drops who waits in its queue in the middle of a word.
    Only Linux can do this; elsewhere a connection that comes in the last moment may be reset.
    """
    if not sys.platform.startswith("linux"):
        return
    program = ctypes.create_string_buffer(_DROP_ALL, len(_DROP_ALL))
    # A filter of one instruction, and where it stands.
    described = struct.pack("HP", 1, ctypes.addressof(program))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def _done(_number: int, _frame: FrameType | None) -> None:
    pass


_SO_ATTACH_FILTER = 26
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""`BPF_RET`: keep no byte of the packet."""
