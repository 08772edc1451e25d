"""Vitals: how busy the process is, looked at every second, so that another one can tell of it too."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from models.database import Database
from server.admission import Admission
from server.monitoring.metrics import Meters
from server.subscriptions.streams import Streams

LOOK_EVERY_SECONDS = 1.0

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Vitals:
    """Keeps the gauges of the process true until it is closed."""

    meters: Meters
    database: Database
    streams: Streams
    admission: Admission
    _refused: int = 0
    _refused_at_the_door: int = 0
    _cpu_seconds: float = 0.0
    _looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self.meters.processes.set(1)
        self._looking = asyncio.create_task(self._look_again_and_again())

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def look(self) -> None:
        """Set every gauge to what it is now."""
        meters = self.meters
        for lane, items in enumerate(self.database.waiting_items):
            meters.waiting_items.labels(str(lane)).set(items)
        meters.reads_in_use.set(self.database.reads_in_use)
        meters.streams.set(self.streams.open_count)
        meters.subscriptions.set(self.streams.subscription_count)
        self._tell_of_admission()
        used = time.process_time()
        meters.cpu_seconds.inc(used - self._cpu_seconds)
        self._cpu_seconds = used
        if _PROC.is_dir():
            meters.resident_bytes.set(_resident_pages() * os.sysconf("SC_PAGE_SIZE"))
            meters.open_files.set(sum(1 for _ in (_PROC / "fd").iterdir()))

    def _tell_of_admission(self) -> None:
        admission = self.admission
        self.meters.in_flight.set(admission.in_flight)
        self.meters.places.set(admission.places)
        if at_the_door := admission.refused_at_the_door - self._refused_at_the_door:
            self._refused_at_the_door += at_the_door
            # Nobody has counted their answers.
            self.meters.requests.labels("graphql", "503").inc(at_the_door)
        if refused := admission.refused - self._refused:
            self._refused += refused
            self.meters.admission_refusals.inc(refused)
            # One line a second: what is refused for want of time must not take more of it.
            log.warning(
                "overloaded", refused=refused, in_flight=admission.in_flight, running=admission.running
            )

    async def _look_again_and_again(self) -> None:
        while True:
            self.look()
            before = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self.meters.loop_lag.set(max(0.0, time.monotonic() - before - LOOK_EVERY_SECONDS))


def _resident_pages() -> int:
    return int((_PROC / "statm").read_text().split()[1])


_PROC = Path("/proc/self")
