"""Record a real hour of language-model requests over HTTP, beside a bare-SQL loop of the same inserts."""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import make_url

from benchmarks.bare_store import BareStore, Statement, bare_store
from models.ledger_chain import GENESIS, chained
from server.settings import database_url_from_text
from tests.stories.caller import ADD_MANY_COUNTED, START, Caller, http_client
from tests.stories.process import ServerProcess, creditgraph, served
from tests.stories.real_hour import BATCH_SIZE, RealRequest, an_hour_before, batches, real_hour

MODEL, TOTAL_CREDITS = "gpt-4o-mini", "37193"
USAGES = 19_366
RUNS = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSERTED = ("service_usage", "ledger_transfer", "idempotent_request")

Row = dict[str, Any]


def main() -> None:
    arguments = parsed_arguments()
    with TemporaryDirectory() as folder:
        url = database_url_from_text(arguments.database_url or f"sqlite:///{folder}/benchmark.db")
        with served(url, Path(folder)) as server, http_client() as http:
            service, bare = measured(server, http, arguments.senders)
            print(server.audit())
    print(f"The service takes {service / bare:.1f} times as long as the bare inserts.")


def measured(server: ServerProcess, http: httpx2.Client, senders: int) -> tuple[float, float]:
    """Give the seconds of the service and those of the bare inserts."""
    requests = real_hour()
    backend = make_url(server.database_url).get_backend_name()
    print(f"{len(requests):,} usages in batches of {BATCH_SIZE:,} on {backend}")
    caller, workflow_ids = account_with_runs(server, http, requests)
    service = timed("service over HTTP", lambda: send(caller, requests, workflow_ids, senders))
    timed("service, sent again", lambda: send(caller, requests, workflow_ids, senders))
    check_total(caller)
    copier, copied_ids = account_with_runs(server, http, requests)
    with bare_store(server.database_url) as store:
        names = [(caller.account_id, copier.account_id), *zip(workflow_ids, copied_ids, strict=True)]
        work = list(bare_batches(store, names))
        bare = timed("bare SQL", lambda: write_all(store, work))
    check_total(copier)
    return service, bare


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--database-url",
        help="store to fill: postgresql://USER:PASSWORD@HOST/EMPTY_DATABASE or sqlite:///FILE; "
        "without it a temporary SQLite file",
    )
    parser.add_argument("--senders", type=int, default=3, help="requests on their way at a time (default: 3)")
    return parser.parse_args()


def account_with_runs(
    server: ServerProcess, http: httpx2.Client, requests: list[RealRequest]
) -> tuple[Caller, list[str]]:
    account_id = creditgraph("account", "create", "Benchmark", database_url=server.database_url)
    secret = creditgraph("key", "issue", "--account", account_id, database_url=server.database_url)
    caller = Caller(http, server.url, secret, account_id)
    started_at = an_hour_before(requests)
    runs = [
        caller.mutate(START, workflowName=f"run-{n}", startedAt=started_at, idempotencyKey=f"run-{n}")
        for n in range(RUNS)
    ]
    return caller, [run["workflow"]["id"] for run in runs]


def timed(what: str, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(f"{what:20} {seconds:6.2f} s   {USAGES / seconds:8,.0f} usages/s")
    return seconds


def send(caller: Caller, requests: list[RealRequest], workflow_ids: list[str], senders: int) -> None:
    with ThreadPoolExecutor(senders) as pool:
        work = batches(requests, workflow_ids, MODEL)
        for answer in pool.map(lambda usages: caller.mutate(ADD_MANY_COUNTED, usages=usages), work):
            if answer["refusedCount"]:
                raise SystemExit(f"Usages were refused: {answer}")


def check_total(caller: Caller) -> None:
    query = "{ viewer { account { balance { spent } usage { totalCredits } } } }"
    found = caller.query(query)["account"]
    if found != {"balance": {"spent": TOTAL_CREDITS}, "usage": {"totalCredits": TOTAL_CREDITS}}:
        raise SystemExit(f"{TOTAL_CREDITS} credits are right, not {found}: the run is void.")


def bare_batches(store: BareStore, names: list[tuple[str, str]]) -> Iterator[list[Statement]]:
    """Give the service's rows of one account as rows of another, in transactions of equal size."""
    stored = {
        hex_of(row["id"]): row["id"]
        for row in [*store.rows("SELECT id FROM account"), *store.rows("SELECT id FROM workflow")]
    }
    renamed = {stored[source.partition("_")[2]]: stored[target.partition("_")[2]] for source, target in names}
    account = next(iter(renamed))
    tables = [recorded_rows(store, table, account=account) for table in INSERTED]
    chain = Chain()
    for first in range(0, USAGES, BATCH_SIZE):
        usages, transfers, keys = (
            [{name: renamed.get(value, value) for name, value in row.items()} for row in rows]
            for rows in (table[first : first + BATCH_SIZE] for table in tables)
        )
        transfers = [chain.link(transfer) for transfer in transfers]
        # A transfer refers to its usage.
        yield [
            inserted("service_usage", usages),
            *totals(usages, chain),
            inserted("ledger_transfer", transfers),
            inserted("idempotent_request", keys),
        ]


def recorded_rows(store: BareStore, table: str, *, account: object) -> list[Row]:
    # The keys of the runs' starts are the copier's already.
    return [
        row
        for row in store.rows(f"SELECT * FROM {table} ORDER BY 2")  # noqa: S608  # fixed names
        if row["account_id"] == account and not str(row.get("key")).startswith("run-")
    ]


@dataclass(slots=True)
class Chain:
    """The copier's own chain over its transfers, worked out before the time is taken."""

    count: int = 0
    end: str = GENESIS

    def link(self, transfer: Row) -> Row:
        """Give a copied transfer the hash that it has as the next of this chain."""
        self.count += 1
        self.end = chained(
            self.end,
            account_id=id_of(transfer["account_id"]),
            sequence=self.count,
            transfer_id=id_of(transfer["id"]),
            debit_book=transfer["debit_book"],
            credit_book=transfer["credit_book"],
            amount_micros=transfer["amount"],
            grant_id=None,
            debit_hold_id=None,
            credit_hold_id=None,
            service_usage_id=id_of(transfer["service_usage_id"]),
            posted_at=moment_of(transfer["posted_at"]),
        )
        return transfer | {"sequence": self.count, "hash": self.end}


def totals(usages: list[Row], chain: Chain) -> Iterator[Statement]:
    """Keep the books of a batch: the account's and each run's."""
    spent, runs = Counter[object](), Counter[object]()
    for usage in usages:
        runs[usage["workflow_id"]] += 1
        spent[usage["workflow_id"]] += usage["credits"]
    account = usages[0]["account_id"]
    books = (
        "UPDATE account SET spent = spent + {0}, overdraft = overdraft + {1}, "
        "transfer_count = {2}, chain_hash = {3} WHERE id = {4}"
    )
    yield books, [(spent.total(), spent.total(), chain.count, chain.end, account)]
    workflow = (
        "UPDATE workflow SET total_credits = total_credits + {0}, usage_count = usage_count + {1} "
        "WHERE account_id = {2} AND id = {3}"
    )
    yield workflow, [(spent[run], runs[run], account, run) for run in runs]


def write_all(store: BareStore, work: list[list[Statement]]) -> None:
    for batch in work:
        store.write(batch)


def inserted(table: str, rows: list[Row]) -> Statement:
    values = ", ".join(f"{{{position}}}" for position in range(len(rows[0])))
    text = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({values})"  # noqa: S608  # fixed names
    return text, [tuple(row.values()) for row in rows]


def id_of(stored: Any) -> UUID:  # noqa: ANN401 - bytes on SQLite, an id on PostgreSQL
    return UUID(bytes=stored) if isinstance(stored, bytes) else stored


def moment_of(stored: Any) -> datetime:  # noqa: ANN401 - microseconds on SQLite, a time on PostgreSQL
    return EPOCH + timedelta(microseconds=stored) if isinstance(stored, int) else stored


def hex_of(stored: object) -> str:
    return stored.hex() if isinstance(stored, bytes) else str(stored).replace("-", "")


if __name__ == "__main__":
    main()
