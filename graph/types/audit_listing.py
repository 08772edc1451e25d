"""The list of the audit log, of an account or of all of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.loaders.audit_log import AuditEntriesLike
from graph.loaders.pages import Listing, ListKey, Order, Parent
from graph.types.audit_entry import AuditEntry
from graph.types.connection import Connection, PageArguments, connect
from metering.analytics import Period
from models.audit_entry import AuditAct
from models.audit_entry import AuditEntry as AuditEntryRow
from models.identity import IdKind

EVERY_ENTRY = Listing(AuditEntryRow, None, None, AuditEntryRow.id)
ENTRIES_OF_ACCOUNT = Listing(
    AuditEntryRow, AuditEntryRow.account_id, AuditEntryRow.account_id, AuditEntryRow.id
)
ENTRIES_NEWEST_FIRST = Order("AUDIT_LOG", AuditEntryRow.occurred_at, descending=True)


@strawberry.input(description="Which acts a list has; what is left out narrows nothing.")
class AuditLogFilter:
    """Which acts a list has."""

    act: list[AuditAct] | None = strawberry.field(default=None, description="Any of these.")
    subject: str | None = strawberry.field(
        default=None, description="Done to this: an id, or `VOICE_STT deepgram` for a provider."
    )
    api_key_id: strawberry.ID | None = strawberry.field(default=None, description="Done by this key.")
    occurred_from: datetime | None = strawberry.field(
        default=None, description="Done at this moment or later."
    )
    occurred_to: datetime | None = strawberry.field(default=None, description="Done before this moment.")

    def read(self, *, account_id: UUID | None, with_operators: bool) -> AuditEntriesLike:
        """Check the filter and give it to the store."""
        return AuditEntriesLike(
            acts=tuple(sorted(set(self.act or ()))),
            subject=inputs.optional_text("filter.subject", self.subject),
            account_id=account_id,
            api_key_id=ids.read_optional("filter.apiKeyId", IdKind.API_KEY, self.api_key_id),
            with_operators=with_operators,
            occurred=Period(self.occurred_from, self.occurred_to),
        )


AuditEntriesNarrowed = Annotated[
    AuditLogFilter | None, strawberry.argument(name="filter", description="Only acts like these.")
]


async def connect_entries(
    info: Info, parent: Parent, narrowed: AuditLogFilter | None, asked: PageArguments
) -> Connection[AuditEntry]:
    """Load one page of an account's audit log."""
    like = (narrowed or AuditLogFilter()).read(account_id=None, with_operators=info.context.is_operator)
    entries = ListKey(ENTRIES_OF_ACCOUNT, parent, like, ENTRIES_NEWEST_FIRST)
    return await connect(info, entries, lambda row: AuditEntry.of(row, info), asked)


async def connect_every_entry(
    info: Info, account_id: UUID | None, narrowed: AuditLogFilter | None, asked: PageArguments
) -> Connection[AuditEntry]:
    """Load one page of everybody's audit log, or of one account's."""
    like = (narrowed or AuditLogFilter()).read(account_id=account_id, with_operators=True)
    entries = ListKey(EVERY_ENTRY, None, like, ENTRIES_NEWEST_FIRST)
    return await connect(info, entries, lambda row: AuditEntry.of(row, info), asked)
