"""Events and webhooks as callers meet them: set up, seen, resent, and nobody else's."""

from typing import Any
from uuid import uuid4

import pytest

from models.api_key import Scope
from models.event import EventType
from tests.door import Door, scoped
from tests.graph.test_statement_counts import counted
from tests.hooks import URL, change, deliveries, dispatch, happen, new_endpoint
from tests.tenant import Tenant, new_tenant

REFUSAL = "... on Refusal { __typename code message }"
CREATE = f"""mutation($input: CreateWebhookEndpointInput!) {{ createWebhookEndpoint(input: $input) {{
  ... on WebhookEndpointCreated {{ secret endpoint {{ id url description eventTypes disabledAt disabledReason removedAt }} }}
  ... on InvalidWebhookEndpoint {{ field }} ... on TooManyWebhookEndpoints {{ most }} {REFUSAL} }} }}"""
ENDPOINTS = "{ viewer { account { webhookEndpoints { totalCount nodes { id url } } removed: webhookEndpoints(removed: true) { nodes { id removedAt } } } } }"


DISABLED = "... on WebhookEndpointDisabled { disabledAt }"


def mutation(name: str, success: str, shown: str, more: str = "") -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ ... on {success} {{ {shown} }} {more} {REFUSAL} }} }}"


UPDATE = mutation(
    "updateWebhookEndpoint",
    "WebhookEndpointUpdated",
    "endpoint { url description eventTypes disabledReason }",
)
REMOVE = mutation("removeWebhookEndpoint", "WebhookEndpointRemoved", "endpoint { id removedAt }")
ROTATE = mutation("rotateWebhookSecret", "WebhookSecretRotated", "secret endpoint { id }")
TEST = mutation(
    "sendTestEvent", "TestEventSent", "delivery { id status attemptCount event { type data } }", DISABLED
)
RESEND = mutation("resendWebhookDelivery", "WebhookDeliveryResent", "delivery { id status event { id } }")
ALERT = mutation("setBalanceAlert", "BalanceAlertSet", "account { balanceAlertThreshold }")


async def do(ask: Door, key: str, query: str, **given: Any) -> Any:
    [answer] = (await ask.data(key, query, {"input": given})).values()
    return answer


async def created(ask: Door, tenant: Tenant, **given: Any) -> Any:
    return await do(ask, tenant.secret, CREATE, **({"url": URL} | given))


async def test_an_endpoint_s_life(ask: Door, tenant: Tenant) -> None:
    made = await created(ask, tenant, eventTypes=["HOLD_EXPIRED", "BALANCE_LOW"], description="pager")
    id_ = made["endpoint"].pop("id")
    assert made["secret"].startswith("whsec_")
    assert made["endpoint"] == {
        "url": URL,
        "description": "pager",
        "eventTypes": ["BALANCE_LOW", "HOLD_EXPIRED"],
        "disabledAt": None,
        "disabledReason": None,
        "removedAt": None,
    }
    changed = await do(
        ask, tenant.secret, UPDATE, endpointId=id_, enabled=False, eventTypes=[], url=URL + "/2"
    )
    assert changed["endpoint"] == {
        "url": URL + "/2",
        "description": "pager",
        "eventTypes": [],
        "disabledReason": "BY_HAND",
    }
    refused = await do(ask, tenant.secret, TEST, endpointId=id_)
    assert (refused["code"], refused["disabledAt"]) == ("WEBHOOK_ENDPOINT_DISABLED", "2026-03-04T12:00:00Z")
    await do(ask, tenant.secret, UPDATE, endpointId=id_, enabled=True)
    rotated = await do(ask, tenant.secret, ROTATE, endpointId=id_)
    assert (rotated["endpoint"], rotated["secret"] == made["secret"]) == ({"id": id_}, False)
    seen = (await ask.data(tenant.secret, ENDPOINTS))["viewer"]["account"]
    assert seen["webhookEndpoints"] == {"totalCount": 1, "nodes": [{"id": id_, "url": URL + "/2"}]}
    removed = {"id": id_, "removedAt": "2026-03-04T12:00:00Z"}
    assert (await do(ask, tenant.secret, REMOVE, endpointId=id_))["endpoint"] == removed
    seen = (await ask.data(tenant.secret, ENDPOINTS))["viewer"]["account"]
    assert seen == {"webhookEndpoints": {"totalCount": 0, "nodes": []}, "removed": {"nodes": [removed]}}
    assert (await do(ask, tenant.secret, UPDATE, endpointId=id_))["code"] == "WEBHOOK_ENDPOINT_NOT_FOUND"


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1/", "no address", "https://a b/"])
async def test_an_address_that_nothing_can_be_sent_to(ask: Door, tenant: Tenant, url: str) -> None:
    answer = await created(ask, tenant, url=url)
    assert (answer["__typename"], answer["code"]) == ("InvalidWebhookEndpoint", "INVALID_WEBHOOK_ENDPOINT")
    assert (answer["field"], answer["message"].startswith("url: ")) == ("url", True)


async def test_endpoints_are_counted(ask: Door, tenant: Tenant) -> None:
    for _ in range(20):
        await new_endpoint(tenant)
    answer = await created(ask, tenant)
    assert (answer["code"], answer["most"]) == ("TOO_MANY_WEBHOOK_ENDPOINTS", 20)


async def test_a_secret_is_shown_once(ask: Door, tenant: Tenant) -> None:
    made = await created(ask, tenant)
    everything = "query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { id url description eventTypes createdAt updatedAt disabledAt disabledReason removedAt deliveries { totalCount } } } }"
    _, answer = await ask(tenant.secret, everything, {"id": made["endpoint"]["id"]})
    assert made["secret"] not in str(answer)
    assert made["secret"].removeprefix("whsec_") not in str(answer)


async def test_a_test_event_is_seen_on_its_way(ask: Door, tenant: Tenant) -> None:
    id_ = (await created(ask, tenant))["endpoint"]["id"]
    delivery = (await do(ask, tenant.secret, TEST, endpointId=id_))["delivery"]
    assert (delivery["status"], delivery["attemptCount"]) == ("PENDING", 0)
    assert delivery["event"] == {"type": "WEBHOOK_TEST", "data": {"endpointId": id_}}
    again = (await do(ask, tenant.secret, RESEND, deliveryId=delivery["id"]))["delivery"]
    assert again["id"] == delivery["id"]


async def test_events_are_listed_and_narrowed(ask: Door, tenant: Tenant) -> None:
    await new_endpoint(tenant, URL, EventType.HOLD_EXPIRED)
    low, expired = await happen(
        tenant, EventType.BALANCE_LOW, EventType.HOLD_EXPIRED, data={"credits": "3.5"}
    )
    await dispatch(tenant)
    query = """query($type: [EventType!]) { viewer { account { events(type: $type) { totalCount nodes { id type data occurredAt
      deliveries { totalCount nodes { status attemptCount nextAttemptAt lastAttemptAt lastStatusCode lastError deliveredAt createdAt
        endpoint { url deliveries(status: [PENDING]) { totalCount } } } } } } } } }"""
    events = (await ask.data(tenant.secret, query))["viewer"]["account"]["events"]
    assert [(event["id"], event["type"]) for event in events["nodes"]] == [
        (f"event_{expired.id.hex}", "HOLD_EXPIRED"),
        (f"event_{low.id.hex}", "BALANCE_LOW"),
    ]
    noon = "2026-03-04T12:00:00Z"
    assert events["nodes"][0]["deliveries"]["nodes"] == [
        {
            "status": "PENDING",
            "attemptCount": 0,
            "nextAttemptAt": noon,
            "lastAttemptAt": None,
            "lastStatusCode": None,
            "lastError": None,
            "deliveredAt": None,
            "createdAt": noon,
            "endpoint": {"url": URL, "deliveries": {"totalCount": 1}},
        }
    ]
    assert events["nodes"][1]["deliveries"] == {"totalCount": 0, "nodes": []}
    assert events["nodes"][1]["data"] == {"credits": "3.5"}
    narrowed = (await ask.data(tenant.secret, query, {"type": ["BALANCE_LOW"]}))["viewer"]["account"][
        "events"
    ]
    assert (narrowed["totalCount"], len(narrowed["nodes"])) == (1, 1)


async def test_deliveries_are_narrowed_by_status(ask: Door, tenant: Tenant) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    await happen(tenant)
    await dispatch(tenant)
    await change(tenant, id_, enabled=False)
    query = """query($id: ID!) { node(id: $id) { ... on WebhookEndpoint { pending: deliveries(status: [PENDING]) { totalCount }
      failed: deliveries(status: [FAILED, DELIVERED]) { nodes { lastError } } } } }"""
    assert (await ask.data(tenant.secret, query, {"id": f"endpoint_{id_.hex}"}))["node"] == {
        "pending": {"totalCount": 0},
        "failed": {"nodes": [{"lastError": "The endpoint was disabled."}]},
    }


async def test_the_alert_is_set_and_turned_off(ask: Door, tenant: Tenant) -> None:
    for given, shown in (
        ({"threshold": "12.50"}, "12.5"),
        ({"threshold": None}, None),
        ({"threshold": "0"}, "0"),
        ({}, None),
    ):
        answer = await do(ask, tenant.secret, ALERT, **given)
        assert answer == {"account": {"balanceAlertThreshold": shown}}


NESTED = """{ viewer { account { events(first: 50) { nodes { type deliveries { totalCount nodes { status
  event { type } endpoint { url deliveries(first: 3) { nodes { attemptCount } } } } } } }
  webhookEndpoints { nodes { deliveries { totalCount nodes { event { id } } } } } } } }"""


@pytest.mark.parametrize("count", [1, 10])
async def test_statements_do_not_grow_with_the_parents(ask: Door, tenant: Tenant, count: int) -> None:
    for _ in range(count):
        await new_endpoint(tenant)
    await happen(tenant, *[EventType.HOLD_EXPIRED] * count)
    await dispatch(tenant)
    answer, sent = await counted(ask, tenant, NESTED)
    assert len(answer["viewer"]["account"]["events"]["nodes"]) == count
    assert len(sent) == 10, "\n".join(sent)


async def test_what_is_another_account_s_is_nothing(ask: Door, tenant: Tenant) -> None:
    other = await new_tenant(tenant.database, "Other")
    endpoint = (await new_endpoint(other)).endpoint
    [event] = await happen(other)
    await dispatch(other)
    [delivery] = await deliveries(other)
    nodes = "query($id: ID!) { node(id: $id) { id } }"
    for kind, value in (("endpoint", endpoint.id), ("event", event.id), ("delivery", delivery.id)):
        id_ = f"{kind}_{value.hex}"
        assert await ask.data(tenant.secret, nodes, {"id": id_}) == {"node": None}
        assert await ask.data(other.secret, nodes, {"id": id_}) == {"node": {"id": id_}}
        nothing = f"{kind}_{uuid4().hex}"
        for query, field in (
            (UPDATE, "endpointId"),
            (REMOVE, "endpointId"),
            (ROTATE, "endpointId"),
            (TEST, "endpointId"),
            (RESEND, "deliveryId"),
        ):
            answers = [await ask(tenant.secret, query, {"input": {field: each}}) for each in (id_, nothing)]
            assert str(answers[0]) == str(answers[1])
            wrong_kind = kind != ("delivery" if field == "deliveryId" else "endpoint")
            expected = "BAD_USER_INPUT" if wrong_kind else f"WEBHOOK_{kind.upper()}_NOT_FOUND"
            assert f"'code': '{expected}'" in str(answers[0])
    lists = "{ viewer { account { events { totalCount } webhookEndpoints { totalCount } } } }"
    empty = {"totalCount": 0}
    assert (await ask.data(tenant.secret, lists))["viewer"]["account"] == {
        "events": empty,
        "webhookEndpoints": empty,
    }
    assert (await deliveries(other))[0].status == delivery.status


async def test_managing_needs_manage_and_what_it_made_leads_no_further(ask: Door, tenant: Tenant) -> None:
    manager = await scoped(tenant, Scope.MANAGE)
    made = await do(ask, manager, CREATE, url=URL)
    assert made["endpoint"]["url"] == URL
    _, answer = await ask(
        manager,
        mutation("sendTestEvent", "TestEventSent", "delivery { event { type } }"),
        {"input": {"endpointId": made["endpoint"]["id"]}},
    )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    reader = await scoped(tenant, Scope.READ)
    assert await ask.code(reader, CREATE, {"input": {"url": URL}}) == "FORBIDDEN"
