"""Supervision: the process that starts those that serve, replaces one that died, and ends them together."""

import socket
import time
from collections.abc import Sequence
from tempfile import TemporaryDirectory

import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from server.metrics import shared_folder
from server.transport.listeners import QUIET_SECONDS, turn_away

log = structlog.get_logger(__name__)


def supervise(config: uvicorn.Config, listeners: Sequence[socket.socket], *, drain_seconds: float) -> None:
    """Serve with as many processes as the configuration says until a signal says to stop."""
    with TemporaryDirectory(prefix="creditgraph-metrics-") as folder, shared_folder(folder):
        _Supervisor(config, listeners, folder, drain_seconds).run()


class _Supervisor(Multiprocess):
    def __init__(
        self, config: uvicorn.Config, listeners: Sequence[socket.socket], folder: str, drain_seconds: float
    ) -> None:
        super().__init__(config, sockets=list(listeners))
        self._folder = folder
        self._drain_seconds = drain_seconds

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


_STEP_SECONDS = 0.02
