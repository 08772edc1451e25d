"""The reception: a caller's key is looked up, and what the caller's operation works with is made ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, ExecutionResult
from graphql.pyutils import AwaitableOrValue

from graph.context import Context, Snapshot
from graph.cursors import Cursors
from graph.introspection import Introspection
from metering.webhooks import TargetRules
from models.actor import Origin
from models.database import Database
from pricing.costs import MarginTerms
from server.admission import Admission
from server.authentication import Authentication, Secret
from server.monitoring.observations import Observer
from server.rate_limits import RateLimits
from server.store_secret import KnownSecret
from server.trusted_documents import TrustedDocuments

Execute = Callable[[DocumentNode, str | None, Mapping[str, Any], Context], AwaitableOrValue[ExecutionResult]]
"""An engine: it runs a query or a mutation of a document that may be run."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What all operations of a process share."""

    database: Database
    authentication: Authentication
    webhook_targets: TargetRules
    margin_terms: MarginTerms
    rate_limits: RateLimits
    introspection: Introspection
    trusted_documents: TrustedDocuments
    cursor_secret: KnownSecret
    observer: Observer
    execute: Execute
    admission: Admission

    def context(self, secret: Secret, origin: Origin) -> "Received":
        """Give the context of one operation, for the length of an `async with` block.

        To enter it raises Unauthenticated.
        """
        return Received(self, secret, origin)


class Received:
    """A caller at the reception: known, and with a context, as long as the block is."""

    __slots__ = ("_context", "_origin", "_reception", "_secret", "_snapshot")

    def __init__(self, reception: Reception, secret: Secret, origin: Origin) -> None:
        self._reception = reception
        self._secret = secret
        self._origin = origin
        self._snapshot = Snapshot(reception.database)

    async def __aenter__(self) -> Context:
        reception, snapshot = self._reception, self._snapshot
        cursors = reception.cursor_secret
        secret = cursors.known or await cursors.value()  # before the snapshot takes the one connection
        try:
            # Who is known waits for nobody.
            api_key = reception.authentication.recognised(self._secret, snapshot.now())
            if api_key is None:
                api_key = await reception.authentication.api_key(self._secret, snapshot)
        except BaseException:
            await snapshot.close()
            raise
        self._context = Context(
            reception.database,
            api_key,
            snapshot,
            reception.webhook_targets,
            reception.margin_terms,
            _cursors(secret),
            self._origin,
        )
        return self._context

    async def __aexit__(self, *_: object) -> None:
        first, last = self._snapshot, self._context.snapshot
        try:
            await last.close()
        finally:
            if first is not last:
                await first.close()


_cursors = lru_cache(maxsize=1)(Cursors)
"""To make them is to make a key: once for each secret."""
