"""Copies of recorded runs: a history of millions of usages in minutes.

A copy has ids, a key, times and a place in the chain of its own. It cost what the recorded run cost, so that
nothing is priced, allocated or looked up. Rows go to the store by its driver, without a look at what they
refer to; rollups are rebuilt by the service's own verb, and the audit must find nothing in all of it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # ships no type information
from sqlalchemy import make_url

from metering.tracking import RecordWorkflow
from models.account import Account
from models.base import Base, table_of
from models.idempotency import IdempotentRequest
from models.identity import new_id
from models.ledger import Book, LedgerTransfer
from models.ledger_chain import chained
from models.service_usage import ServiceUsage
from models.workflow import Workflow

Row = tuple[Any, ...]
AT_A_TIME = 1_000
TABLES: tuple[type[Base], ...] = (Workflow, ServiceUsage, LedgerTransfer, IdempotentRequest)
MOVING = ("spent", "overdraft", "transfer_count", "chain_hash")


class Store(Protocol):
    """A store by its driver; ids and moments go into it in the driver's form."""

    def id(self, value: UUID) -> object:
        """Give the driver's form of an id."""

    def moment(self, value: datetime) -> object:
        """Give the driver's form of a moment."""

    def rows(self, mapped: type[Base], names: Sequence[str], account_id: UUID) -> list[Row]:
        """Read some columns of an account's rows, oldest first where they have an id."""

    def write(self, tables: Sequence[tuple[type[Base], list[Row]]], account: Row) -> None:
        """Append rows to tables, and set what moves of the account, in one transaction."""


@dataclass(slots=True)
class Copies:
    """Runs of one postpaid account, copied from those that it has."""

    store: Store
    account_id: UUID
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write(self, items: Iterable[tuple[RecordWorkflow, str]]) -> None:
        """Write runs, each as a copy of the one that was recorded under a key."""
        pattern = self._pattern()
        [moving] = self.store.rows(Account, MOVING, self.account_id)
        for some in _parts(items, AT_A_TIME):
            books = _Books(self, *moving)
            copies = [books.copied(item, *pattern[key]) for item, key in some]
            moving = (books.spent, books.overdraft, books.count, books.chain_hash)
            columns = zip(*copies, strict=True)
            tables = [
                (mapped, [row for rows in each for row in rows])
                for mapped, each in zip(TABLES, columns, strict=True)
            ]
            self.store.write(tables, moving)

    def _pattern(self) -> dict[str, tuple[Row, list[Row]]]:
        workflows = self.store.rows(Workflow, _names(Workflow), self.account_id)
        usages: dict[object, list[Row]] = {row[1]: [] for row in workflows}
        for usage in self.store.rows(ServiceUsage, _names(ServiceUsage), self.account_id):
            usages[usage[2]].append(usage)
        runs = {row[1]: (row, usages[row[1]]) for row in workflows}
        requests = self.store.rows(IdempotentRequest, ("key", "result_id"), self.account_id)
        return {key: runs[made] for key, made in requests if made in runs}


@dataclass(slots=True)
class _Books:
    """The account as copies move it."""

    of: Copies
    spent: int
    overdraft: int
    count: int
    chain_hash: str

    def copied(self, item: RecordWorkflow, run: Row, usages: Sequence[Row]) -> tuple[list[Row], ...]:
        """Give the rows of a copy for each of the tables."""
        store = self.of.store
        account, now, id_ = store.id(self.of.account_id), store.moment(self.of.now), store.id(new_id())
        started, ended = (store.moment(at or self.of.now) for at in (item.start.started_at, item.ended_at))
        copies, transfers = [], []
        for usage, past in zip(usages, item.usages, strict=True):
            usage_id = new_id()
            used = store.moment(past.used_at or self.of.now)
            copies.append((account, store.id(usage_id), id_, *usage[3:10], used, now, *usage[12:]))
            transfers.append(self._transfer(account, usage[8], usage_id, now))
        workflow = (account, id_, *run[2:11], started, ended, run[13], now, *run[15:])
        request = (account, item.idempotency_key, item.fingerprint, id_, None, now)
        return [workflow], copies, transfers, [request]

    def _transfer(self, account: object, micros: int, usage_id: UUID, now: object) -> Row:
        transfer_id = new_id()
        self.count += 1
        self.spent += micros
        self.overdraft += micros
        self.chain_hash = chained(
            self.chain_hash,
            account_id=self.of.account_id,
            sequence=self.count,
            transfer_id=transfer_id,
            debit_book=Book.OVERDRAFT.value,
            credit_book=Book.SPENT.value,
            amount_micros=micros,
            grant_id=None,
            debit_hold_id=None,
            credit_hold_id=None,
            service_usage_id=usage_id,
            posted_at=self.of.now,
        )
        id_ = self.of.store.id
        books = (Book.OVERDRAFT.value, Book.SPENT.value, micros, None, None, None)
        return (account, id_(transfer_id), self.count, *books, id_(usage_id), now, self.chain_hash)


def write_copies(url: str, account_id: UUID, items: Iterable[tuple[RecordWorkflow, str]]) -> None:
    """Write copies of an account's runs into a store that nobody else uses meanwhile."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(address.database), isolation_level=None)) as connection:
            for setting in ("synchronous = OFF", "cache_size = -500000"):
                connection.execute(f"PRAGMA {setting}")
            Copies(_Sqlite(connection), account_id).write(items)
        return
    with asyncio.Runner() as runner:
        dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = runner.run(asyncpg.connect(dsn))
        # References are what the audit looks at; to look each up would take most of the time.
        runner.run(connection.execute("SET session_replication_role = replica"))
        Copies(_Postgresql(runner, connection), account_id).write(items)
        runner.run(connection.execute("ANALYZE"))
        runner.run(connection.close())


@dataclass(frozen=True, slots=True)
class _Sqlite:
    connection: sqlite3.Connection
    id: Callable[[UUID], object] = attrgetter("bytes")

    def moment(self, value: datetime) -> object:
        return (value - _EPOCH) // _MICROSECOND

    def rows(self, mapped: type[Base], names: Sequence[str], account_id: UUID) -> list[Row]:
        return self.connection.execute(_select(mapped, names, "?"), (account_id.bytes,)).fetchall()

    def write(self, tables: Sequence[tuple[type[Base], list[Row]]], account: Row) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        for mapped, rows in tables:
            names = _names(mapped)
            places = ", ".join("?" * len(names))
            self.connection.executemany(
                f"INSERT INTO {mapped.__tablename__} ({', '.join(names)}) VALUES ({places})",  # noqa: S608 - own names
                rows,
            )
        self.connection.execute(_MOVE.format("?", "?", "?", "?", "?"), (*account, tables[0][1][0][0]))
        self.connection.execute("COMMIT")


@dataclass(frozen=True, slots=True)
class _Postgresql:
    runner: asyncio.Runner
    connection: Any

    def id(self, value: UUID) -> object:
        return value

    def moment(self, value: datetime) -> object:
        return value

    def rows(self, mapped: type[Base], names: Sequence[str], account_id: UUID) -> list[Row]:
        return [
            tuple(row)
            for row in self.runner.run(self.connection.fetch(_select(mapped, names, "$1"), account_id))
        ]

    def write(self, tables: Sequence[tuple[type[Base], list[Row]]], account: Row) -> None:
        self.runner.run(self._write(tables, account))

    async def _write(self, tables: Sequence[tuple[type[Base], list[Row]]], account: Row) -> None:
        async with self.connection.transaction():
            for mapped, rows in tables:
                await self.connection.copy_records_to_table(
                    mapped.__tablename__, records=rows, columns=_names(mapped)
                )
            await self.connection.execute(
                _MOVE.format("$1", "$2", "$3", "$4", "$5"), *account, tables[0][1][0][0]
            )


def _names(mapped: type[Base]) -> list[str]:
    return [column.name for column in table_of(mapped).columns]


def _select(mapped: type[Base], names: Sequence[str], place: str) -> str:
    owner = "id" if mapped is Account else "account_id"
    order = "key" if mapped is IdempotentRequest else "id"
    chosen = f"SELECT {', '.join(names)} FROM {mapped.__tablename__}"  # noqa: S608 - own names
    return f"{chosen} WHERE {owner} = {place} ORDER BY {order}"


def _parts(
    items: Iterable[tuple[RecordWorkflow, str]], size: int
) -> Iterator[list[tuple[RecordWorkflow, str]]]:
    part = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


_MOVE = "UPDATE account SET spent = {}, overdraft = {}, transfer_count = {}, chain_hash = {} WHERE id = {}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
