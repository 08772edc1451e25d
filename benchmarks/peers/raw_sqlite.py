"""sqlite3 alone: a usage as four statements in a transaction of its own, with the service's settings.

The tables are those of rival.sql, as SQLite has them.
"""

import time
from pathlib import Path
from uuid import UUID, uuid4

from benchmarks.bare_store import sqlite_connection

TABLES = """
CREATE TABLE account (id BLOB PRIMARY KEY, spent INTEGER NOT NULL, transfer_count INTEGER NOT NULL) STRICT;
CREATE TABLE workflow (
    account_id BLOB NOT NULL REFERENCES account, id BLOB NOT NULL, total_credits INTEGER NOT NULL,
    usage_count INTEGER NOT NULL, PRIMARY KEY (account_id, id)
) STRICT;
CREATE TABLE service_usage (
    account_id BLOB NOT NULL, id BLOB NOT NULL, workflow_id BLOB NOT NULL, idempotency_key TEXT NOT NULL,
    service_type TEXT NOT NULL, provider TEXT NOT NULL, unit_type TEXT NOT NULL,
    micro_units INTEGER NOT NULL, credits INTEGER NOT NULL, used_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id), UNIQUE (account_id, idempotency_key),
    FOREIGN KEY (account_id, workflow_id) REFERENCES workflow
) STRICT;
CREATE INDEX usage_of_workflow ON service_usage (account_id, workflow_id, id);
CREATE TABLE ledger_transfer (
    account_id BLOB NOT NULL, id BLOB NOT NULL, sequence INTEGER NOT NULL, debit_book TEXT NOT NULL,
    credit_book TEXT NOT NULL, amount INTEGER NOT NULL, service_usage_id BLOB NOT NULL,
    posted_at INTEGER NOT NULL, PRIMARY KEY (account_id, id), UNIQUE (account_id, sequence),
    FOREIGN KEY (account_id, service_usage_id) REFERENCES service_usage
) STRICT;
"""
USAGE = (
    "INSERT INTO service_usage VALUES (?, ?, ?, ?, 'GPT', 'gpt-4o-mini', 'TOKENS', 2500000000, 3000000, ?) "
    "ON CONFLICT DO NOTHING"
)
RUN = (
    "UPDATE workflow SET total_credits = total_credits + 3000000 * ?1, usage_count = usage_count + ?1 "
    "WHERE account_id = ?2 AND id = ?2"
)
BOOK = (
    "UPDATE account SET spent = spent + 3000000 * ?1, transfer_count = transfer_count + ?1 WHERE id = ?2 "
    "RETURNING transfer_count"
)
TRANSFER = "INSERT INTO ledger_transfer VALUES (?, ?, ?, 'OVERDRAFT', 'SPENT', 3000000, ?, ?)"


class RawSqlite:
    """A file with one connection that takes the accounts in turn."""

    def __init__(self, path: Path, accounts: int) -> None:
        self._connection = sqlite_connection(str(path))
        self._connection.executescript(TABLES)
        self._accounts = [UUID(int=number).bytes for number in range(1, accounts + 1)]
        self._count = 0
        for account in self._accounts:
            self._connection.execute("INSERT INTO account VALUES (?, 0, 0)", (account,))
            self._connection.execute("INSERT INTO workflow VALUES (?, ?, 0, 0)", (account, account))

    def record(self) -> None:
        """Record a usage."""
        self._count += 1
        account = self._accounts[self._count % len(self._accounts)]
        usage, now = uuid4().bytes, time.time_ns() // 1_000
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        run(USAGE, (account, usage, account, f"key {self._count}", now))
        run(RUN, (1, account))
        ((sequence,),) = run(BOOK, (1, account)).fetchall()
        run(TRANSFER, (account, uuid4().bytes, sequence, usage, now))
        run("COMMIT")

    def record_many(self, count: int) -> None:
        """Record so many usages in one transaction: a statement for each table, and two for the totals."""
        account, now = self._accounts[0], time.time_ns() // 1_000
        ids = [uuid4().bytes for _ in range(count)]
        first, self._count = self._count + 1, self._count + count
        usages = [(account, id_, account, f"key {key}", now) for key, id_ in enumerate(ids, first)]
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        self._connection.executemany(USAGE, usages)
        run(RUN, (count, account))
        ((last,),) = run(BOOK, (count, account)).fetchall()
        transfers = [
            (account, uuid4().bytes, sequence, id_, now) for sequence, id_ in enumerate(ids, last - count + 1)
        ]
        self._connection.executemany(TRANSFER, transfers)
        run("COMMIT")

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()
