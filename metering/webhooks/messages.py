"""What an endpoint receives: an event as JSON, signed as the Standard Webhooks specification says."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook

from models.event import Event
from models.identity import IdKind, format_id


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is sent; the same id and the same text with every attempt."""

    id: str
    body: str


def message_of(event: Event) -> Message:
    """Write an event as `{"type", "timestamp", "data"}`; the timestamp is when it happened."""
    content = {
        "type": event.type.value,
        "timestamp": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "data": event.data,
    }
    return Message(
        format_id(IdKind.EVENT, event.id), json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    )


def signed_headers(message: Message, secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """Give the headers of an attempt at a moment in UTC: id, time, and a signature by each secret."""
    signatures = [Webhook(secret).sign(message.id, now, message.body) for secret in secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
