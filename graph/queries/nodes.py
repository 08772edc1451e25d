"""Things of the calling account, by id."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import strawberry

from graph import ids
from graph.context import Info
from graph.inputs import bad_input
from graph.permissions import require_scope
from graph.queries.rate_cards import find_rate, find_rate_card
from graph.types.account import Account
from graph.types.agent import Agent
from graph.types.api_key import ApiKey
from graph.types.audit_entry import AuditEntry
from graph.types.budget import Budget
from graph.types.event import Event
from graph.types.grant import Grant, grant_of
from graph.types.hold import Hold, hold_of
from graph.types.ledger_transfer import LedgerTransfer
from graph.types.node import Node
from graph.types.replay_job import ReplayJob
from graph.types.run_selection import RunSelection, selection_of
from graph.types.service_usage import ServiceUsage
from graph.types.shadow import ShadowPolicy
from graph.types.stored_quote import StoredQuote
from graph.types.viewer import Viewer
from graph.types.webhook import WebhookDelivery, WebhookEndpoint
from graph.types.workflow import Workflow
from models.api_key import Scope
from models.identity import IdKind, InvalidId, parse_any_id

MOST_IDS = 100

ById = Annotated[strawberry.ID, strawberry.argument(description="The id.")]


async def viewer(info: Info) -> Viewer:
    """Say who is asking."""
    return Viewer.of(info.context.api_key)


async def node(info: Info, id: ById) -> Node | None:
    """Find anything with an id."""
    return await _find(info, "id", id)


async def nodes(
    info: Info,
    ids: Annotated[list[strawberry.ID], strawberry.argument(description=f"The ids, at most {MOST_IDS}.")],
) -> list[Node | None]:
    """Find many things with ids."""
    if len(ids) > MOST_IDS:
        raise bad_input("ids", f"at most {MOST_IDS} ids are possible at once, not {len(ids)}.")
    found = [_find(info, f"ids[{position}]", text) for position, text in enumerate(ids)]
    return list(await asyncio.gather(*found))


async def agent(info: Info, id: ById) -> Agent | None:
    """Find an agent."""
    return await _agent(info, ids.read("id", IdKind.AGENT, id))


async def workflow(info: Info, id: ById) -> Workflow | None:
    """Find a run."""
    return await _workflow(info, ids.read("id", IdKind.WORKFLOW, id))


async def service_usage(info: Info, id: ById) -> ServiceUsage | None:
    """Find a usage."""
    return await _service_usage(info, ids.read("id", IdKind.SERVICE_USAGE, id))


async def api_key(info: Info, id: ById) -> ApiKey | None:
    """Find a key."""
    return await _api_key(info, ids.read("id", IdKind.API_KEY, id))


async def _find(info: Info, field: str, text: str) -> Node | None:
    try:
        kind, value = parse_any_id(text)
    except InvalidId as error:
        raise bad_input(field, str(error)) from error
    node: Node | None = await _FINDERS[kind](info, value)
    return node


async def _account(info: Info, value: UUID) -> Account | None:
    if value != info.context.api_key.account_id:
        return None
    row = await info.context.loaders.account_by_id.load(value)
    return None if row is None else Account.of(row)


async def _agent(info: Info, value: UUID) -> Agent | None:
    row = await info.context.loaders.agent_by_id.load((info.context.account_id, value))
    return None if row is None else Agent.of(row)


async def _workflow(info: Info, value: UUID) -> Workflow | None:
    row = await info.context.loaders.workflow_by_id.load((info.context.account_id, value))
    return None if row is None else Workflow.of(row)


async def _service_usage(info: Info, value: UUID) -> ServiceUsage | None:
    row = await info.context.loaders.service_usage_by_id.load((info.context.account_id, value))
    return None if row is None else ServiceUsage.of(row)


async def _grant(info: Info, value: UUID) -> Grant | None:
    row = await info.context.loaders.grant_by_id.load((info.context.account_id, value))
    return None if row is None else await grant_of(info, row)


async def _ledger_transfer(info: Info, value: UUID) -> LedgerTransfer | None:
    row = await info.context.loaders.ledger_transfer_by_id.load((info.context.account_id, value))
    return None if row is None else LedgerTransfer.of(row)


async def _hold(info: Info, value: UUID) -> Hold | None:
    row = await info.context.loaders.hold_by_id.load((info.context.account_id, value))
    return None if row is None else await hold_of(info, row)


async def _quote(info: Info, value: UUID) -> StoredQuote | None:
    row = await info.context.loaders.quote_by_id.load((info.context.account_id, value))
    return None if row is None else StoredQuote.of(row, info.context.now())


async def _event(info: Info, value: UUID) -> Event | None:
    row = await info.context.loaders.event_by_id.load((info.context.account_id, value))
    return None if row is None else Event.of(row)


async def _webhook_endpoint(info: Info, value: UUID) -> WebhookEndpoint | None:
    row = await info.context.loaders.webhook_endpoint_by_id.load((info.context.account_id, value))
    return None if row is None else WebhookEndpoint.of(row)


async def _webhook_delivery(info: Info, value: UUID) -> WebhookDelivery | None:
    row = await info.context.loaders.webhook_delivery_by_id.load((info.context.account_id, value))
    return None if row is None else WebhookDelivery.of(row)


async def _budget(info: Info, value: UUID) -> Budget | None:
    row = await info.context.loaders.budget_by_id.load((info.context.account_id, value))
    return None if row is None else Budget.of(row)


async def _replay_job(info: Info, value: UUID) -> ReplayJob | None:
    row = await info.context.loaders.replay_job_by_id.load((info.context.account_id, value))
    return None if row is None else ReplayJob.of(row)


async def _selection(info: Info, value: UUID) -> RunSelection | None:
    row = await info.context.loaders.selection_by_id.load((info.context.account_id, value))
    return await selection_of(info, row)


async def _shadow_policy(info: Info, value: UUID) -> ShadowPolicy | None:
    row = await info.context.loaders.shadow_policy_by_id.load((info.context.account_id, value))
    return None if row is None else ShadowPolicy.of(row)


async def _audit_entry(info: Info, value: UUID) -> AuditEntry | None:
    require_scope(info, Scope.MANAGE)
    account_id = info.context.account_id
    row = await info.context.loaders.audit_entry_by_id.load(value)
    return None if row is None or row.account_id != account_id else AuditEntry.of(row, info)


async def _api_key(info: Info, value: UUID) -> ApiKey | None:
    account_id = info.context.account_id
    row = await info.context.loaders.api_key_by_id.load(value)
    return None if row is None or row.account_id != account_id else ApiKey.of(row)


_FINDERS: dict[IdKind, Callable[[Info, UUID], Awaitable[Any]]] = {
    IdKind.ACCOUNT: _account,
    IdKind.AGENT: _agent,
    IdKind.WORKFLOW: _workflow,
    IdKind.SERVICE_USAGE: _service_usage,
    IdKind.GRANT: _grant,
    IdKind.HOLD: _hold,
    IdKind.QUOTE: _quote,
    IdKind.LEDGER_TRANSFER: _ledger_transfer,
    IdKind.BUDGET: _budget,
    IdKind.API_KEY: _api_key,
    IdKind.EVENT: _event,
    IdKind.WEBHOOK_ENDPOINT: _webhook_endpoint,
    IdKind.WEBHOOK_DELIVERY: _webhook_delivery,
    IdKind.REPLAY_JOB: _replay_job,
    IdKind.SELECTION: _selection,
    IdKind.SHADOW_POLICY: _shadow_policy,
    IdKind.RATE: find_rate,
    IdKind.RATE_CARD: find_rate_card,
    IdKind.AUDIT_ENTRY: _audit_entry,
}
