"""Endpoints: create, change and remove them, and change their secret without losing a delivery."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import (
    AccountNotFound,
    InvalidWebhookEndpoint,
    TooManyWebhookEndpoints,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from metering.webhooks.targets import TargetRules, url_from_text
from models.account import Account
from models.audit_entry import AuditAct
from models.base import Json
from models.event import EventType
from models.identity import IdKind, new_id
from models.webhook import DeliveryStatus, DisabledReason, WebhookDelivery, WebhookEndpoint

MOST_ENDPOINTS = 20
"""How many endpoints an account can have at a time: each event goes to all of them."""
BOTH_SECRETS_SIGN_FOR = timedelta(hours=24)

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EndpointSecret:
    """An endpoint and its new secret, which callers are shown this once."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


def create_webhook_endpoint(
    session: Session,
    *,
    account_id: UUID,
    url: str,
    description: str | None,
    event_types: Iterable[EventType],
    rules: TargetRules,
    now: datetime,
) -> EndpointSecret:
    """Create an endpoint that hears of what happens from now on; no event types are all of them.

    Raises AccountNotFound, InvalidWebhookEndpoint, TooManyWebhookEndpoints.
    """
    if session.get(Account, account_id) is None:
        raise AccountNotFound
    checked = _checked(url, rules)
    _require_room(session, account_id)
    endpoint = WebhookEndpoint(
        account_id=account_id,
        id=new_id(),
        url=checked,
        description=description,
        event_types=_in_order(event_types),
        secret=_new_secret(),
        created_at=now,
        updated_at=now,
    )
    session.add(endpoint)
    session.flush()
    _log(session, AuditAct.CREATE_WEBHOOK_ENDPOINT, endpoint, now)
    return EndpointSecret(endpoint, endpoint.secret)


def update_webhook_endpoint(
    session: Session,
    *,
    account_id: UUID,
    endpoint_id: UUID,
    url: str | None,
    description: str | None,
    event_types: Iterable[EventType] | None,
    enabled: bool | None,
    rules: TargetRules,
    now: datetime,
) -> WebhookEndpoint:
    """Change an endpoint, enable it again, or disable it by hand; what is None stays.

    Raises WebhookEndpointNotFound, InvalidWebhookEndpoint.
    """
    endpoint = living_endpoint(session, account_id, endpoint_id)
    if url is not None:
        endpoint.url = _checked(url, rules)
    if event_types is not None:
        endpoint.event_types = _in_order(event_types)
    endpoint.description = description or endpoint.description
    if enabled is True:
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
    elif enabled is False and endpoint.disabled_at is None:
        disable(session, endpoint, DisabledReason.BY_HAND, now)
    endpoint.updated_at = now
    session.flush()
    _log(session, AuditAct.UPDATE_WEBHOOK_ENDPOINT, endpoint, now)
    return endpoint


def remove_webhook_endpoint(
    session: Session, *, account_id: UUID, endpoint_id: UUID, now: datetime
) -> WebhookEndpoint:
    """Remove an endpoint; its deliveries stay, those that wait are given up. Twice answers the same.

    Raises WebhookEndpointNotFound.
    """
    endpoint = session.get(WebhookEndpoint, (account_id, endpoint_id))
    if endpoint is None:
        raise WebhookEndpointNotFound
    if endpoint.removed_at is None:
        endpoint.removed_at = now
        _give_up_waiting(session, endpoint, "The endpoint was removed.")
        _log(session, AuditAct.REMOVE_WEBHOOK_ENDPOINT, endpoint, now)
    session.flush()
    return endpoint


def rotate_webhook_secret(
    session: Session, *, account_id: UUID, endpoint_id: UUID, now: datetime
) -> EndpointSecret:
    """Give an endpoint a new secret; for a day the one before signs too, so that nothing is lost.

    Raises WebhookEndpointNotFound.
    """
    endpoint = living_endpoint(session, account_id, endpoint_id)
    endpoint.previous_secret = endpoint.secret
    endpoint.previous_secret_until = now + BOTH_SECRETS_SIGN_FOR
    endpoint.secret = _new_secret()
    endpoint.updated_at = now
    session.flush()
    _log(session, AuditAct.ROTATE_WEBHOOK_SECRET, endpoint, now)
    return EndpointSecret(endpoint, endpoint.secret)


def living_endpoint(session: Session, account_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    """Find an endpoint that is not removed, or raise WebhookEndpointNotFound."""
    endpoint = session.get(WebhookEndpoint, (account_id, endpoint_id))
    if endpoint is None or endpoint.removed_at is not None:
        raise WebhookEndpointNotFound
    return endpoint


def active_endpoint(session: Session, account_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    """Find an endpoint that takes deliveries, or raise WebhookEndpointNotFound, WebhookEndpointDisabled."""
    endpoint = living_endpoint(session, account_id, endpoint_id)
    if endpoint.disabled_at is not None:
        raise WebhookEndpointDisabled(endpoint.disabled_at)
    return endpoint


def disable(session: Session, endpoint: WebhookEndpoint, reason: DisabledReason, now: datetime) -> None:
    """Send nothing to an endpoint any more, and give up what waits for it."""
    endpoint.disabled_at = now
    endpoint.disabled_reason = reason
    _give_up_waiting(session, endpoint, "The endpoint was disabled.")


def signing_secrets(endpoint: WebhookEndpoint, now: datetime) -> tuple[str, ...]:
    """Give the secrets that sign for an endpoint now, the newest first."""
    if endpoint.previous_secret and endpoint.previous_secret_until and endpoint.previous_secret_until > now:
        return endpoint.secret, endpoint.previous_secret
    return (endpoint.secret,)


def _log(session: Session, act: AuditAct, endpoint: WebhookEndpoint, now: datetime) -> None:
    # Not the address: many of them carry a secret of the receiver's.
    details: Json = {
        "eventTypes": [each.name for each in endpoint.event_types],
        "enabled": endpoint.disabled_at is None,
    }
    subject = (IdKind.WEBHOOK_ENDPOINT, endpoint.id)
    log_act(session, act, account_id=endpoint.account_id, subject=subject, details=details, now=now)


def _give_up_waiting(session: Session, endpoint: WebhookEndpoint, reason: str) -> None:
    session.flush()
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.account_id == endpoint.account_id,
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.status == DeliveryStatus.PENDING,
        )
        .values(status=DeliveryStatus.FAILED, next_attempt_at=None, leased_until=None, last_error=reason)
    )


def _require_room(session: Session, account_id: UUID) -> None:
    living = select(func.count()).where(
        WebhookEndpoint.account_id == account_id, WebhookEndpoint.removed_at.is_(None)
    )
    if session.scalars(living).one() >= MOST_ENDPOINTS:
        raise TooManyWebhookEndpoints(MOST_ENDPOINTS)


def _checked(url: str, rules: TargetRules) -> str:
    try:
        return url_from_text(url, rules)
    except ValueError as error:
        raise InvalidWebhookEndpoint("url", f"url: {error}") from error


def _in_order(event_types: Iterable[EventType]) -> tuple[EventType, ...]:
    wanted = set(event_types)
    return tuple(each for each in EventType if each in wanted)


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
