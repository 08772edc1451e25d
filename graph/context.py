"""What an operation works with: who asks, the database, one snapshot and its loaders."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload
from uuid import UUID

import strawberry
from graphql import GraphQLError
from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession

from metering.webhooks import TargetRules
from models.actor import NOWHERE, Actor, Origin
from models.api_key import ApiKey, Scope
from models.base import Base
from models.database import Database, Question
from models.prepared import PreparedRead
from models.reading import PreparedRows
from models.writer import Command, SetCommand
from pricing.costs import MarginTerms

if TYPE_CHECKING:
    from graph.cursors import Cursors
    from graph.loaders import Loaders

Answer = TypeVar("Answer")
Item = TypeVar("Item")
Kept = TypeVar("Kept", bound=Base)
AnySelect = Select[*tuple[Any, ...]]
"""A statement that selects columns or rows of any kind."""


class Snapshot:
    """One connection and one moment for all reads of an operation; its statements take turns."""

    __slots__ = ("_closed", "_database", "_lock", "_opened", "_session")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._opened: Any = None
        self._session: AsyncSession | None = None
        self._lock: asyncio.Lock | None = None
        self._closed = False

    def now(self) -> datetime:
        """Tell the time by the database's clock."""
        return self._database.clock()

    async def rows(self, statement: AnySelect) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run a statement and give its rows."""
        async with self._turn:
            return (await (await self._connected()).execute(statement)).all()

    async def scalars(self, statement: AnySelect) -> Sequence[Any]:
        """Run a statement and give the first column of its rows."""
        async with self._turn:
            return (await (await self._connected()).scalars(statement)).all()

    async def read(self, statement: PreparedRows[Kept], **values: Any) -> list[Kept]:  # noqa: ANN401 - of any column
        """Run a prepared statement and give its rows, which are only read."""
        return await self.ask(partial(statement.read, **values))

    async def prepared(self, statement: PreparedRead, **values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - of any column
        """Run a prepared statement and give what it selects."""
        return await self.ask(partial(statement.rows, **values))

    async def ask(self, question: Question[Answer]) -> Answer:
        """Answer a question of the business about this moment."""
        async with self._turn:
            return await (await self._connected()).run_sync(question)

    async def close(self) -> None:
        """Let go of the connection, once the statement that runs on it is done."""
        self._closed = True
        if self._lock is None or (self._opened is None and not self._lock.locked()):
            return
        async with self._turn:
            if self._opened is not None:
                await self._opened.__aexit__(None, None, None)
                self._opened = self._session = None

    @property
    def _turn(self) -> asyncio.Lock:
        if self._lock is None:  # many operations read nothing
            self._lock = asyncio.Lock()
        return self._lock

    async def _connected(self) -> AsyncSession:
        if self._closed:
            # An operation that failed leaves loaders behind, for whose rows nobody waits any more.
            raise asyncio.CancelledError
        if self._session is None:
            self._opened = self._database.read()
            self._session = await self._opened.__aenter__()
        return self._session


@dataclass(slots=True)
class Context:
    """One operation's context. Loaders are made afresh for it, and again after every write."""

    database: Database
    api_key: ApiKey
    snapshot: Snapshot
    webhook_targets: TargetRules
    margin_terms: MarginTerms
    cursors: "Cursors"
    origin: Origin = NOWHERE
    _loaders: "Loaders | None" = field(default=None, init=False)

    @property
    def loaders(self) -> "Loaders":
        """The loaders of the snapshot."""
        if self._loaders is None:
            from graph.loaders import Loaders  # noqa: PLC0415 - loaders read through this context

            self._loaders = Loaders(self.snapshot, self.margin_terms.costs)
        return self._loaders

    @property
    def account_id(self) -> UUID:
        """The account of the calling key.

        Raises FORBIDDEN for an operator's key, which belongs to no account.
        """
        if self.api_key.account_id is None:
            raise GraphQLError(
                "This needs a key of an account; an operator's key belongs to none.",
                extensions={"code": "FORBIDDEN"},
            )
        return self.api_key.account_id

    @property
    def is_operator(self) -> bool:
        """Whether the key may act across accounts."""
        return Scope.OPERATE in self.api_key.scopes

    @property
    def actor(self) -> Actor:
        """Who asks, and from where: what the audit log says of the acts of this operation."""
        return Actor.with_key(self.api_key, self.origin)

    def now(self) -> datetime:
        """Tell the time by the database's clock."""
        return self.database.clock()

    @overload
    async def write(self, command: Command[Answer]) -> Answer: ...

    @overload
    async def write(self, command: SetCommand[Item, Answer]) -> list[Answer | Exception]: ...

    async def write(self, command: Command[Any] | SetCommand[Any, Any]) -> Any:
        """Commit a command; what is read afterwards sees it."""
        # A read connection kept while the write waits would be one that others wait for.
        await self.close()
        try:
            return await self.database.write(command.by(self.actor))
        finally:
            self._renew()

    async def let_go(self) -> None:
        """Let go of the snapshot before waiting; what is read afterwards is read of a later moment."""
        await self.close()
        self._renew()

    async def close(self) -> None:
        """Let go of the snapshot."""
        await self.snapshot.close()

    def _renew(self) -> None:
        self.snapshot = Snapshot(self.database)
        self._loaders = None


Info = strawberry.Info[Context, None]
