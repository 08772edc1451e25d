"""addServiceUsages over HTTP, 100 and 1,000 usages a request, beside the rows that they make without them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial

from benchmarks.harness.called import Called, timed
from benchmarks.harness.clients import OverHttp
from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.stage import Service, Stage
from benchmarks.harness.turns import Side, Slice, take_turns
from benchmarks.harness.usages import Recording, add_many, runs_of
from benchmarks.peers.copying import Copying
from benchmarks.peers.raw_sqlite import RawSqlite
from benchmarks.rows.recording import postgresql_service

SIZES = (100, 1_000)
CLIENTS = 2
COPY = "COPY of usage and ledger rows"
RAW = "raw sqlite3, a transaction for all of them"


def batch(stage: Stage) -> Iterator[Figure]:
    """Let two clients add batches, so that one is on its way while the other is worked on."""
    for size in SIZES:
        with ExitStack() as stack:
            service, database = postgresql_service(stack, stage)
            ours = _batches(stage, service, size, database.processes())
            copying = stack.enter_context(closing(Copying(database.dsn, size)))
            copying.prepare()
            sides: list[Side] = [ours, Batches(Called(COPY, copying.seconds), size)]
            series = take_turns(sides, stage.pace)
            ours.check()
            print(service.process.audit())
        work = Work("batch", f"addServiceUsages, {size:,} a request, {CLIENTS} clients", "PostgreSQL")
        yield from compared(work, series, {COPY: ">= 0.5"} if size == max(SIZES) else {})


def batch_sqlite(stage: Stage) -> Iterator[Figure]:
    """Do the same on SQLite, beside as many usages in one transaction of sqlite3."""
    for size in SIZES:
        with ExitStack() as stack:
            service = stack.enter_context(stage.service(stack.enter_context(stage.database("SQLite"))))
            ours = _batches(stage, service, size)
            raw = stack.enter_context(closing(RawSqlite(stage.folder / f"raw-{size}.db", 1)))
            sides: list[Side] = [ours, Batches(Called(RAW, timed(partial(raw.record_many, size))), size)]
            series = take_turns(sides, stage.pace)
            ours.check()
            print(service.process.audit())
        work = Work("batch-sqlite", f"addServiceUsages, {size:,} a request, {CLIENTS} clients", "SQLite")
        yield from compared(work, series)


def _batches(stage: Stage, service: Service, size: int, database: Sequence[int] = ()) -> Recording:
    callers = [service.account(f"Client {number}") for number in range(CLIENTS)]
    requests = [add_many(caller, run, size) for caller, run in runs_of(callers, CLIENTS)]
    processes = [service.process.process_id, *database]
    accepted = f'"addedCount":{size}'
    asked = OverHttp("creditgraph", stage.sending, service.url, requests, accepted, CLIENTS, processes, size)
    ours = Recording(asked, callers)
    ours.work(min(stage.pace.seconds, 1.0))
    return ours


class Batches:
    """A rival that works in batches, counted by what is in them."""

    def __init__(self, side: Called, size: int) -> None:
        self._side, self._size = side, size

    @property
    def name(self) -> str:
        """Who it is."""
        return self._side.name

    def work(self, seconds: float) -> Slice:
        """Work for about so long."""
        found = self._side.work(seconds)
        return Slice(found.done * self._size, found.seconds)
