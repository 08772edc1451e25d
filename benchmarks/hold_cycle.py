"""Hold, capture, complete: cycles a second through the service's writer, beside bare SQL in the same run."""

import argparse
import asyncio
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import uvloop

from benchmarks.bare_holds import bare_holds
from benchmarks.hold_clients import VERBS, Client, Round, Run, Service, Side, Told, work
from benchmarks.hold_profile import profile
from benchmarks.hold_proof import add_rollups, mismatches
from models.database import Database
from models.migrations import migrate
from tests.databases.opened import opened_with_prices, run_apart
from tests.databases.postgresql import postgresql_server
from tests.tenant import Tenant, given, new_tenant

GRANTED, MICROS = 10_000_000_000, 1_000_000
CLIENTS = (1, 10, 50, 200)
SHAPES = ("shared", "own")
WARM_UP_SECONDS = 0.3
FIRST_CYCLES = 3_000
SPARE_RUNS = 20
STARTED_AT_A_TIME = 500


@dataclass(slots=True)
class Series:
    """One side of a cell: its accounts, its clients, and what all its rounds took, the first to warm up."""

    name: str
    side: Side
    tenants: Sequence[Tenant]
    of_accounts: Sequence[Client]
    clients: Sequence[Client]
    rounds: list[Round] = field(default_factory=list)

    @property
    def timed(self) -> list[Round]:
        """The rounds that count."""
        return self.rounds[1:]

    @property
    def rate(self) -> float:
        """Cycles a second."""
        return sum(len(each.cycles) for each in self.timed) / sum(each.seconds for each in self.timed)

    @property
    def told(self) -> dict[UUID, Told]:
        """What the clients of each account were told."""
        return {
            tenant.account_id: client.told
            for tenant, client in zip(self.tenants, self.of_accounts, strict=True)
        }

    async def play(self, seconds: float, *, most_cycles: int) -> None:
        """Start the runs of a round beforehand, then let the clients work."""
        each = most_cycles // len(self.tenants) + SPARE_RUNS
        await asyncio.gather(
            *(
                start(tenant, client.runs, each)
                for tenant, client in zip(self.tenants, self.of_accounts, strict=True)
            )
        )
        self.rounds.append(await work(self.side, self.clients, seconds=seconds))


async def start(tenant: Tenant, runs: deque[Run], wanted: int) -> None:
    """Start as many runs as are missing."""
    while missing := max(wanted - len(runs), 0):
        items = [tenant.run() for _ in range(min(missing, STARTED_AT_A_TIME))]
        for answer in await tenant.start_all(*items):
            runs.append(Run(tenant.account_id, given(answer).workflow.id))


def main() -> None:
    arguments = parsed_arguments()
    wrong = []
    for backend in ("sqlite", "postgresql") if arguments.database == "both" else (arguments.database,):
        with stores(backend) as new_store:
            print(f"\n{TITLES[backend]}", flush=True)
            if arguments.profile:
                uvloop.run(profile(next(new_store), seconds=arguments.seconds))
                continue
            print(heading())
            for shape in arguments.accounts:
                for clients in arguments.clients:
                    wrong += uvloop.run(cell(next(new_store), shape, clients, arguments))
    if not arguments.profile:
        print(f"\nmismatches {len(wrong)}", *wrong, sep="\n")
    if wrong:
        raise SystemExit(1)


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--accounts", choices=SHAPES, nargs="+", default=SHAPES)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=10, help="of each side of a cell (default: 10)")
    parser.add_argument("--rounds", type=int, default=5, help="in which both sides take turns (default: 5)")
    parser.add_argument(
        "--connections",
        type=int,
        default=1_000,
        help="most connections of the bare loop on PostgreSQL (default: one a client, while there are any)",
    )
    parser.add_argument("--profile", action="store_true", help="tell where a lone cycle's time goes instead")
    return parser.parse_args()


@contextmanager
def stores(backend: str) -> Iterator[Iterator[str]]:
    """Give URLs of migrated, empty stores, as many as are asked for; the one before may then be gone."""
    with sqlite_files() if backend == "sqlite" else postgresql_databases() as urls:
        yield urls


@contextmanager
def sqlite_files() -> Iterator[Iterator[str]]:
    with TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        run_apart(migrate(f"sqlite+aiosqlite:///{template}"))
        copies = (shutil.copyfile(template, Path(folder) / f"{number}.db") for number in count())
        yield (f"sqlite+aiosqlite:///{copy}" for copy in copies)


@contextmanager
def postgresql_databases() -> Iterator[Iterator[str]]:
    template, name = "creditgraph_benchmark_template", "creditgraph_benchmark"
    with postgresql_server() as server:

        def copy() -> str:
            server.drop_database(name)
            server.create_database(name, template=template)
            return server.url(name)

        server.drop_database(template)
        server.create_database(template)
        try:
            run_apart(migrate(server.url(template)))
            yield iter(copy, None)
        finally:
            server.drop_database(name)
            server.drop_database(template)


async def cell(url: str, shape: str, clients: int, arguments: argparse.Namespace) -> list[str]:
    """Measure so many clients on both sides of a store of their own; give what does not add up."""
    limit = min(clients, arguments.connections)
    async with opened_with_prices(url) as database, bare_holds(url, connections=limit) as bare:
        service = await series("service", Service(database), database, shape, clients)
        beside = await series("bare SQL", bare, database, shape, clients)
        seconds = arguments.seconds / arguments.rounds
        for each in (service, beside):
            await each.play(WARM_UP_SECONDS, most_cycles=FIRST_CYCLES)
        for _ in range(arguments.rounds):
            for each in (service, beside):
                await each.play(seconds, most_cycles=int(2 * seconds * each.rounds[-1].rate))
        show(shape, clients, service, beside)
        await add_rollups(database, beside.told)
        told = service.told | beside.told
        return [f"{shape}, {clients} clients: {line}" for line in await mismatches(database, told)]


async def series(name: str, side: Side, database: Database, shape: str, clients: int) -> Series:
    """Open the accounts of a side: one for all its clients, or one for each."""
    accounts = 1 if shape == "shared" else clients
    tenants = await asyncio.gather(*(prepaid(database, name) for _ in range(accounts)))
    of_accounts = [Client(deque(), Told(GRANTED * MICROS)) for _ in tenants]
    return Series(name, side, tenants, of_accounts, (of_accounts * clients)[:clients])


async def prepaid(database: Database, name: str) -> Tenant:
    tenant = await new_tenant(database, name, overdraft_limit="0")
    await tenant.grant(str(GRANTED))
    return tenant


def heading() -> str:
    columns = "".join(f"{f'{what} ms':>22}" for what in ("cycle", *VERBS))
    return f"{'accounts':8} {'clients':>7}  {'':15} {'cycles/s':>9}{columns}   (p50 / p95 / p99)"


def show(shape: str, clients: int, service: Series, bare: Series) -> None:
    for each in (service, bare):
        cycles = [verbs for one in each.timed for verbs in one.cycles]
        columns = [[sum(verbs) for verbs in cycles], *zip(*cycles, strict=True)]
        times = "".join(f"{percentiles(column):>22}" for column in columns)
        print(f"{shape:8} {clients:7}  {each.name:15} {each.rate:9,.0f}{times}")
    ratios = [ours.rate / theirs.rate for ours, theirs in zip(service.timed, bare.timed, strict=True)]
    ratio, spread = service.rate / bare.rate, f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"{'':16}  {'service / bare':15} {ratio:9.2f}   (rounds: {spread})", flush=True)


def percentiles(seconds: Sequence[float]) -> str:
    """Give the 50th, 95th and 99th percentile in milliseconds, each a time that was measured."""
    ranked = sorted(seconds)
    ranks = (min(len(ranked) * percent // 100, len(ranked) - 1) for percent in (50, 95, 99))
    times = [ranked[rank] * 1_000 for rank in ranks]
    return " / ".join(f"{time:.{1 if time < 100 else 0}f}" for time in times)


TITLES = {
    "sqlite": "SQLite: a file with synchronous FULL; bare SQL: one connection, the clients in turn",
    "postgresql": "PostgreSQL: the tests' server, fsync off; bare SQL: a connection for each client",
}

if __name__ == "__main__":
    main()
