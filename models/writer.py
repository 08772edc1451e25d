"""The writer: the commands of one transaction, answered one by one.

Items of one set-based verb are merged into a single call of it. Every transaction first locks the accounts
concerned, in id order: whatever runs in it has its accounts to itself, on both databases.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Connection, bindparam, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.account import Account
from models.actor import THE_SERVICE, Actor
from models.availability import is_transient
from models.base import table_of
from models.prepared import PreparedRead
from models.rows import read_row
from models.sending import connection_of

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)
Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)


class Verb(Protocol[Answer_co]):
    """A verb of the business for one caller: runs in the transaction, raises its refusals."""

    def __call__(self, session: Session, *, now: datetime) -> Answer_co:
        """Do it, or raise a refusal."""


class SetVerb(Protocol[Item_contra, Answer_co]):
    """A set-based verb: an answer or a refusal for each item, in order; a refused item leaves nothing."""

    def __call__(
        self, session: Session, items: Sequence[Item_contra], *, now: datetime
    ) -> Sequence[Answer_co | Exception]:
        """Do it for all items at once."""


@dataclass(frozen=True, slots=True)
class Command(Generic[Answer]):
    """One caller's verb with the account that it concerns (None: the service as a whole)."""

    account_id: UUID | None
    verb: Verb[Answer]
    actor: Actor = THE_SERVICE

    @property
    def item_count(self) -> int:
        """How much of a transaction it fills."""
        return 1

    def by(self, actor: Actor) -> Self:
        """Say on whose behalf it runs."""
        return replace(self, actor=actor)


@dataclass(frozen=True, slots=True)
class SetCommand(Generic[Item, Answer]):
    """A caller's items for a set-based verb; merged with what waits for the same verb."""

    account_id: UUID | None
    verb: SetVerb[Item, Answer]
    items: tuple[Item, ...]
    actor: Actor = THE_SERVICE

    @property
    def item_count(self) -> int:
        """How much of a transaction it fills: an item that stands for many rows says so as its `weight`."""
        return sum(getattr(item, "weight", 1) for item in self.items)

    def by(self, actor: Actor) -> Self:
        """Say on whose behalf it runs; what it is merged with keeps its own."""
        return type(self)(self.account_id, self.verb, self.items, actor)


AnyCommand = Command[Any] | SetCommand[Any, Any]


def answer_together(
    session: Session, commands: Sequence[AnyCommand], *, clock: Callable[[], datetime]
) -> list[Any]:
    """Run the commands of one transaction: an answer or an exception for each, in order.

    A refused or broken command is rolled back by itself and never harms its neighbours.
    Raises DBAPIError where the whole transaction must be tried again.
    """
    groups = list(_merged(commands))
    if len(groups) == 1:
        try:
            return _run_alone(session, commands, clock)
        except _BrokenTogether:
            connection_of(session).begin()  # each of them by itself, then
    _lock_accounts(session, commands)
    now = clock()
    answers: list[Any] = [None] * len(commands)
    for positions in groups:
        together = [commands[position] for position in positions]
        for position, answer in zip(positions, _run_group(session, together, now), strict=True):
            answers[position] = answer
    if session.info.pop(_FORGOTTEN, False):
        _read_again(session)
    return answers


class _BrokenTogether(Exception):  # noqa: N818 - named for the state
    """Several commands were run at once, one of them broke, and all were rolled back."""


def _run_alone(session: Session, commands: Sequence[AnyCommand], clock: Callable[[], datetime]) -> list[Any]:
    """Run commands that are one call of one verb: there is no neighbour that a savepoint would protect."""
    _lock_accounts(session, commands)
    connection = connection_of(session)
    try:
        return _run_merged(session, commands, clock())
    except Exception as error:
        if is_transient(error) or not _in_transaction(connection):
            raise
        session.rollback()
        connection.rollback()
        session.expunge_all()
        if len(commands) == 1:
            return [error]
        raise _BrokenTogether from error


def locked_accounts(session: Session) -> dict[UUID, Account]:
    """Give the accounts that the session's transaction has to itself, by id."""
    locked: dict[UUID, Account] = session.info.get(_LOCKED, {})
    return locked


def actor_of(session: Session, position: int = 0) -> Actor:
    """Give the actor of the verb that runs; of a set verb, that of the item at a position."""
    actors: Sequence[Actor] = session.info.get(_ACTORS, ())
    return actors[position] if actors else THE_SERVICE


def _lock_accounts(session: Session, commands: Sequence[AnyCommand]) -> None:
    account_ids = sorted({command.account_id for command in commands if command.account_id is not None})
    if account_ids:
        # The rows stay in the session, so a verb's session.get(Account, …) costs no further statement.
        rows = _LOCK_ACCOUNTS.rows(session, accounts=account_ids)
        session.info[_LOCKED] = {row[0]: read_row(session, Account, row) for row in rows}


def _read_again(session: Session) -> None:
    # With a savepoint all rows are forgotten, which may be a neighbour's answer too.
    forgotten: dict[type[Any], list[Any]] = defaultdict(list)
    for row in list(session):
        if inspect(row).expired_attributes:
            forgotten[type(row)].append(row)
    for mapped, rows in forgotten.items():
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            _read_rows(session, mapped, rows[first : first + _ROWS_AT_ONCE])


def _read_rows(session: Session, mapped: type[Any], rows: Sequence[Any]) -> None:
    identities = [inspect(row).identity for row in rows]
    theirs = [
        column.in_({identity[place] for identity in identities})
        for place, column in enumerate(inspect(mapped).primary_key)
    ]
    with session.no_autoflush:
        session.scalars(select(mapped).where(*theirs)).all()
    for row in rows:
        if inspect(row).expired_attributes:  # it was inserted and taken back
            session.expunge(row)


def _merged(commands: Sequence[AnyCommand]) -> Iterator[list[int]]:
    groups: dict[object, list[int]] = {}
    for position, command in enumerate(commands):
        together = command.verb if isinstance(command, SetCommand) else position
        groups.setdefault(together, []).append(position)
    return iter(groups.values())


def _run_group(session: Session, commands: Sequence[AnyCommand], now: datetime) -> list[Any]:
    connection = session.connection()
    try:
        with session.begin_nested():
            return _run_merged(session, commands, now)
    except Exception as error:
        if is_transient(error) or not _in_transaction(connection):
            raise
        # What was written is a change no longer, and would be taken for what the store has.
        session.expire_all()
        session.info[_FORGOTTEN] = True
        if isinstance(error, SQLAlchemyError):
            # Where the savepoint itself has failed, PostgreSQL ignores whatever follows, and takes COMMIT for
            # a rollback without a word: this statement hears of it.
            session.execute(_STILL_THERE)
        if len(commands) == 1:
            return [error]
    return [answer for command in commands for answer in _run_group(session, [command], now)]


def _in_transaction(connection: Connection) -> bool:
    # A full disk, for one, makes SQLite roll everything back by itself; what ran after that would be
    # committed statement by statement.
    driver = connection.connection.driver_connection
    return not isinstance(driver, sqlite3.Connection) or driver.in_transaction


def _run_merged(session: Session, commands: Sequence[AnyCommand], now: datetime) -> list[Any]:
    first = commands[0]
    if isinstance(first, Command):
        session.info[_ACTORS] = (first.actor,)
        return [first.verb(session, now=now)]
    sets = [command for command in commands if isinstance(command, SetCommand)]
    items = [item for command in sets for item in command.items]
    session.info[_ACTORS] = [command.actor for command in sets for _ in command.items]
    answers = first.verb(session, items, now=now)
    if len(answers) != len(items):
        raise RuntimeError("A set verb gives an answer for each item.")
    in_order = iter(answers)
    return [[next(in_order) for _ in command.items] for command in sets]


_LOCKED = "locked_accounts"
_ACTORS = "actors"
_FORGOTTEN = "forgotten"
_ROWS_AT_ONCE = 1_000
_STILL_THERE = text("SELECT 1")
_LOCK_ACCOUNTS = PreparedRead(
    select(table_of(Account))
    .where(Account.id.in_(bindparam("accounts", expanding=True)))
    .order_by(Account.id)
    .with_for_update(key_share=True)
)
