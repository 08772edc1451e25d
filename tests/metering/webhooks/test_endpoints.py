"""Endpoints: made, changed, removed, and given new secrets, within their account."""

import base64
from functools import partial
from typing import Any

import pytest

from metering.alerts import set_balance_alert
from metering.errors import (
    AccountNotFound,
    InvalidWebhookEndpoint,
    TooManyWebhookEndpoints,
    WebhookDeliveryNotFound,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from metering.webhooks import (
    PUBLIC_TARGETS,
    claim_deliveries,
    remove_webhook_endpoint,
    resend_webhook_delivery,
    rotate_webhook_secret,
    send_test_event,
)
from metering.webhooks.endpoints import MOST_ENDPOINTS
from models.database import Database
from models.event import EventType
from models.identity import new_id
from models.webhook import DeliveryStatus, DisabledReason
from models.writer import Command
from pricing.credits import Credits
from tests.clock import NOON, SettableClock
from tests.hooks import URL, change, deliveries, dispatch, endpoint, events, happen, new_endpoint, run
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, new_tenant


async def test_an_endpoint_is_kept_with_a_secret_of_its_own(tenant: Tenant) -> None:
    made = await new_endpoint(tenant, URL, EventType.HOLD_EXPIRED, EventType.BALANCE_LOW, description="pager")
    row = await endpoint(tenant, made.endpoint.id)
    assert (row.url, row.description, row.secret) == (URL, "pager", made.secret)
    assert row.event_types == (EventType.BALANCE_LOW, EventType.HOLD_EXPIRED)
    assert (row.created_at, row.updated_at, row.disabled_at, row.removed_at) == (NOON, NOON, None, None)
    assert made.secret.startswith("whsec_")
    assert len(base64.b64decode(made.secret.removeprefix("whsec_"))) == 32
    assert made.secret not in repr(made)
    assert (await new_endpoint(tenant)).secret != made.secret


async def test_what_cannot_be_an_endpoint_is_refused(tenant: Tenant, nothing_written: NothingWritten) -> None:
    made = await new_endpoint(tenant)
    async with nothing_written():
        with pytest.raises(InvalidWebhookEndpoint) as created:
            await new_endpoint(tenant, "http://127.0.0.1/", rules=PUBLIC_TARGETS)
        with pytest.raises(InvalidWebhookEndpoint):
            await change(tenant, made.endpoint.id, url="https://10.0.0.1/", rules=PUBLIC_TARGETS)
        with pytest.raises(AccountNotFound):
            await new_endpoint(Tenant(tenant.database, new_id(), new_id(), ""))
    assert (created.value.field, str(created.value)) == ("url", "url: the address must begin with https://.")
    assert (await endpoint(tenant, made.endpoint.id)).url == URL


async def test_an_account_has_a_bounded_number(tenant: Tenant) -> None:
    made = [await new_endpoint(tenant) for _ in range(MOST_ENDPOINTS)]
    with pytest.raises(TooManyWebhookEndpoints, match="at most 20 webhook endpoints"):
        await new_endpoint(tenant)
    await run(tenant, remove_webhook_endpoint, endpoint_id=made[0].endpoint.id)
    await new_endpoint(tenant)


async def test_what_is_not_named_stays(tenant: Tenant, clock: SettableClock) -> None:
    made = await new_endpoint(tenant, URL, EventType.BALANCE_LOW, description="pager")
    now = clock.forward(minutes=1)
    row = await change(tenant, made.endpoint.id, url=f"{URL}/2")
    assert (row.url, row.description, row.event_types) == (f"{URL}/2", "pager", (EventType.BALANCE_LOW,))
    assert (row.updated_at, row.created_at) == (now, NOON)
    row = await change(tenant, made.endpoint.id, description="mail", event_types=[])
    assert (row.url, row.description, row.event_types) == (f"{URL}/2", "mail", ())


async def test_a_disabled_endpoint_gives_up_what_waits_and_hears_nothing(tenant: Tenant) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    await happen(tenant)
    await dispatch(tenant)
    disabled = await change(tenant, id_, enabled=False)
    assert (disabled.disabled_at, disabled.disabled_reason) == (NOON, DisabledReason.BY_HAND)
    await happen(tenant)
    assert await dispatch(tenant) == 1
    [delivery] = await deliveries(tenant)
    assert (delivery.status, delivery.last_error) == (DeliveryStatus.FAILED, "The endpoint was disabled.")
    enabled = await change(tenant, id_, enabled=True)
    assert (enabled.disabled_at, enabled.disabled_reason, enabled.failing_since) == (None, None, None)
    await happen(tenant)
    await dispatch(tenant)
    assert [row.status for row in await deliveries(tenant)] == [DeliveryStatus.FAILED, DeliveryStatus.PENDING]


async def test_a_removed_endpoint_is_no_more(
    tenant: Tenant, clock: SettableClock, nothing_written: NothingWritten
) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    await happen(tenant)
    await dispatch(tenant)
    await run(tenant, remove_webhook_endpoint, endpoint_id=id_)
    clock.forward(minutes=1)
    assert (await run(tenant, remove_webhook_endpoint, endpoint_id=id_)).removed_at == NOON
    [delivery] = await deliveries(tenant)
    assert (delivery.status, delivery.last_error) == (DeliveryStatus.FAILED, "The endpoint was removed.")
    async with nothing_written():
        for verb in (change, partial(run, verb=rotate_webhook_secret), partial(run, verb=send_test_event)):
            with pytest.raises(WebhookEndpointNotFound):
                await named(verb, tenant, id_)
        with pytest.raises(WebhookEndpointNotFound):
            await run(tenant, resend_webhook_delivery, delivery_id=delivery.id)
    await happen(tenant)
    await dispatch(tenant)
    assert len(await deliveries(tenant)) == 1


async def named(verb: Any, tenant: Tenant, id_: Any) -> Any:
    return await verb(tenant, endpoint_id=id_)


async def test_two_secrets_sign_for_a_day(tenant: Tenant, clock: SettableClock) -> None:
    first = await new_endpoint(tenant)
    id_ = first.endpoint.id
    second = await run(tenant, rotate_webhook_secret, endpoint_id=id_)
    assert len({first.secret, second.secret}) == 2
    assert await signing(tenant) == (second.secret, first.secret)
    clock.forward(hours=23, minutes=59)
    third = await run(tenant, rotate_webhook_secret, endpoint_id=id_)
    assert await signing(tenant) == (third.secret, second.secret)
    clock.forward(hours=24)
    assert await signing(tenant) == (third.secret,)


async def signing(tenant: Tenant) -> tuple[str, ...]:
    """The secrets that sign the next delivery."""
    await happen(tenant)
    await dispatch(tenant)
    attempts = await run(tenant, claim_deliveries, most=9)
    secrets: tuple[str, ...] = attempts[-1].secrets
    assert not any(secret in repr(attempts) for secret in secrets)
    return secrets


async def test_another_account_s_endpoint_is_not_found(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    other = await new_tenant(database, "Stranger")
    theirs = (await new_endpoint(other)).endpoint.id
    await happen(other)
    await dispatch(other)
    [delivery] = await deliveries(other)
    async with nothing_written():
        for verb in (rotate_webhook_secret, remove_webhook_endpoint, send_test_event):
            with pytest.raises(WebhookEndpointNotFound):
                await run(tenant, verb, endpoint_id=theirs)
        with pytest.raises(WebhookEndpointNotFound):
            await change(tenant, theirs, enabled=False)
        with pytest.raises(WebhookDeliveryNotFound):
            await run(tenant, resend_webhook_delivery, delivery_id=delivery.id)
        assert await run(tenant, claim_deliveries, most=9) == []
    await happen(tenant)
    await dispatch(tenant)
    assert await deliveries(tenant) == []


async def test_a_test_event_goes_to_one_endpoint_whatever_it_hears(tenant: Tenant) -> None:
    tested = (await new_endpoint(tenant, URL, EventType.HOLD_EXPIRED)).endpoint
    await new_endpoint(tenant)
    delivery = await run(tenant, send_test_event, endpoint_id=tested.id)
    assert await dispatch(tenant) == 0
    [only] = await deliveries(tenant)
    [event] = await events(tenant)
    assert (only.id, only.endpoint_id, only.event_id) == (delivery.id, tested.id, event.id)
    assert (event.type, event.data) == (EventType.WEBHOOK_TEST, {"endpointId": f"endpoint_{tested.id.hex}"})
    await change(tenant, tested.id, enabled=False)
    with pytest.raises(WebhookEndpointDisabled):
        await run(tenant, send_test_event, endpoint_id=tested.id)
    with pytest.raises(WebhookEndpointDisabled):
        await run(tenant, resend_webhook_delivery, delivery_id=delivery.id)


async def test_an_endpoint_hears_only_of_what_happens_after_it_was_made(
    tenant: Tenant, clock: SettableClock
) -> None:
    await happen(tenant)
    clock.forward(seconds=1)
    await new_endpoint(tenant)
    [_, later] = [*await happen(tenant), *await happen(tenant)]
    assert await dispatch(tenant) == 3
    assert [row.event_id for row in await deliveries(tenant)][-1] == later.id
    assert len(await deliveries(tenant)) == 2


async def test_a_balance_alert_is_set_and_turned_off(tenant: Tenant) -> None:
    await run(tenant, set_balance_alert, threshold=Credits.parse("12.5"))
    assert (await tenant.account()).balance_alert_threshold == Credits.parse("12.5")
    await run(tenant, set_balance_alert, threshold=None)
    assert (await tenant.account()).balance_alert_threshold is None
    nobody = new_id()
    with pytest.raises(AccountNotFound):
        await tenant.database.write(
            Command(nobody, partial(set_balance_alert, account_id=nobody, threshold=None))
        )
