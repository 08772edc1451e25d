"""From the outbox to deliveries: each event once, to every endpoint that wants to hear of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.base import table_of
from models.event import Event
from models.identity import new_id
from models.webhook import DeliveryStatus, WebhookDelivery, WebhookEndpoint

EVENTS_AT_ONCE = 200
ACCOUNTS_AT_ONCE = 50


def accounts_with_waiting_events(session: Session) -> list[UUID]:
    """List some accounts whose outbox holds events."""
    waiting = select(Event.account_id).where(Event.dispatched_at.is_(None)).distinct()
    return list(session.scalars(waiting.limit(ACCOUNTS_AT_ONCE)))


def dispatch_events(session: Session, *, account_id: UUID, now: datetime) -> int:
    """Make deliveries of an account's waiting events and give the number of events; 0 when none waits.

    An endpoint hears of what happened since it was made, and of nothing that happens while it is disabled.
    """
    waiting = (
        select(Event)
        .where(Event.account_id == account_id, Event.dispatched_at.is_(None))
        .order_by(Event.id)
        .limit(EVENTS_AT_ONCE)
    )
    events = list(session.scalars(waiting))
    if not events:
        return 0
    endpoints = _active_endpoints(session, account_id)
    rows = [
        delivery_row(event, endpoint, now)
        for event in events
        for endpoint in endpoints
        if _wants(endpoint, event)
    ]
    if rows:
        session.execute(_INSERT, rows)
    ids = [event.id for event in events]
    session.execute(
        update(Event).where(Event.account_id == account_id, Event.id.in_(ids)).values(dispatched_at=now)
    )
    return len(events)


def delivery_row(event: Event, endpoint: WebhookEndpoint, now: datetime) -> dict[str, object]:
    """Give the row of a delivery that is due at once."""
    return {
        "account_id": event.account_id,
        "id": new_id(),
        "event_id": event.id,
        "endpoint_id": endpoint.id,
        "status": DeliveryStatus.PENDING,
        "attempt_count": 0,
        "next_attempt_at": now,
        "created_at": now,
    }


def _active_endpoints(session: Session, account_id: UUID) -> list[WebhookEndpoint]:
    active = select(WebhookEndpoint).where(
        WebhookEndpoint.account_id == account_id,
        WebhookEndpoint.disabled_at.is_(None),
        WebhookEndpoint.removed_at.is_(None),
    )
    return list(session.scalars(active.order_by(WebhookEndpoint.id)))


def _wants(endpoint: WebhookEndpoint, event: Event) -> bool:
    return event.occurred_at >= endpoint.created_at and (
        not endpoint.event_types or event.type in endpoint.event_types
    )


_INSERT = insert(table_of(WebhookDelivery))
