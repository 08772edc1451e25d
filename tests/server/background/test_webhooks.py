"""The background work over a real store and real HTTP: every event reaches its endpoint, whoever dies meanwhile."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from standardwebhooks import Webhook

from metering.alerts import set_balance_alert
from metering.webhooks import (
    PUBLIC_TARGETS,
    claim_deliveries,
    resend_webhook_delivery,
    rotate_webhook_secret,
    send_test_event,
)
from models.database import Database
from models.event import EventType
from models.webhook import DeliveryStatus, DisabledReason
from pricing.credits import Credits
from server.app import service
from server.background.webhooks import MOST_AT_ONCE, MOST_OF_AN_ACCOUNT, WebhookWorker
from server.background.webhooks_http import WebhookSender
from server.settings import Settings
from tests.clock import SettableClock
from tests.databases.opened import closed, opened
from tests.hooks import (
    URL,
    change,
    deliveries,
    dispatch,
    endpoint,
    events,
    happen,
    new_endpoint,
    run,
    worker,
)
from tests.house.tree import ROOT
from tests.receiver import Receiver, receiving
from tests.tenant import Tenant, new_tenant

PENDING, DELIVERED, FAILED = DeliveryStatus.PENDING, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED
FAILING = "500 Internal Server Error"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def states(tenant: Tenant) -> list[tuple[DeliveryStatus, int, int | None]]:
    return [(row.status, row.attempt_count, row.last_status_code) for row in await deliveries(tenant)]


def ids(receiver: Receiver) -> list[str]:
    return [request.headers["webhook-id"] for request in receiver.received]


async def test_an_event_arrives_signed(tenant: Tenant, receiver: Receiver, clock: SettableClock) -> None:
    clock.now = datetime.now(UTC)  # the library believes only fresh signatures
    made = await new_endpoint(tenant, receiver.url())
    [event] = await happen(tenant, data={"available": "4.5", "threshold": "5"})
    async with worker(tenant.database) as working:
        await working.work_off()
    [request] = receiver.received
    assert Webhook(made.secret).verify(request.body, request.headers) == {
        "type": "balance.low",
        "timestamp": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "data": {"available": "4.5", "threshold": "5"},
    }
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"event_{event.id.hex}.{int(clock.now.timestamp())}.".encode() + request.body
    by_hand = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{by_hand}"
    assert await states(tenant) == [(DELIVERED, 1, 204)]


async def test_the_guide_s_receivers_take_what_is_sent(
    tenant: Tenant, receiver: Receiver, clock: SettableClock
) -> None:
    clock.now = datetime.now(UTC)
    first = await new_endpoint(tenant, receiver.url())
    second = await run(tenant, rotate_webhook_secret, endpoint_id=first.endpoint.id)
    await run(tenant, send_test_event, endpoint_id=first.endpoint.id)
    async with worker(tenant.database) as working:
        await working.work_off()
    [request] = receiver.received
    guide = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
    shown: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL):
        exec(block, shown)  # noqa: S102 - the guide's own words
    for secret in (first.secret, second.secret):
        assert shown["is_genuine"](secret, request.headers, request.body) is True
        assert shown["event_of"](secret, request.headers, request.body)["type"] == "webhook.test"
    assert shown["is_genuine"](first.secret, request.headers, request.body + b" ") is False
    stale = request.headers | {"webhook-timestamp": str(int(clock.now.timestamp()) - 301)}
    assert shown["is_genuine"](first.secret, stale, request.body) is False


async def test_what_fails_is_sent_again_under_the_same_id(
    tenant: Tenant, receiver: Receiver, clock: SettableClock
) -> None:
    await new_endpoint(tenant, receiver.url())
    [event] = await happen(tenant)
    receiver.answers = [FAILING, FAILING]
    async with worker(tenant.database, jitter=1.0) as working:
        waits = []
        for _ in range(2):
            await working.work_off()
            [row] = await deliveries(tenant)
            assert row.next_attempt_at is not None
            waits.append((row.next_attempt_at - clock.now).total_seconds())
            clock.now = row.next_attempt_at
        await working.work_off()
    assert waits == [5.5, 330]
    assert await states(tenant) == [(DELIVERED, 3, 204)]
    assert ids(receiver) == [f"event_{event.id.hex}"] * 3
    assert len({request.body for request in receiver.received}) == 1
    times = [int(request.headers["webhook-timestamp"]) for request in receiver.received]
    assert [later - times[0] for later in times] == [0, 5, 335]


async def test_an_endpoint_that_never_answers_well_is_given_up(
    tenant: Tenant, receiver: Receiver, clock: SettableClock
) -> None:
    await new_endpoint(tenant, receiver.url())
    await happen(tenant)
    receiver.answers = [FAILING] * 10
    async with worker(tenant.database) as working:
        await give_up(tenant, working, clock)
        clock.forward(hours=48)
        await working.work_off()
    assert await states(tenant) == [(FAILED, 10, 500)]
    assert len(receiver.received) == 10


async def give_up(tenant: Tenant, working: WebhookWorker, clock: SettableClock) -> None:
    """Let time pass until the only delivery is tried no more."""
    await working.work_off()
    [row] = await deliveries(tenant)
    while row.next_attempt_at is not None:
        clock.now = row.next_attempt_at
        await working.work_off()
        [row] = await deliveries(tenant)


async def test_two_processes_deliver_each_event_once(
    database: Database, database_url: str, tenant: Tenant, clock: SettableClock, receiver: Receiver
) -> None:
    await new_endpoint(tenant, receiver.url())
    happened = await happen(tenant, *[EventType.HOLD_EXPIRED] * 40)
    async with opened(database_url, clock) as other, worker(database) as one, worker(other) as two:
        await asyncio.gather(one.work_off(), two.work_off())
    assert await states(tenant) == [(DELIVERED, 1, 204)] * 40
    assert sorted(ids(receiver)) == sorted(f"event_{event.id.hex}" for event in happened)


async def test_a_process_that_dies_while_sending_leaves_it_to_another(
    tenant: Tenant, clock: SettableClock, receiver: Receiver
) -> None:
    await new_endpoint(tenant, receiver.url())
    await happen(tenant)
    await dispatch(tenant)
    # It claims, it sends, and it is gone before it notes what came of it.
    [attempt] = await run(tenant, claim_deliveries, most=1)
    async with worker(tenant.database) as working:
        await WebhookSender.send(working._sender, attempt, now=clock.now)  # noqa: SLF001 - the sender of the worker
        await working.work_off()
        assert await states(tenant) == [(PENDING, 1, None)]
        clock.forward(seconds=60)
        await working.work_off()
    assert await states(tenant) == [(DELIVERED, 2, 204)]
    assert len(set(ids(receiver))) == 1
    assert len(receiver.received) == 2


async def test_gone_disables_the_endpoint(tenant: Tenant, receiver: Receiver) -> None:
    id_ = (await new_endpoint(tenant, receiver.url())).endpoint.id
    await happen(tenant)
    receiver.answers = ["410 Gone"]
    async with worker(tenant.database) as working:
        await working.work_off()
        await happen(tenant)
        await working.work_off()
        assert (await endpoint(tenant, id_)).disabled_reason is DisabledReason.GONE
        assert await states(tenant) == [(FAILED, 1, 410)]
        await change(tenant, id_, enabled=True)
        await happen(tenant)
        await working.work_off()
    assert await states(tenant) == [(FAILED, 1, 410), (DELIVERED, 1, 204)]
    assert len(receiver.received) == 2


async def test_a_private_address_is_refused_unless_it_is_allowed(tenant: Tenant, receiver: Receiver) -> None:
    await new_endpoint(tenant, receiver.url(scheme="https"))
    await happen(tenant)
    with structlog.testing.capture_logs() as lines:
        async with worker(tenant.database, WebhookSender(PUBLIC_TARGETS)) as working:
            await working.work_off()
    [row] = await deliveries(tenant)
    assert (row.status, row.last_error) == (PENDING, "The host's address is not public.")
    assert receiver.received == []
    [line] = lines
    assert (line["event"], line["log_level"], line["attempt"]) == ("webhook not delivered", "warning", 1)
    assert "127.0.0.1" not in str(line)


async def test_what_was_given_up_is_sent_again_by_hand(
    tenant: Tenant, receiver: Receiver, clock: SettableClock
) -> None:
    await new_endpoint(tenant, receiver.url())
    await happen(tenant)
    receiver.answers = [FAILING] * 10
    async with worker(tenant.database) as working:
        await give_up(tenant, working, clock)
        [given_up] = await deliveries(tenant)
        await run(tenant, resend_webhook_delivery, delivery_id=given_up.id)
        await working.work_off()
    assert await states(tenant) == [(FAILED, 10, 500), (DELIVERED, 1, 204)]
    assert len(set(ids(receiver))) == 1


async def test_what_the_books_tell_arrives(tenant: Tenant, receiver: Receiver) -> None:
    await run(tenant, set_balance_alert, threshold=Credits.parse("50"))
    await new_endpoint(tenant, receiver.url())
    await tenant.grant("110")
    workflow = await tenant.start()
    await tenant.add(workflow, "PHONE twilio 3 MINUTES")
    await tenant.add(workflow, "PHONE twilio 1 MINUTES", "PHONE twilio 2 MINUTES")
    async with worker(tenant.database) as working:
        await working.work_off()
    told = [json.loads(request.body) for request in receiver.received]
    assert sorted(each["type"] for each in told) == ["balance.low", "overdraft.started"]


async def test_each_account_gets_its_own_events_only(tenant: Tenant, receiver: Receiver) -> None:
    other = await new_tenant(tenant.database, "Other")
    mine = await new_endpoint(tenant, receiver.url("/mine"))
    await new_endpoint(other, receiver.url("/theirs"))
    [ours] = await happen(tenant)
    [theirs] = await happen(other)
    async with worker(tenant.database) as working:
        await working.work_off()
    assert {(request.line.split()[1], request.headers["webhook-id"]) for request in receiver.received} == {
        ("/mine", f"event_{ours.id.hex}"),
        ("/theirs", f"event_{theirs.id.hex}"),
    }
    assert mine.endpoint.account_id == tenant.account_id


async def test_a_slow_account_leaves_room_for_others(tenant: Tenant) -> None:
    slow = await new_tenant(tenant.database, "Slow")
    async with receiving() as never, receiving() as quick, worker(tenant.database) as working:
        never.hold()
        await new_endpoint(slow, never.url())
        await happen(slow, *[EventType.HOLD_EXPIRED] * (MOST_AT_ONCE + 1))
        working.start()
        await asyncio.wait_for(never.arrived.wait(), 10)
        await new_endpoint(tenant, quick.url())
        await happen(tenant)
        await asyncio.wait_for(quick.arrived.wait(), 10)
        assert len(never.received) == MOST_OF_AN_ACCOUNT
        never.open.set()


async def test_a_stop_waits_for_what_is_being_sent(tenant: Tenant, receiver: Receiver) -> None:
    await new_endpoint(tenant, receiver.url())
    await happen(tenant)
    receiver.hold()
    async with worker(tenant.database) as working:
        working.start()
        await asyncio.wait_for(receiver.arrived.wait(), 10)
        closing = asyncio.create_task(working.close())
        await asyncio.sleep(0.05)
        assert not closing.done()
        receiver.open.set()
        await closing
    assert await states(tenant) == [(DELIVERED, 1, 204)]


async def test_a_stop_does_not_wait_for_ever(
    tenant: Tenant, receiver: Receiver, clock: SettableClock
) -> None:
    await new_endpoint(tenant, receiver.url())
    await happen(tenant)
    receiver.hold()
    async with worker(tenant.database, drain_seconds=0.05) as working:
        working.start()
        await asyncio.wait_for(receiver.arrived.wait(), 10)
    assert await states(tenant) == [(PENDING, 1, None)]
    receiver.open.set()
    clock.forward(seconds=60)
    async with worker(tenant.database) as working:
        await working.work_off()
    assert await states(tenant) == [(DELIVERED, 2, 204)]


async def test_the_work_outlives_a_store_that_is_away(receiver: Receiver) -> None:
    away = Database("sqlite+aiosqlite:////no/such/folder/store.db")
    async with worker(away) as working:
        with structlog.testing.capture_logs() as lines:
            working.start()
            await asyncio.sleep(0.2)
    await away.close()
    assert [(line["event"], line["log_level"]) for line in lines] == [("webhooks pause", "warning")]
    assert receiver.received == []


async def test_a_bug_in_an_attempt_is_logged_and_counts_as_a_failure(tenant: Tenant) -> None:
    class Broken(WebhookSender):
        async def send(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("a bug")

    await new_endpoint(tenant)
    await happen(tenant)
    with structlog.testing.capture_logs() as lines:
        async with worker(tenant.database, Broken(PUBLIC_TARGETS)) as working:
            await working.work_off()
    [row] = await deliveries(tenant)
    assert (row.status, row.last_error) == (PENDING, "Something went wrong on our side.")
    assert [line["event"] for line in lines] == ["webhook attempt broke", "webhook not delivered"]
    assert not any(URL in str(line) for line in lines)


async def test_the_service_delivers_by_itself(database_url: str, receiver: Receiver) -> None:
    async with opened(database_url) as before:
        tenant = await new_tenant(before)
        made = await new_endpoint(tenant, receiver.url())
        [event] = await happen(tenant)
    database = closed(database_url)
    settings = Settings.of({"database_url": database_url, "webhooks_allow_private": True})
    app = service(settings, database)
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(receiver.arrived.wait(), 10)
    [request] = receiver.received
    assert Webhook(made.secret).verify(request.body, request.headers)["type"] == "balance.low"
    async with opened(database_url) as after:
        tenant = Tenant(after, tenant.account_id, tenant.api_key_id, tenant.secret)
        assert await states(tenant) == [(DELIVERED, 1, 204)]
        assert [each.id for each in await events(tenant)] == [event.id]
        assert (await deliveries(tenant))[0].created_at - event.occurred_at < timedelta(seconds=20)


async def test_nothing_is_asked_of_an_idle_worker(database: Database) -> None:
    async with worker(database) as working:
        assert isinstance(working, WebhookWorker)
        await working.work_off()
