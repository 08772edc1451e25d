"""Entries of the audit log: who did what to what, when, and from where."""

from datetime import datetime
from typing import Self

import strawberry

from graph.context import Info
from graph.ids import written
from graph.permissions import read_field
from graph.scalars import JsonValue
from graph.types.api_key import ApiKey
from graph.types.enums import described
from graph.types.node import Node
from models.actor import ActorKind
from models.audit_entry import AuditAct
from models.audit_entry import AuditEntry as AuditEntryRow
from models.identity import IdKind

described(
    "What kind of caller did it.",
    API_KEY="A key of the account.",
    OPERATOR="A key of the platform's operators.",
    COMMAND_LINE="Somebody on the server's command line.",
    SERVICE="Nobody: the service did it by itself.",
)(ActorKind)
described(
    "An administrative act; it is called as the mutation that does it.",
    CREATE_ACCOUNT="An account was created.",
    ISSUE_API_KEY="A key was issued.",
    ROTATE_API_KEY="A key was given a new secret.",
    REVOKE_API_KEY="A key was revoked.",
    CREATE_AGENT="An agent was created.",
    UPDATE_AGENT="An agent was changed.",
    ARCHIVE_AGENT="An agent was taken out of use.",
    SET_SHADOW_POLICY="A configuration is tried on an agent's runs.",
    REMOVE_SHADOW_POLICY="Nothing is tried on an agent's runs any more.",
    GRANT_CREDITS="Credits were given to the account.",
    VOID_GRANT="A grant was taken back.",
    VOID_SERVICE_USAGE="A usage was voided.",
    SET_BUDGET="A budget was set.",
    REMOVE_BUDGET="A budget was removed.",
    SET_BALANCE_ALERT="The balance alert was set or turned off.",
    CREATE_WEBHOOK_ENDPOINT="A webhook endpoint was created.",
    UPDATE_WEBHOOK_ENDPOINT="A webhook endpoint was changed.",
    REMOVE_WEBHOOK_ENDPOINT="A webhook endpoint was removed.",
    ROTATE_WEBHOOK_SECRET="A webhook endpoint was given a new secret.",  # noqa: S106 - a description
    RESEND_WEBHOOK_DELIVERY="A webhook delivery was sent once more.",
    SEND_TEST_EVENT="A webhook endpoint was tested.",
    START_REPLAY="A replay was started.",
    CANCEL_REPLAY="A replay was cancelled.",
    PUBLISH_RATE_CARD="A rate card was published: everybody's, or the account's own.",
    SET_PROVIDER_AVAILABILITY="A provider was taken out of selections, or put back.",
)(AuditAct)


@strawberry.type(description="Who did it, and from where.")
class AuditActor:
    """Who did it, and from where."""

    kind: ActorKind = strawberry.field(description="What kind of caller.")
    api_key_id: strawberry.ID | None = strawberry.field(
        description="The calling key; null where there was none, and of an operator for all but operators."
    )
    address: str | None = strawberry.field(
        description="The client's network address, as the server saw it; null where `apiKeyId` is."
    )
    request_id: str | None = strawberry.field(
        description="The request: its answer had it as the header `X-Request-Id`."
    )
    row: strawberry.Private[AuditEntryRow]

    @classmethod
    def of(cls, row: AuditEntryRow, info: Info) -> Self:
        """Show who it was, and an operator only to operators."""
        by = row.by
        hidden = by.kind is ActorKind.OPERATOR and not info.context.is_operator
        shown = None if hidden or by.api_key_id is None else written(IdKind.API_KEY, by.api_key_id)
        return cls(
            kind=by.kind,
            api_key_id=shown,
            address=None if hidden else by.address,
            request_id=by.request_id,
            row=row,
        )

    @read_field("The calling key as it is now; null where `apiKeyId` is.")
    async def api_key(self, info: Info) -> ApiKey | None:
        """Load the key."""
        if self.api_key_id is None or self.row.api_key_id is None:
            return None
        found = await info.context.loaders.api_key_by_id.load(self.row.api_key_id)
        return None if found is None else ApiKey.of(found)


@strawberry.type(description="One administrative act; it is never changed and never deleted.")
class AuditEntry(Node):
    """One administrative act."""

    act: AuditAct = strawberry.field(description="What was done.")
    subject: str = strawberry.field(
        description="What it was done to: an id, or for a provider its service type and its name."
    )
    details: JsonValue = strawberry.field(
        description="What was set: ids as everywhere in the graph, credits as decimal strings; no secrets."
    )
    actor: AuditActor = strawberry.field(description="Who did it, and from where.")
    occurred_at: datetime = strawberry.field(description="When it was done.")
    account_id: strawberry.ID | None = strawberry.field(
        description="The account; null where it concerned the service as a whole."
    )

    @classmethod
    def of(cls, row: AuditEntryRow, info: Info) -> Self:
        """Show an entry."""
        return cls(
            id=written(IdKind.AUDIT_ENTRY, row.id),
            act=row.act,
            subject=row.subject,
            details=JsonValue(row.details),
            actor=AuditActor.of(row, info),
            occurred_at=row.occurred_at,
            account_id=None if row.account_id is None else written(IdKind.ACCOUNT, row.account_id),
        )
