"""addServiceUsage through the service's writer, beside a driver that sends four statements a transaction."""

import argparse
import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from time import perf_counter, process_time
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # ships no type information
import uvloop
from sqlalchemy import make_url

from benchmarks.bare_holds import connected
from benchmarks.bare_store import sqlite_connection
from benchmarks.bare_verbs import RATE, RATE_VALUES
from benchmarks.hold_cycle import stores
from metering.tracking import AddServiceUsage, add_service_usages
from models.database import Database
from models.identity import new_id
from models.writer import SetCommand
from pricing.units import Quantity, ServiceType, UnitType
from tests.databases.opened import opened_with_prices
from tests.tenant import given, new_tenant

Run = tuple[UUID, UUID]
Record = Callable[[Run], Awaitable[object]]

CLIENTS = (1, 8, 32, 128)
USED = Quantity.parse("5", UnitType.MINUTES)
WARM_UP_SECONDS = 0.5

USAGE = (
    "INSERT INTO service_usage (account_id, id, workflow_id, rate_id, service_type, provider, unit_type, "
    "micro_units, credits, exact_micros, used_at, recorded_at, late) "
    "VALUES ($1, $2, $3, $4, 'PHONE', 'twilio', 'MINUTES', 5000000, 100000000, '100000000', $5, $5, $6)"
)
WORKFLOW = (
    "UPDATE workflow SET total_credits = total_credits + 100000000, usage_count = usage_count + 1 "
    "WHERE account_id = $1 AND id = $2"
)
ACCOUNT = (
    "UPDATE account SET spent = spent + 100000000, overdraft = overdraft + 100000000, "
    "transfer_count = transfer_count + 1 WHERE id = $1 RETURNING transfer_count"
)
TRANSFER = (
    "INSERT INTO ledger_transfer (account_id, id, sequence, debit_book, credit_book, amount, "
    "service_usage_id, posted_at, hash) VALUES ($1, $2, $3, 'OVERDRAFT', 'SPENT', 100000000, $4, $5, '')"
)

_numbers = count()


def through_writer(database: Database) -> Record:
    """Record as the service does: a key, a price, budgets, a chained ledger and rollups included."""

    async def record(run: Run) -> None:
        item = AddServiceUsage(*run, ServiceType.PHONE, "twilio", USED, f"usage-{next(_numbers)}")
        [answer] = await database.write(SetCommand(run[0], add_service_usages, (item,)))
        given(answer)

    return record


@asynccontextmanager
async def bare(url: str, clients: int) -> AsyncIterator[Record]:
    """Record by four statements in a transaction for each usage; SQLite's one writer takes turns."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        writer = sqlite_connection(str(address.database))
        yield on_sqlite(writer)
        writer.close()
    else:
        pool = await connected(address, clients)
        yield await on_postgresql(pool)
        await asyncio.gather(*(pool.get_nowait().close() for _ in range(pool.qsize())))


def on_sqlite(writer: sqlite3.Connection) -> Record:
    """Take turns with one connection, a plain call each."""
    texts = [text.replace("$", "?") for text in (USAGE, WORKFLOW, ACCOUNT, TRANSFER)]
    [rate_id] = writer.execute(RATE.replace("$", "?"), RATE_VALUES).fetchone()

    async def record(run: Run) -> None:
        await asyncio.sleep(0)
        account, workflow, usage, now = (
            run[0].bytes,
            run[1].bytes,
            new_id().bytes,
            int(_now().timestamp() * 1e6),
        )
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(texts[0], (account, usage, workflow, rate_id, now, 0))
        writer.execute(texts[1], (account, workflow))
        [(sequence,)] = writer.execute(texts[2], (account,)).fetchall()
        writer.execute(texts[3], (account, new_id().bytes, sequence, usage, now))
        writer.execute("COMMIT")

    return record


async def on_postgresql(pool: "asyncio.Queue[asyncpg.Connection]") -> Record:
    """Use a connection for each client."""
    first = pool.get_nowait()
    rate_id = (await first.fetchrow(RATE, *RATE_VALUES))["id"]
    pool.put_nowait(first)

    async def record(run: Run) -> None:
        connection, usage, now = await pool.get(), new_id(), _now()
        async with connection.transaction():
            sequence = await connection.fetchval(ACCOUNT, run[0])
            await connection.execute(USAGE, run[0], usage, run[1], rate_id, now, False)  # noqa: FBT003 - a column
            await connection.execute(WORKFLOW, *run)
            await connection.execute(TRANSFER, run[0], new_id(), sequence, usage, now)
        pool.put_nowait(connection)

    return record


async def cell(urls: Sequence[str], shape: str, clients: int, seconds: float) -> None:
    """Let both take turns, each on a store of its own, and print what each did."""
    ours, theirs = urls
    async with (
        opened_with_prices(ours) as database,
        opened_with_prices(theirs) as beside,
        bare(theirs, clients) as bare_,
    ):
        sides = {
            "service": (through_writer(database), await runs_of(database, shape, clients)),
            "bare": (bare_, await runs_of(beside, shape, clients)),
        }
        for record, runs in sides.values():
            await play(record, runs, WARM_UP_SECONDS)
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(3):
            for name, (record, runs) in sides.items():
                rate, line = await play(record, runs, seconds / 3)
                rates[name].append(rate)
                print(f"{shape:7} {clients:4}  {name:8} {line}", flush=True)
        ratio = sorted(a / b for a, b in zip(*rates.values(), strict=True))[1]
        print(f"{shape:7} {clients:4}  service / bare {ratio:.2f}", flush=True)


async def runs_of(database: Database, shape: str, clients: int) -> list[Run]:
    """Start a run for each client, of one account or of an account each."""
    tenants = [await new_tenant(database) for _ in range(1 if shape == "shared" else clients)]
    return [(each.account_id, (await each.start()).id) for each in (tenants * clients)[:clients]]


async def play(record: Record, runs: Sequence[Run], seconds: float) -> tuple[float, str]:
    """Let a client for each run record one usage after another; give how many a second, and a line of it."""
    times: list[float] = []
    began, used = perf_counter(), process_time()

    async def client(run: Run) -> None:
        while (sent := perf_counter()) < began + seconds:
            await record(run)
            times.append(perf_counter() - sent)

    await asyncio.gather(*map(client, runs))
    rate, ranked = len(times) / (perf_counter() - began), sorted(times)
    p50, p99 = (ranked[len(ranked) * percent // 100] * 1_000 for percent in (50, 99))
    cpu = (process_time() - used) / len(times) * 1e6
    return rate, f"{rate:8,.0f}/s  {cpu:6.0f} µs CPU  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"]
    )
    parser.add_argument("--accounts", choices=("own", "shared"), nargs="+", default=["own", "shared"])
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=3, help="of each side of a cell (default: 3)")
    arguments = parser.parse_args()
    gc.set_threshold(20_000, 50, 100)  # as `creditgraph serve` does
    for backend in arguments.database:
        print(f"\n{backend}")
        with stores(backend) as one, stores(backend) as other:
            for shape in arguments.accounts:
                for clients in arguments.clients:
                    uvloop.run(cell((next(one), next(other)), shape, clients, arguments.seconds))


if __name__ == "__main__":
    main()
