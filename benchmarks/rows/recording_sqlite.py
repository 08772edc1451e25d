"""addServiceUsage over HTTP on SQLite, beside sqlite3 alone with a transaction for each usage."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

from benchmarks.harness.called import Called, timed
from benchmarks.harness.figures import Figure, Work, compared, waits
from benchmarks.harness.postgresql import CLIENTS
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import take_turns
from benchmarks.harness.usages import recording
from benchmarks.peers.raw_sqlite import RawSqlite

RAW = "raw sqlite3, a transaction each"
SHARED = "creditgraph, one account"


def record_sqlite(stage: Stage) -> Iterator[Figure]:
    """Let 32 clients add usages, to accounts of their own and to one; every commit reaches the disk."""
    with ExitStack() as stack:
        service = stack.enter_context(stage.service(stack.enter_context(stage.database("SQLite"))))
        callers = [service.account(f"Client {number}") for number in range(CLIENTS)]
        ours = recording("creditgraph", stage.sending, service, callers, CLIENTS)
        shared = recording(SHARED, stage.sending, service, [service.account("Hot")], CLIENTS)
        raw = stack.enter_context(closing(RawSqlite(stage.folder / "raw.db", CLIENTS)))
        series = take_turns([ours, shared, Called(RAW, timed(raw.record))], stage.pace)
        ours.check()
        shared.check()
        print(service.process.audit())
    words = f"addServiceUsage over HTTP, {CLIENTS} clients"
    yield from compared(Work("record-sqlite", words, "SQLite"), [series[0], series[2]], {RAW: ">= 1.0"})
    work = Work("record-sqlite", f"addServiceUsage on one account, {CLIENTS} clients", "SQLite")
    many = series[0]
    many.name = "creditgraph, many accounts"
    yield from compared(work, [series[1], many, series[2]], {many.name: ">= 0.95"})


def lone_sqlite(stage: Stage) -> Iterator[Figure]:
    """Let one client add usages, and look how long it waits until its commit has reached the disk."""
    with ExitStack() as stack:
        service = stack.enter_context(stage.service(stack.enter_context(stage.database("SQLite"))))
        ours = recording("creditgraph", stage.sending, service, [service.account()], 1)
        raw = stack.enter_context(closing(RawSqlite(stage.folder / "raw-lone.db", 1)))
        series = take_turns([ours, Called(RAW, timed(raw.record))], stage.pace)
        ours.check()
    work = Work("lone-sqlite", "addServiceUsage, p50 of one client", "SQLite", "ms")
    yield from waits(work, series, {}, alone="<= 1.5")
