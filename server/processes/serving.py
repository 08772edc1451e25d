"""Serving: how uvicorn runs the processes that answer."""

import socket
import sys
from contextlib import suppress

import uvicorn

from server.monitoring.logs import LogFormat, LogLevel, log_configuration
from server.transport.listeners import LastCall, entrances
from server.transport.sizes import LARGEST_BODY_BYTES

APPLICATION = "server.processes.factory:create_app"


def answer(config: uvicorn.Config, listener: socket.socket) -> bool:
    """Answer in this process until told to stop; False where it could not start."""
    server = LastCall(config)
    # After a Ctrl-C uvicorn has ended everything in good order, and then tells of it once more.
    with suppress(KeyboardInterrupt):
        # An entrance for each: who takes many connections in a round leaves none to the others.
        server.run(sockets=entrances(listener))
    return server.started


def configuration(
    *, host: str, port: int, workers: int, log_format: LogFormat, log_level: LogLevel
) -> uvicorn.Config:
    """Give the configuration; what only a process that answers needs is named, and imported there."""
    return uvicorn.Config(
        APPLICATION,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=log_configuration(log_format, log_level),
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        timeout_worker_healthcheck=_WORKER_SILENCE_SECONDS,
        http="auto" if sys.platform == "win32" else "server.transport.connections:BoundedConnection",
        ws="server.transport.sockets:LettingGo",
        ws_max_size=LARGEST_BODY_BYTES,
        # A small message may unpack into a large one.
        ws_per_message_deflate=False,
    )


_BACKLOG = 2_048
_SHUTDOWN_SECONDS = 10
_WORKER_SILENCE_SECONDS = 30
"""A process that says nothing for so long is replaced; on a busy machine one takes a while to start."""
