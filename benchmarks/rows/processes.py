"""What a process of the service takes: to start, to keep, and what a second one gives."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.harness.clients import ROOT, OverHttp
from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.processor import resident_megabytes
from benchmarks.harness.stage import STORES, Service, Stage
from benchmarks.harness.turns import take_turns
from benchmarks.harness.usages import Recording, add_many, runs_of
from benchmarks.rows.recording import own_accounts, postgresql_service
from tests.stories.caller import Caller

BATCH = 1_000
CALLERS = 2
VIEWER = "{ viewer { scopes } }"


def start(stage: Stage) -> Iterator[Figure]:
    """Start on a store that has the newest schema, until a query is answered; and import alone."""
    imported = [_seconds_of_import() for _ in range(stage.pace.slices)]
    yield Figure("start", "import of the service", "none", "s", median(imported))
    for store in STORES:
        with stage.database(store) as url, stage.service(url) as service:
            caller = service.account()
            seconds = [_seconds_to_answer(service, caller) for _ in range(stage.pace.slices)]
        yield Figure("start", "start to first answer", store, "s", median(seconds), target="<= 1.5")


def memory(stage: Stage) -> Iterator[Figure]:
    """Look at a process that has just started, and again after many usages."""
    usages = stage.largest
    for store in STORES:
        with stage.database(store) as url, stage.service(url) as service:
            callers = [service.account(f"Client {number}") for number in range(CALLERS)]
            idle = resident_megabytes(service.process.process_id)
            yield Figure("memory", "memory, idle", store, "MiB", idle, target="<= 120")
            recording = _batches(stage, service, callers)
            while recording.done < usages:
                recording.work(1.0)
            kept = resident_megabytes(service.process.process_id)
            recording.check()
        words = f"memory after {usages:,} usages"
        yield Figure("memory", words, store, "MiB", kept, target="<= 120")


def workers(stage: Stage) -> Iterator[Figure]:
    """Let 32 clients add usages to services of one process and of two, on a PostgreSQL database each."""
    with ExitStack() as stack:
        sides = []
        for name, options in (("creditgraph --workers 2", ("--workers", "2")), ("one process", ())):
            service, database = postgresql_service(stack, stage, *options)
            side = own_accounts(stage, service, database.processes(), name)
            sides.append(side)
        series = take_turns(sides, stage.pace)
        for side in sides:
            side.check()
    yield from compared(Work("workers", "addServiceUsage over HTTP, 32 clients", "PostgreSQL"), series)


def _seconds_of_import() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import server.app"], check=True, cwd=ROOT)
    return time.perf_counter() - began


def _seconds_to_answer(service: Service, caller: Caller) -> float:
    service.process.kill()
    began = time.perf_counter()
    service.process.start()
    caller.query(VIEWER)
    return time.perf_counter() - began


def _batches(stage: Stage, service: Service, callers: list[Caller]) -> Recording:
    requests = [add_many(caller, run, BATCH) for caller, run in runs_of(callers, len(callers))]
    processes = [service.process.process_id]
    accepted = f'"addedCount":{BATCH}'
    asked = OverHttp(
        "creditgraph", stage.sending, service.url, requests, accepted, len(callers), processes, BATCH
    )
    return Recording(asked, callers)
