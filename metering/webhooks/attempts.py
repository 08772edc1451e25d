"""Attempts: a due delivery is claimed by a lease, sent by the server, and what became of it is noted.

The number of an attempt is also its ticket: word that comes after the lease ran out and another attempt began
changes nothing, except that what was delivered is delivered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from metering.webhooks.endpoints import disable, signing_secrets
from metering.webhooks.messages import Message, message_of
from metering.webhooks.schedule import DISABLED_AFTER, LEASE, delay_after
from models.event import Event
from models.webhook import DeliveryStatus, DisabledReason, WebhookDelivery, WebhookEndpoint

ACCOUNTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to be made within the lease: what is sent where, signed by which secrets."""

    account_id: UUID
    delivery_id: UUID
    endpoint_id: UUID
    number: int
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    message: Message = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed; no status code where no answer came."""

    reason: str
    status_code: int | None = None
    retry_after: timedelta | None = None


def accounts_with_due_deliveries(session: Session, now: datetime, besides: Iterable[UUID]) -> list[UUID]:
    """List some accounts with deliveries to attempt, who waits longest first, besides the given ones."""
    due = (
        select(WebhookDelivery.account_id)
        .where(_is_due(now), WebhookDelivery.account_id.not_in(list(besides)))
        .group_by(WebhookDelivery.account_id)
        .order_by(func.min(WebhookDelivery.next_attempt_at))
    )
    return list(session.scalars(due.limit(ACCOUNTS_AT_ONCE)))


def claim_deliveries(session: Session, *, account_id: UUID, most: int, now: datetime) -> list[Attempt]:
    """Lease an account's due deliveries, at most so many: no other process attempts them meanwhile."""
    due = (
        select(WebhookDelivery, WebhookEndpoint, Event)
        .join(WebhookEndpoint, _is_of(WebhookEndpoint, WebhookDelivery.endpoint_id))
        .join(Event, _is_of(Event, WebhookDelivery.event_id))
        .where(WebhookDelivery.account_id == account_id, _is_due(now))
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(most)
    )
    rows = session.execute(due).all()
    attempts = [_claimed(delivery, endpoint, event, now) for delivery, endpoint, event in rows]
    session.flush()
    return attempts


def note_delivered(session: Session, *, attempt: Attempt, status_code: int, now: datetime) -> None:
    """Note that the endpoint took it."""
    delivery, endpoint = _rows(session, attempt)
    delivery.status = DeliveryStatus.DELIVERED
    delivery.delivered_at = delivery.delivered_at or now
    delivery.last_status_code, delivery.last_error = status_code, None
    delivery.next_attempt_at = delivery.leased_until = None
    endpoint.failing_since = None
    session.flush()


def note_failed(
    session: Session, *, attempt: Attempt, failure: Failure, jitter: float, now: datetime
) -> DisabledReason | None:
    """Note why an attempt failed and when the next follows; say why it disabled the endpoint, if it did."""
    delivery, endpoint = _rows(session, attempt)
    if delivery.status is not DeliveryStatus.PENDING or delivery.attempt_count != attempt.number:
        return None
    endpoint.failing_since = endpoint.failing_since or now
    disabled = _why_disabled(endpoint.failing_since, failure, now)
    delay = delay_after(attempt.number, jitter=jitter, retry_after=failure.retry_after)
    given_up = disabled is not None or delay is None
    delivery.status = DeliveryStatus.FAILED if given_up else DeliveryStatus.PENDING
    delivery.next_attempt_at = None if delay is None or given_up else now + delay
    delivery.leased_until = None
    delivery.last_status_code, delivery.last_error = failure.status_code, failure.reason
    if disabled is not None:
        disable(session, endpoint, disabled, now)
    session.flush()
    return disabled


def _claimed(delivery: WebhookDelivery, endpoint: WebhookEndpoint, event: Event, now: datetime) -> Attempt:
    delivery.attempt_count += 1
    delivery.last_attempt_at = now
    delivery.leased_until = now + LEASE
    return Attempt(
        account_id=delivery.account_id,
        delivery_id=delivery.id,
        endpoint_id=endpoint.id,
        number=delivery.attempt_count,
        url=endpoint.url,
        secrets=signing_secrets(endpoint, now),
        message=message_of(event),
    )


def _why_disabled(failing_since: datetime, failure: Failure, now: datetime) -> DisabledReason | None:
    if failure.status_code == HTTPStatus.GONE:
        return DisabledReason.GONE
    return DisabledReason.FAILING if now - failing_since >= DISABLED_AFTER else None


def _rows(session: Session, attempt: Attempt) -> tuple[WebhookDelivery, WebhookEndpoint]:
    delivery = session.get_one(WebhookDelivery, (attempt.account_id, attempt.delivery_id))
    return delivery, session.get_one(WebhookEndpoint, (attempt.account_id, attempt.endpoint_id))


def _is_of(model: type[WebhookEndpoint | Event], foreign: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    return and_(model.account_id == WebhookDelivery.account_id, model.id == foreign)


def _is_due(now: datetime) -> ColumnElement[bool]:
    unleased = or_(WebhookDelivery.leased_until.is_(None), WebhookDelivery.leased_until <= now)
    return and_(
        WebhookDelivery.status == DeliveryStatus.PENDING, WebhookDelivery.next_attempt_at <= now, unleased
    )
