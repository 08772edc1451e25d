"""Webhooks: endpoints, and how each event reaches them, signed, at least once.

`dispatch_events` makes a delivery of each event for each endpoint. A delivery is claimed for an attempt by a
lease, sent by the server, and what became of it is noted. All verbs of an account run under its locked row,
so that several processes share the work without sending twice; a process that dies between sending and noting
leaves a lease that runs out, and the event is sent again under the same id.
"""

from metering.webhooks.attempts import (
    Attempt,
    Failure,
    accounts_with_due_deliveries,
    claim_deliveries,
    note_delivered,
    note_failed,
)
from metering.webhooks.dispatching import accounts_with_waiting_events, dispatch_events
from metering.webhooks.endpoints import (
    EndpointSecret,
    create_webhook_endpoint,
    remove_webhook_endpoint,
    rotate_webhook_secret,
    update_webhook_endpoint,
)
from metering.webhooks.messages import Message, signed_headers
from metering.webhooks.resending import resend_webhook_delivery, send_test_event
from metering.webhooks.targets import PRIVATE_TARGETS, PUBLIC_TARGETS, TargetRules, is_public, url_from_text

__all__ = [
    "PRIVATE_TARGETS",
    "PUBLIC_TARGETS",
    "Attempt",
    "EndpointSecret",
    "Failure",
    "Message",
    "TargetRules",
    "accounts_with_due_deliveries",
    "accounts_with_waiting_events",
    "claim_deliveries",
    "create_webhook_endpoint",
    "dispatch_events",
    "is_public",
    "note_delivered",
    "note_failed",
    "remove_webhook_endpoint",
    "resend_webhook_delivery",
    "rotate_webhook_secret",
    "send_test_event",
    "signed_headers",
    "update_webhook_endpoint",
    "url_from_text",
]
