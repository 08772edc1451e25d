"""The reception: a caller's key is looked up, and what the caller's operation works with is made ready."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, ExecutionResult
from starlette.requests import HTTPConnection

from graph.context import Context, Snapshot
from graph.cursors import Cursors
from graph.introspection import Introspection
from metering.webhooks import TargetRules
from models.database import Database
from pricing.costs import MarginTerms
from server.admission import Admission
from server.authentication import Authentication
from server.observations import Observer
from server.origins import origin_of
from server.rate_limits import RateLimits
from server.store_secret import KnownSecret
from server.trusted_documents import TrustedDocuments

Execute = Callable[[DocumentNode, str | None, Mapping[str, Any], Context], Awaitable[ExecutionResult]]
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

    @asynccontextmanager
    async def context(self, secret: str, connection: HTTPConnection) -> AsyncIterator[Context]:
        """Give the context of one operation, for the length of the block.

        Raises Unauthenticated.
        """
        cursors = Cursors(await self.cursor_secret.value())  # before the snapshot takes the one connection
        snapshot = Snapshot(self.database)
        try:
            api_key = await self.authentication.api_key(secret, snapshot)
            context = Context(
                self.database,
                api_key,
                snapshot,
                self.webhook_targets,
                self.margin_terms,
                cursors,
                origin_of(connection),
            )
            try:
                yield context
            finally:
                await context.close()
        finally:
            await snapshot.close()
