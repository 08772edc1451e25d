"""Sending by hand: a delivery once more, and an event that only tests an endpoint."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import WebhookDeliveryNotFound
from metering.webhooks.dispatching import delivery_row
from metering.webhooks.endpoints import active_endpoint
from models.audit_entry import AuditAct
from models.base import Json
from models.event import Event, EventType
from models.identity import IdKind, format_id, new_id
from models.webhook import DeliveryStatus, WebhookDelivery, WebhookEndpoint


def resend_webhook_delivery(
    session: Session, *, account_id: UUID, delivery_id: UUID, now: datetime
) -> WebhookDelivery:
    """Send an event to its endpoint once more, under the same message id.

    A delivery that waits for its next attempt gets it now; one that is over stays as it is, and a new one
    with a schedule of its own is made. Raises WebhookDeliveryNotFound, WebhookEndpointNotFound,
    WebhookEndpointDisabled.
    """
    delivery = session.get(WebhookDelivery, (account_id, delivery_id))
    if delivery is None:
        raise WebhookDeliveryNotFound
    endpoint = active_endpoint(session, account_id, delivery.endpoint_id)
    if delivery.status is not DeliveryStatus.PENDING:
        event = session.get_one(Event, (account_id, delivery.event_id))
        delivery = _added(session, event, endpoint, now)
    else:
        delivery.next_attempt_at = now
        session.flush()
    _log(session, AuditAct.RESEND_WEBHOOK_DELIVERY, delivery, now)
    return delivery


def send_test_event(
    session: Session, *, account_id: UUID, endpoint_id: UUID, now: datetime
) -> WebhookDelivery:
    """Send an event that tells nothing to one endpoint, whatever types it wants to hear of.

    Raises WebhookEndpointNotFound, WebhookEndpointDisabled.
    """
    endpoint = active_endpoint(session, account_id, endpoint_id)
    event = Event(
        account_id=account_id,
        id=new_id(),
        type=EventType.WEBHOOK_TEST,
        data={"endpointId": format_id(IdKind.WEBHOOK_ENDPOINT, endpoint_id)},
        occurred_at=now,
        dispatched_at=now,  # it is for this endpoint alone
    )
    session.add(event)
    session.flush()
    delivery = _added(session, event, endpoint, now)
    _log(session, AuditAct.SEND_TEST_EVENT, delivery, now)
    return delivery


def _log(session: Session, act: AuditAct, delivery: WebhookDelivery, now: datetime) -> None:
    details: Json = {"endpointId": format_id(IdKind.WEBHOOK_ENDPOINT, delivery.endpoint_id)}
    subject = (IdKind.WEBHOOK_DELIVERY, delivery.id)
    log_act(session, act, account_id=delivery.account_id, subject=subject, details=details, now=now)


def _added(session: Session, event: Event, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    delivery = WebhookDelivery(**delivery_row(event, endpoint, now))
    session.add(delivery)
    session.flush()
    return delivery
