"""A seeded simulator of what goes wrong between the writer and its database.

It listens to the writer's own engine: before each statement and around each commit it may let the database
break the transaction, lose the connection, keep it waiting, or have a caller leave or ask again. What it raises
is the database's own error wherever a database can be brought to raise it.
"""

import asyncio
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.database import Database

BREAKS_A_KNOWN_POINT = 0.004
BOTHERS = 0.03
PATIENCE = 2
STORM = 0.05
OUTSIDE = "writer"
BEFORE_COMMIT, AFTER_COMMIT = "before its commit", "after its commit"

Trouble = Callable[[Connection], object]
"""Brings the database to fail, at once or at its commit."""


class Fault(StrEnum):
    """What happens at a point."""

    CONFLICT = "the database asks to try the transaction again"
    LOST = "the connection is lost"
    GIVEN_UP = "the database gives the statement up, or the whole transaction"
    DELAY = "it takes a while"
    LEAVE = "a caller leaves"
    REPEAT = "a caller sends its request again"


@dataclass(frozen=True, slots=True)
class FaultPoint:
    """A statement of a verb, or one side of its commit."""

    verb: str
    place: str


@dataclass(slots=True)
class _Transaction:
    verbs: list[str] = field(default_factory=list)
    running: str = OUTSIDE
    broken: bool = False


@dataclass(slots=True)
class Callers:
    """What a simulator can have its callers do; both are called in the event loop."""

    leave: Callable[[float], None]
    repeat: Callable[[float], None]


class Simulator:
    """Decides at each point by its seed, the point, and how often it was met: any seed can be played again."""

    def __init__(self, database: Database, seed: int, callers: Callers) -> None:
        self._database = database
        self._seed = seed
        self._callers = callers
        self._loop = asyncio.get_running_loop()
        self._transactions: dict[int, _Transaction] = {}
        self._injecting = False
        self._tries = 0
        self._met: Counter[FaultPoint] = Counter()
        self.broken: Counter[FaultPoint] = Counter()
        self.faults: Counter[Fault] = Counter()

    @property
    def met(self) -> set[FaultPoint]:
        """All points that were met."""
        return set(self._met)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let things go wrong while the block runs."""
        listeners = {
            "begin": self._begin,
            "before_cursor_execute": self._before_statement,
            "commit": self._around_commit,
        }
        for name, listener in listeners.items():
            event.listen(self._database.writer, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners.items():
                event.remove(self._database.writer, name, listener)

    @contextmanager
    def running(self, verb: str, session: Session) -> Iterator[None]:
        """Note that statements are the verb's while the block runs."""
        transaction = self._transactions.get(id(session.connection()), _Transaction())
        transaction.running = verb
        transaction.verbs.append(verb)
        try:
            yield
        finally:
            transaction.running = OUTSIDE

    def _begin(self, connection: Connection) -> None:
        self._transactions[id(connection)] = _Transaction()

    def _before_statement(self, connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
        transaction = self._transactions.setdefault(id(connection), _Transaction())
        point = FaultPoint(transaction.running, shape(statement))
        self._meet(connection, transaction, [point])

    def _around_commit(self, connection: Connection) -> None:
        transaction = self._transactions.pop(id(connection), _Transaction())
        self._tries = 0
        verbs = sorted(set(transaction.verbs))
        self._meet(connection, transaction, [FaultPoint(verb, BEFORE_COMMIT) for verb in verbs])
        self._meet(connection, transaction, [FaultPoint(verb, AFTER_COMMIT) for verb in verbs])

    def _meet(self, connection: Connection, transaction: _Transaction, points: list[FaultPoint]) -> None:
        if self._injecting or transaction.broken or not points:
            return
        self._met.update(points)
        draws = [random.Random(f"{self._seed} {point} {self._met[point]}") for point in points]
        if any(draw.random() < self._likelihood(point) for draw, point in zip(draws, points, strict=True)):
            transaction.broken = True
            self.broken.update(points)
            self._break(connection, draws[0], points[0].place)
        elif draws[0].random() < BOTHERS:
            self._bother(connection, draws[0])

    def _likelihood(self, point: FaultPoint) -> float:
        # What is met for the first time is broken at once: some statements are rare.
        return BREAKS_A_KNOWN_POINT if self.broken[point] else 1

    def _break(self, connection: Connection, draw: random.Random, place: str) -> None:
        fault = Fault.LOST if place == AFTER_COMMIT else self._kind(draw)
        self.faults[fault] += 1
        self._injecting = True
        try:
            if place == AFTER_COMMIT:
                # The store has committed; that it has is what nobody will hear.
                connection.exec_driver_sql("COMMIT")
            self._troubles(place)[fault](connection)
        finally:
            self._injecting = False

    def _troubles(self, place: str) -> dict[Fault, Trouble]:
        at_once, doomed = (
            (SQLITE, DOOMED_ON_SQLITE) if self._database.is_sqlite else (POSTGRESQL, DOOMED_ON_POSTGRESQL)
        )
        return at_once | doomed if place == BEFORE_COMMIT else at_once

    def _kind(self, draw: random.Random) -> Fault:
        # What is tried again waits longer each time, so that mostly the third trouble in a row is the last.
        self._tries += 1
        if self._tries > PATIENCE and draw.random() > STORM:
            self._tries = 0
            return Fault.GIVEN_UP
        return draw.choice(list(SQLITE))

    def _bother(self, connection: Connection, draw: random.Random) -> None:
        fault = draw.choice([Fault.DELAY, Fault.LEAVE, Fault.REPEAT])
        self.faults[fault] += 1
        if fault is Fault.DELAY:
            self._injecting = True
            connection.exec_driver_sql(SLOW_ON_SQLITE if self._database.is_sqlite else SLOW_ON_POSTGRESQL)
            self._injecting = False
        else:
            act = self._callers.leave if fault is Fault.LEAVE else self._callers.repeat
            # On SQLite this is the writer's thread.
            self._loop.call_soon_threadsafe(act, draw.random())


def shape(statement: str) -> str:
    """Give a statement without what differs from call to call: parameters, how many, and savepoints' names."""
    text = re.sub(r"\s+", " ", statement)
    text = re.sub(r"\$\d+(::[A-Z ]+)?", "?", text)
    text = re.sub(r"\?(, \?)+", "?", text)
    text = re.sub(r"\(\?\)(, \(\?\))+", "(?)", text)
    return re.sub(r"sa_savepoint_\d+", "savepoint", text)


def _conflict_on_sqlite(_connection: Connection) -> None:
    # Once it has the lock, no neighbour can bring SQLite to say so: this one is made by hand.
    raise OperationalError(None, None, sqlite3.OperationalError("database is locked"))


def _lose_on_sqlite(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.close()
    connection.exec_driver_sql("SELECT 1")


def _roll_back_on_sqlite(connection: Connection) -> None:
    # As a full disk does: the transaction is rolled back without anybody asking.
    connection.exec_driver_sql("INSERT OR ROLLBACK INTO account SELECT * FROM account")


def _doom_on_sqlite(connection: Connection) -> None:
    # The COMMIT will fail, and leave the transaction open.
    for statement in DOOM_ON_SQLITE:
        connection.exec_driver_sql(statement)


def _raise(state: str) -> Trouble:
    return lambda connection: connection.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")


def _lose_on_postgresql(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def _doom(state: str) -> Trouble:
    return lambda connection: connection.exec_driver_sql(DOOM_ON_POSTGRESQL.format(state=state))


SQLITE: dict[Fault, Trouble] = {
    Fault.CONFLICT: _conflict_on_sqlite,
    Fault.LOST: _lose_on_sqlite,
    Fault.GIVEN_UP: _roll_back_on_sqlite,
}
DOOMED_ON_SQLITE: dict[Fault, Trouble] = {Fault.GIVEN_UP: _doom_on_sqlite}
DOOM_ON_SQLITE = (
    "CREATE TEMP TABLE there (id INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE doomed (id INTEGER REFERENCES there (id) DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO doomed VALUES (1)",
)
SLOW_ON_SQLITE = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT max(i) FROM n"
)

CONFLICTING, TOO_SLOW = "40001", "57014"
POSTGRESQL: dict[Fault, Trouble] = {
    Fault.CONFLICT: _raise(CONFLICTING),
    Fault.LOST: _lose_on_postgresql,
    Fault.GIVEN_UP: _raise(TOO_SLOW),
}
DOOMED_ON_POSTGRESQL: dict[Fault, Trouble] = {
    Fault.CONFLICT: _doom(CONFLICTING),
    Fault.GIVEN_UP: _doom(TOO_SLOW),
}
# A deferred trigger speaks when the transaction commits.
DOOM_ON_POSTGRESQL = """
DO $$
BEGIN
  CREATE TEMP TABLE doomed (id INTEGER) ON COMMIT DROP;
  CREATE FUNCTION pg_temp.doom() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE SQLSTATE ''{state}''; END';
  CREATE CONSTRAINT TRIGGER doom AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp.doom();
  INSERT INTO doomed VALUES (1);
END $$
"""
SLOW_ON_POSTGRESQL = "SELECT pg_sleep(0.003)"
