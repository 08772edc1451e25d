"""addServiceUsages over HTTP, 100 and 1,000 usages a request, beside COPY of the rows that they make."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

from benchmarks.harness.called import Called
from benchmarks.harness.clients import OverHttp
from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import Side, Slice, take_turns
from benchmarks.harness.usages import Recording, add_many, runs_of
from benchmarks.peers.copying import Copying
from benchmarks.rows.recording import postgresql_service

SIZES = (100, 1_000)
CLIENTS = 2
COPY = "COPY of usage and ledger rows"


def batch(stage: Stage) -> Iterator[Figure]:
    """Let two clients add batches, so that one is on its way while the other is worked on."""
    for size in SIZES:
        with ExitStack() as stack:
            service, database = postgresql_service(stack, stage)
            callers = [service.account(f"Client {number}") for number in range(CLIENTS)]
            requests = [add_many(caller, run, size) for caller, run in runs_of(callers, CLIENTS)]
            processes = [service.process.process_id, *database.processes()]
            accepted = f'"addedCount":{size}'
            asked = OverHttp(
                "creditgraph", stage.sending, service.url, requests, accepted, CLIENTS, processes, size
            )
            ours = Recording(asked, callers)
            ours.work(min(stage.pace.seconds, 1.0))
            copying = stack.enter_context(closing(Copying(database.dsn, size)))
            copying.prepare()
            sides: list[Side] = [ours, Batches(Called(COPY, copying.seconds), size)]
            series = take_turns(sides, stage.pace)
            ours.check()
            print(service.process.audit())
        work = Work("batch", f"addServiceUsages, {size:,} a request, {CLIENTS} clients", "PostgreSQL")
        yield from compared(work, series, {COPY: ">= 0.5"} if size == max(SIZES) else {})


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
