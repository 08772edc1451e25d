"""What is sent: the text, its signature, and when it is sent again."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from metering.webhooks.messages import Message, message_of, signed_headers
from metering.webhooks.schedule import delay_after
from models.event import Event, EventType
from models.identity import new_id
from tests.clock import NOON

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def test_an_event_is_told_in_three_fields() -> None:
    event = Event(
        account_id=new_id(),
        id=new_id(),
        type=EventType.HOLD_EXPIRED,
        data={"name": "Zoë", "credits": "3"},
        occurred_at=NOON,
    )
    message = message_of(event)
    assert message.id == f"event_{event.id.hex}"
    assert message.body == (
        '{"type":"hold.expired","timestamp":"2026-03-04T12:00:00Z","data":{"name":"Zoë","credits":"3"}}'
    )


def test_each_secret_signs() -> None:
    other = "whsec_" + base64.b64encode(b"another key of enough bytes.....").decode()
    headers = signed_headers(Message("event_1", '{"ä":1}'), [SECRET, other], NOON)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("event_1", "1772625600")
    signed = 'event_1.1772625600.{"ä":1}'.encode()
    expected = [
        "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        for key in (KEY, b"another key of enough bytes.....")
    ]
    assert headers["webhook-signature"].split(" ") == expected


def test_the_schedule_spans_three_days_and_ends() -> None:
    delays = [delay_after(attempts, jitter=0, retry_after=None) for attempts in range(1, 11)]
    assert [delay and delay.total_seconds() for delay in delays] == [
        5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, None,
    ]  # fmt: skip
    assert sum((delay for delay in delays if delay), timedelta()) == timedelta(
        hours=75, minutes=35, seconds=5
    )


@pytest.mark.parametrize(
    ("attempts", "jitter", "retry_after", "seconds"),
    [
        (1, 1.0, None, 5.5),
        (2, 0.5, None, 315),
        (1, 0.0, timedelta(minutes=2), 120),
        (2, 0.0, timedelta(seconds=1), 300),
        (1, 0.0, timedelta(days=9), 86_400),
    ],
)
def test_a_wait_grows_by_chance_and_by_request(
    attempts: int, jitter: float, retry_after: timedelta | None, seconds: float
) -> None:
    assert delay_after(attempts, jitter=jitter, retry_after=retry_after) == timedelta(seconds=seconds)
