"""Supervision: the process that starts those that serve, replaces one that died, and ends them together."""

import os
import socket
import time
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import cast

import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from server.monitoring.logs import LogFormat, LogLevel
from server.monitoring.metric_files import shared_folder
from server.processes.serving import configuration
from server.processes.succession import hear_signals
from server.transport.listeners import QUIET_SECONDS, turn_away

log = structlog.get_logger(__name__)


def supervise(listener: socket.socket) -> None:
    """Serve with as many processes as the settings in the environment say, until a signal says to stop.

    They are read without what knows and checks all settings: it was done before, and takes more memory than
    all of this process.
    """
    config = configuration(
        host=_setting("HOST"),
        port=int(_setting("PORT")),
        workers=int(_setting("WORKERS")),
        log_format=cast("LogFormat", _setting("LOG_FORMAT")),
        log_level=cast("LogLevel", _setting("LOG_LEVEL")),
    )
    drain_seconds = float(_setting("DRAIN_SECONDS"))
    # After a Ctrl-C uvicorn has ended everything in good order, and then tells of it once more.
    with (
        suppress(KeyboardInterrupt),
        TemporaryDirectory(prefix="creditgraph-metrics-") as folder,
        shared_folder(folder),
    ):
        _Supervisor(config, listener, folder, drain_seconds).run()


class _Supervisor(Multiprocess):
    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, folder: str, drain_seconds: float
    ) -> None:
        super().__init__(config, sockets=[listener])
        self._folder = folder
        self._drain_seconds = drain_seconds
        hear_signals()

    def keep_subprocess_alive(self) -> None:
        """Replace those that died; what they counted stays, what they were busy with is forgotten."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for process_id in before - {process.pid for process in self.processes}:
            if process_id is not None:
                log.warning("a process was replaced", process_id=process_id)
                mark_process_dead(process_id, self._folder)  # type: ignore[no-untyped-call]

    def terminate_all(self) -> None:
        """Tell all to stop, and close the door that they share while the last of them still answers."""
        super().terminate_all()
        until = time.monotonic() + self._drain_seconds - QUIET_SECONDS
        while time.monotonic() < until and any(each.process.is_alive() for each in self.processes):
            time.sleep(_STEP_SECONDS)
        for listener in self.sockets:
            turn_away(listener)


def _setting(name: str) -> str:
    return os.environ[f"CREDITGRAPH_{name}"]


_STEP_SECONDS = 0.02
