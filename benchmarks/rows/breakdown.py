"""The breakdown of a heavy key by service: beside DuckDB on the same rows, and GROUP BY in the store."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.bare_store import bare_store
from benchmarks.harness.called import Called, timed
from benchmarks.harness.clients import OverHttp, Request
from benchmarks.harness.figures import Figure, Work, waits
from benchmarks.harness.history import Historian
from benchmarks.harness.postgresql import Postgresql
from benchmarks.harness.programs import PEERS, PEERS_PYTHON, Absent, Calls, caller, those_present
from benchmarks.harness.stage import STORES, Stage
from benchmarks.harness.turns import Side, take_turns

SIZES = (100_000, 1_000_000, 10_000_000)
DUCKDB, GROUP_BY = "DuckDB", "GROUP BY in the store"
QUERY = (
    "{ viewer { apiKey { usage { totalCredits usageCount "
    "serviceBreakdown { serviceType provider usageCount totalCredits } } } } }"
)
FROM = """
FROM service_usage u JOIN workflow w ON w.account_id = u.account_id AND w.id = u.workflow_id
"""
ROWS = f"SELECT w.api_key_id AS api_key, u.service_type, u.provider, u.credits {FROM}"
RAW = (
    f"SELECT u.service_type, u.provider, count(*), sum(u.credits) {FROM} "  # noqa: S608 - fixed text
    "WHERE u.account_id = (SELECT id FROM account) AND w.api_key_id = (SELECT id FROM api_key WHERE "
    "account_id IS NOT NULL) AND u.voided_at IS NULL GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2"
)


def breakdown(stage: Stage) -> Iterator[Figure]:
    """Ask as one client, at 100,000 usages and more; all are of one key."""
    for store in STORES:
        with stage.database(store) as url:
            historian = Historian(url)
            for size in SIZES:
                if size <= stage.largest:
                    historian.reach(size)
                    yield from _measured(stage, store, url, historian.secret, size)


def _measured(stage: Stage, store: str, url: str, secret: str, size: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        service = stack.enter_context(stage.service(url))
        raw = stack.enter_context(bare_store(url))
        request = Request({"query": QUERY}, secret)
        expected = f'"usageCount":{size},'
        sides: list[Side] = [
            OverHttp(
                "creditgraph",
                stage.sending,
                service.url,
                [request],
                expected,
                1,
                [service.process.process_id],
            ),
            Called(GROUP_BY, timed(partial(raw.rows, RAW))),
        ]
        programs = {DUCKDB: _duckdb(url, stage.folder / f"{store}-{size}.csv")}
        sides += [Called(name, calls.seconds) for name, calls in those_present(stack, programs)]
        series = take_turns(sides, stage.pace)
    work = Work("breakdown", f"breakdown of a key with {size:,} usages", store, "ms")
    yield from waits(work, series, {DUCKDB: "<= 1.0"})


@contextmanager
def _duckdb(url: str, path: Path) -> Iterator[Calls]:
    if not PEERS_PYTHON.exists():
        raise Absent("the packages of benchmarks/peers/requirements.txt")
    key = _export(url, path)
    with caller([PEERS_PYTHON, PEERS / "duck.py", path, key]) as calls:
        yield calls
    path.unlink()


def _export(url: str, path: Path) -> str:
    """Write all rows to a file; give the key as it is written there."""
    if url.startswith("sqlite"):
        _export_sqlite(url.partition(":///")[2], path)
    else:
        Postgresql.of(url).export(ROWS, path)
    with path.open(encoding="utf-8") as rows:
        next(rows)
        return next(rows).partition(",")[0]


def _export_sqlite(file: str, path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, path.open("w", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(("api_key", "service_type", "provider", "credits"))
        writer.writerows((api_key.hex(), *row) for api_key, *row in connection.execute(ROWS))
