"""Webhooks of a tenant in one line each: endpoints, events, and what became of telling them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.events import Outbox
from metering.webhooks import (
    PRIVATE_TARGETS,
    EndpointSecret,
    create_webhook_endpoint,
    dispatch_events,
    update_webhook_endpoint,
)
from models.base import Json
from models.database import Database
from models.event import Event, EventType
from models.webhook import WebhookDelivery, WebhookEndpoint
from models.writer import Command
from server.background.webhooks import WebhookWorker
from server.background.webhooks_http import WebhookSender
from tests.tenant import Tenant

URL = "https://example.com/hook"


async def run(tenant: Tenant, verb: Any, **given: Any) -> Any:
    """Run a verb of the tenant's account, or raise its refusal."""
    return await tenant.database.write(
        Command(tenant.account_id, partial(verb, account_id=tenant.account_id, **given))
    )


async def new_endpoint(tenant: Tenant, url: str = URL, *types: EventType, **given: Any) -> EndpointSecret:
    """Create an endpoint; no types are all."""
    fields = {"description": None, "rules": PRIVATE_TARGETS, **given}
    answer: EndpointSecret = await run(tenant, create_webhook_endpoint, url=url, event_types=types, **fields)
    return answer


async def change(tenant: Tenant, endpoint_id: UUID, **given: Any) -> WebhookEndpoint:
    """Change an endpoint."""
    nothing = {"url": None, "description": None, "event_types": None, "enabled": None}
    fields = {**nothing, "rules": PRIVATE_TARGETS, **given}
    answer: WebhookEndpoint = await run(tenant, update_webhook_endpoint, endpoint_id=endpoint_id, **fields)
    return answer


async def happen(tenant: Tenant, *types: EventType, data: Json | None = None) -> list[Event]:
    """Let events happen, as the books do; none given is one low balance."""

    def verb(session: Session, *, now: Any) -> None:
        outbox = Outbox(session, now)
        for type_ in types or (EventType.BALANCE_LOW,):
            outbox.add(tenant.account_id, type_, data or {"available": "4", "threshold": "5"})
        outbox.write()

    await tenant.database.write(Command(tenant.account_id, verb))
    count = len(types) or 1
    return (await events(tenant))[-count:]


async def dispatch(tenant: Tenant) -> int:
    """Make deliveries of what has happened."""
    count: int = await run(tenant, dispatch_events)
    return count


async def events(tenant: Tenant) -> list[Event]:
    """Read the tenant's events, oldest first."""
    async with tenant.database.read() as session:
        statement = select(Event).where(Event.account_id == tenant.account_id).order_by(Event.id)
        return list(await session.scalars(statement))


async def deliveries(tenant: Tenant) -> list[WebhookDelivery]:
    """Read the tenant's deliveries, oldest first."""
    async with tenant.database.read() as session:
        of_tenant = WebhookDelivery.account_id == tenant.account_id
        return list(
            await session.scalars(select(WebhookDelivery).where(of_tenant).order_by(WebhookDelivery.id))
        )


async def endpoint(tenant: Tenant, endpoint_id: UUID) -> WebhookEndpoint:
    """Read an endpoint."""
    async with tenant.database.read() as session:
        return await session.get_one(WebhookEndpoint, (tenant.account_id, endpoint_id))


@asynccontextmanager
async def worker(
    database: Database, sender: WebhookSender | None = None, *, jitter: float = 0.0, **given: Any
) -> AsyncIterator[WebhookWorker]:
    """Give a worker that may send to the loopback interface and that works when it is told to."""
    made = WebhookWorker(database, sender or WebhookSender(PRIVATE_TARGETS), jitter=lambda: jitter, **given)
    try:
        yield made
    finally:
        await made.close()
