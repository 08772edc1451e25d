"""The audit log of all accounts, for operators."""

from typing import Annotated

import strawberry

from graph import ids
from graph.context import Info
from graph.types.audit_entry import AuditEntry
from graph.types.audit_listing import AuditEntriesNarrowed, connect_every_entry
from graph.types.connection import Connection, PageArguments
from models.identity import IdKind


async def audit_log(
    info: Info,
    page: PageArguments,
    account_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only acts that concern this account.")
    ] = None,
    narrowed: AuditEntriesNarrowed = None,
) -> Connection[AuditEntry]:
    """Load a page of acts."""
    only = ids.read_optional("accountId", IdKind.ACCOUNT, account_id)
    return await connect_every_entry(info, only, narrowed, page)
