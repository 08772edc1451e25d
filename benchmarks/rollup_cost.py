"""What keeping rollups costs those who record: the writer with and without them, in turns on one store."""

import argparse
import asyncio
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from time import perf_counter, process_time
from unittest.mock import patch

from benchmarks.harness.turns import Pace, Slice
from benchmarks.hold_cycle import stores
from benchmarks.writing import USED, Run, runs_of
from metering.rollups import UsageCounts
from metering.tracking import AddServiceUsage, add_service_usages
from models.database import Database
from models.writer import SetCommand
from pricing.units import ServiceType
from tests.databases.opened import opened_with_prices
from tests.tenant import given

SHAPES = (("own", 32, 1), ("shared", 32, 1), ("shared", 2, 1_000))
"""Whose account the clients use, how many there are, and how many usages each brings at a time."""
WARM_UP_SECONDS = 0.5

_numbers = count()


async def measure(url: str, shape: str, clients: int, batch: int, arguments: argparse.Namespace) -> str:
    """Let both take turns, and give the medians of their ratios."""
    with_them, without = await rounds(url, shape, clients, batch, Pace(arguments.seconds, arguments.rounds))
    pairs = list(zip(with_them, without, strict=True))
    rates = [a.rate / b.rate for a, b in pairs]
    costs = [a.cost / b.cost for a, b in pairs if a.cost and b.cost]
    return f"{statistics.median(rates):8.2f} {statistics.median(costs):15.2f}"


async def rounds(
    url: str, shape: str, clients: int, batch: int, pace: Pace
) -> tuple[list[Slice], list[Slice]]:
    """Record in turns with rollups and without, on one store."""
    with_them, without = [], []
    async with opened_with_prices(url) as database:
        runs = await runs_of(database, shape, clients)
        await play(database, runs, batch, WARM_UP_SECONDS)
        for _ in range(pace.slices):
            with_them.append(await play(database, runs, batch, pace.seconds))
            with no_rollups():
                without.append(await play(database, runs, batch, pace.seconds))
    return with_them, without


async def play(database: Database, runs: Sequence[Run], batch: int, seconds: float) -> Slice:
    """Record for so long; the processor's seconds are this process's, without the database's."""
    began, cost = perf_counter(), process_time()
    done = sum(await asyncio.gather(*(_client(database, run, batch, began + seconds) for run in runs)))
    return Slice(done, perf_counter() - began, process_time() - cost)


@contextmanager
def no_rollups() -> Iterator[None]:
    """Leave rollups alone; the audit would find them wrong afterwards."""
    with (
        patch.object(UsageCounts, "add", lambda *_: None),
        patch.object(UsageCounts, "write", lambda *_: None),
    ):
        yield


async def _client(database: Database, run: Run, batch: int, until: float) -> int:
    done = 0
    while perf_counter() < until:
        items = tuple(
            AddServiceUsage(*run, ServiceType.PHONE, "twilio", USED, f"rollup-{next(_numbers)}")
            for _ in range(batch)
        )
        for answer in await database.write(SetCommand(run[0], add_service_usages, items)):
            given(answer)
        done += batch
    return done


def main() -> None:
    """Print a line for each store and shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"]
    )
    parser.add_argument("--seconds", type=float, default=2, help="how long each turn takes")
    parser.add_argument("--rounds", type=int, default=7, help="how many turns each side has")
    arguments = parser.parse_args()
    print("with rollups / without:                 usages/s   processor time")
    for backend in arguments.database:
        with stores(backend) as urls:
            for shape, clients, batch in SHAPES:
                ratios = asyncio.run(measure(next(urls), shape, clients, batch, arguments))
                print(f"{backend:10} {shape:6} {clients:3} clients {batch:5,} at a time {ratios}", flush=True)


if __name__ == "__main__":
    main()
