"""The WebSocket: its protocol kept strictly, who may come, and that nothing of a socket stays behind."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from metering.api_keys import issue_api_key, revoke_api_key, rotate_api_key
from metering.rate_cards import publish_built_in_rate_card
from models.api_key import Scope
from models.database import utc_now
from models.writer import Command
from tests.streams import BALANCE, USAGES, Listener, Served, listener, raw_socket, served
from tests.tenant import Tenant, issue, new_tenant

PHONE = "PHONE twilio 1 MINUTES"
ALIVE = "{ viewer { scopes } }"


@pytest.fixture
async def live(sqlite_database_url: str) -> AsyncIterator[Served]:
    """The service; after the test nothing is left open."""
    async with served(
        sqlite_database_url, allowed_origins="https://app.example, http://localhost:3000/"
    ) as service:
        await service.database.write(Command(None, publish_built_in_rate_card))
        yield service
        await service.until_quiet()


async def refused_status(url: str, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as error:
        async with raw_socket(url, **options):
            pass
    return error.value.response.status_code


async def closed_by(live: Served, tenant: Tenant, *messages: str | bytes | dict[str, Any]) -> int:
    """The code that messages to an open connection close it with."""
    async with listener(live.socket_url, tenant.secret) as client:
        for message in messages:
            await client.socket.send(json.dumps(message) if isinstance(message, dict) else message)
        return await client.close_code()


async def test_pages_of_this_host_and_of_allowed_ones_may_come(live: Served) -> None:
    for origin in (f"http://127.0.0.1:{live.port}", "https://app.example", "http://localhost:3000"):
        async with raw_socket(live.socket_url, origin=origin) as client:
            assert client.socket.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1", "https://app.example.evil.example", "null"]
)
async def test_pages_of_other_hosts_may_not(live: Served, origin: str) -> None:
    assert await refused_status(live.socket_url, origin=origin) == 403


@pytest.mark.parametrize("offered", [None, ["graphql-ws"], ["mqtt", "soap"]])
async def test_no_other_protocol_is_spoken(live: Served, offered: list[str] | None) -> None:
    async with raw_socket(live.socket_url, subprotocols=offered) as client:
        assert await client.close_code() == 4406


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"authorization": "Bearer nexus_wrong"}, {"authorization": 7}, {"authorization": ["Bearer"]}],
)
async def test_a_wrong_key_is_forbidden(live: Served, payload: dict[str, Any] | None) -> None:
    async with raw_socket(live.socket_url) as client:
        await client.send(type="connection_init", payload=payload)
        assert await client.close_code() == 4403


async def test_a_key_may_come_under_either_name(live: Served, tenant: Tenant) -> None:
    for payload in ({"x-api-key": tenant.secret}, {"Authorization": f"bearer {tenant.secret}", "other": 1}):
        async with raw_socket(live.socket_url) as client:
            await client.send(type="connection_init", payload=payload)
            assert await client.receive() == {"type": "connection_ack"}


async def test_nothing_is_answered_before_the_key_is_known(live: Served) -> None:
    async with raw_socket(live.socket_url) as client:
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}
        await client.subscribe(ALIVE)
        assert await client.close_code() == 4401


async def test_who_says_nothing_is_not_waited_for(sqlite_database_url: str) -> None:
    async with served(sqlite_database_url) as live:
        live.streams.limits = replace(live.streams.limits, init_seconds=0.2)
        async with raw_socket(live.socket_url) as client:
            assert await client.close_code() == 4408
        await live.until_quiet()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        '"ping"',
        "{}",
        '{"type": "start"}',
        '{"type": ["ping"]}',
        '{"type": "ping", "type": "ping"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { scopes } }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { scopes } }"}}',
        '{"type": "subscribe", "payload": {"query": "{ viewer { scopes } }"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { scopes } }", "variables": {"a": NaN}}}',
        '{"type": "subscribe", "id": "1", "payload": {"variables": {"a": ' + "[" * 30 + "]" * 30 + "}}}",
        json.dumps({"type": "subscribe", "id": "x" * 256, "payload": {"query": ALIVE}}),
        '{"type": "complete"}',
        b'{"type": "ping"}',
    ],
)
async def test_what_the_protocol_does_not_know_closes_the_socket(
    live: Served, tenant: Tenant, message: str | bytes
) -> None:
    assert await closed_by(live, tenant, message) == 4400


async def test_greeting_twice_closes_the_socket(live: Served, tenant: Tenant) -> None:
    assert await closed_by(live, tenant, {"type": "connection_init"}) == 4429


async def test_an_id_names_one_operation_at_a_time(live: Served, tenant: Tenant) -> None:
    message = {"type": "subscribe", "id": "1", "payload": {"query": BALANCE}}
    assert await closed_by(live, tenant, message, message) == 4409


async def test_an_id_can_be_used_again(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, tenant.secret) as client:
        for _ in range(20):
            await client.send(id="1", type="subscribe", payload={"query": ALIVE})
            assert (await client.receive())["type"] == "next"
            assert await client.receive() == {"id": "1", "type": "complete"}
            await client.send(id="1", type="subscribe", payload={"query": "{ nothing }"})
            assert (await client.receive())["type"] == "error"
            await client.send(id="1", type="subscribe", payload={"query": BALANCE})
            assert (await client.receive())["type"] == "next"
            await client.send(id="1", type="complete")


async def test_a_message_that_is_too_large_closes_the_socket(live: Served, tenant: Tenant) -> None:
    assert await closed_by(live, tenant, "x" * (2**20 + 1)) == 1009


async def test_text_that_is_not_utf_8_closes_the_socket(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, tenant.secret) as client:
        await client.socket.send(b'{"type": "\xff"}', text=True)
        assert await client.close_code() == 1007


async def test_queries_and_mutations_run_too(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, tenant.secret) as client:
        name = await client.subscribe(ALIVE)
        payload = (await client.message(name))["payload"]
        assert payload["data"] == {"viewer": {"scopes": ["READ", "TRACK", "MANAGE"]}}
        assert payload["extensions"]["cost"]["requested"] == 2
        assert (await client.message(name))["type"] == "complete"
        name = await client.subscribe(
            'mutation { startWorkflow(input: {workflowName: "a", idempotencyKey: "1"}) { ... on WorkflowStarted { replayed } } }'
        )
        assert await client.event(name) == {"replayed": False}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "BAD_USER_INPUT"),
        ("{", "BAD_USER_INPUT"),
        ("{ nothing }", "BAD_USER_INPUT"),
        ("x" * 15_001, "QUERY_TOO_COMPLEX"),
        ("query A { viewer { scopes } } query B { viewer { scopes } }", "BAD_USER_INPUT"),
        ("subscription { balanceChanged { sequence } serviceUsageAdded { sequence } }", "BAD_USER_INPUT"),
        ('{ account(id: "account_00000000000000000000000000000000") { name } }', "FORBIDDEN"),
        (
            "{ viewer { account { workflows(first: 100) { nodes { servicesUsed(first: 100) { nodes { workflow { servicesUsed(first: 100) { nodes { id } } } } } } } } } }",
            "QUERY_TOO_COMPLEX",
        ),
    ],
)
async def test_limits_and_codes_are_those_of_http(
    live: Served, tenant: Tenant, query: str, code: str
) -> None:
    async with listener(live.socket_url, tenant.secret) as client:
        message = await client.message(await client.subscribe(query))
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        assert [error["extensions"]["code"] for error in errors] == [code]


async def test_an_operation_that_is_not_there_is_named(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, tenant.secret) as client:
        await client.send(
            id="1", type="subscribe", payload={"query": "query A { viewer { scopes } }", "operationName": "B"}
        )
        message = await client.message("1")
        assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
        assert message["payload"][0]["message"].startswith("operationName: ")


async def test_a_revoked_key_ends_what_is_open(live: Served, tenant: Tenant) -> None:
    second = await tenant.with_another_key()
    async with (
        listener(live.socket_url, second.secret) as client,
        listener(live.socket_url, tenant.secret) as other,
    ):
        names = [await client.subscribe(BALANCE), await client.subscribe(USAGES)]
        untouched = await other.subscribe(BALANCE)
        for ear, name in ((client, names[0]), (client, names[1]), (other, untouched)):
            await ear.event(name)
        revoke = partial(revoke_api_key, account_id=tenant.account_id, api_key_id=second.api_key_id)
        await live.database.write(Command(tenant.account_id, revoke))
        revoked_at = time.monotonic()
        assert await client.close_code() == 4401
        assert time.monotonic() - revoked_at < 1
        for name in names:
            [message] = client.kept(name)
            assert (message["type"], message["payload"][0]["extensions"]) == (
                "error",
                {"code": "UNAUTHENTICATED"},
            )
        await tenant.grant("7")
        assert (await other.event(untouched))["available"] == "7"


async def test_what_was_opened_ends_with_its_secret(live: Served, tenant: Tenant) -> None:
    """A key that expires, and a secret that a rotation has replaced, once its overlap is over."""
    soon = utc_now() + timedelta(seconds=1.5)
    issuing = partial(
        issue_api_key, account_id=tenant.account_id, name="brief", scopes=[Scope.READ], expires_at=soon
    )
    brief = await live.database.write(Command(tenant.account_id, issuing))
    async with (
        listener(live.socket_url, brief.secret) as expiring,
        listener(live.socket_url, tenant.secret) as replaced,
    ):
        rotating = partial(
            rotate_api_key,
            account_id=tenant.account_id,
            api_key_id=tenant.api_key_id,
            overlap=timedelta(seconds=1),
        )
        rotated = await live.database.write(Command(tenant.account_id, rotating))
        async with listener(live.socket_url, rotated.secret) as new:
            assert await expiring.close_code() == 4401
            assert await replaced.close_code() == 4401
            assert await new.event(await new.subscribe(BALANCE))


async def test_a_key_opens_so_many_sockets_and_subscriptions(sqlite_database_url: str) -> None:
    async with served(sqlite_database_url, sockets_per_key=2, subscriptions_per_key=3) as live:
        tenant = await new_tenant(live.database)
        other = await tenant.with_another_key()
        async with (
            listener(live.socket_url, tenant.secret) as one,
            listener(live.socket_url, tenant.secret) as two,
        ):
            async with raw_socket(live.socket_url) as third:
                await third.send(type="connection_init", payload={"authorization": f"Bearer {tenant.secret}"})
                assert await third.close_code() == 4429
            async with listener(live.socket_url, other.secret):
                pass
            names = [await one.subscribe(BALANCE), await one.subscribe(BALANCE)]
            for name in names:
                await one.event(name)
            await two.event(await two.subscribe(BALANCE))
            message = await two.message(await two.subscribe(BALANCE))
            assert message["payload"][0]["extensions"] == {"code": "RATE_LIMITED"}
            await one.send(id=names[0], type="complete")
            async with asyncio.timeout(5):
                # Until the operation that was completed has ended, which takes it a moment.
                while (await two.message(await two.subscribe(BALANCE)))["type"] == "error":  # noqa: ASYNC110 - it is asked again and again
                    await asyncio.sleep(0.05)
        await live.until_quiet()


async def test_a_socket_that_is_cut_leaves_nothing_behind(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, tenant.secret):
        pass
    await live.until_quiet()
    tasks = len(asyncio.all_tasks())
    for _ in range(10):
        async with listener(live.socket_url, tenant.secret) as client:
            for query in (BALANCE, USAGES, BALANCE):
                await client.event(await client.subscribe(query))
            client.socket.transport.abort()
    await live.until_quiet()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110 - tasks end without telling
            await asyncio.sleep(0.05)


@asynccontextmanager
async def deaf(live: Served, tenant: Tenant) -> AsyncIterator[tuple[Listener, str]]:
    """A client with a subscription to large events, which reads only while the test asks for something."""
    run = await tenant.start(metadata={"notes": ["n" * 9_000, "m" * 9_000]})
    much = " ".join(f"m{number}: metadata" for number in range(40))
    query = f"subscription {{ serviceUsageAdded {{ sequence serviceUsage {{ workflow {{ {much} }} }} }} }}"
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", live.port))
    options = {"sock": narrow, "max_queue": 1, "ping_interval": None, "max_size": None}
    async with listener(live.socket_url, tenant.secret, **options) as client:
        name = await client.subscribe(query)
        await client.event(name)
        await tenant.add(run, *[PHONE] * 60)
        yield client, name


@pytest.fixture
async def impatient(sqlite_database_url: str) -> AsyncIterator[Served]:
    """The service, which waits half a second for readers; after the test nothing is left open."""
    async with served(sqlite_database_url, slow_consumer_seconds=0.5) as service:
        await service.database.write(Command(None, publish_built_in_rate_card))
        yield service
        await service.until_quiet()


async def test_who_does_not_read_holds_up_nobody_and_is_dropped(impatient: Served) -> None:
    tenant = await new_tenant(impatient.database)
    async with listener(impatient.socket_url, tenant.secret) as other:
        heard = await other.subscribe(USAGES)
        await other.event(heard)
        async with deaf(impatient, tenant) as (client, name):
            assert [(await other.event(heard))["sequence"] for _ in range(60)] == list(range(1, 61))
            async with asyncio.timeout(10):
                while impatient.streams.open_count > 1:  # noqa: ASYNC110 - a counter of the service
                    await asyncio.sleep(0.02)
            client.socket.transport.abort()
            assert len(client.kept(name)) < 60


async def test_a_slow_reader_is_told_and_goes_on_after_what_it_has(impatient: Served) -> None:
    tenant = await new_tenant(impatient.database)
    async with deaf(impatient, tenant) as (client, name):
        async with asyncio.timeout(10):
            while impatient.database.feed.watch_count:  # noqa: ASYNC110 - a counter of the service
                await asyncio.sleep(0.01)
        assert await client.close_code() == 4410
        *events, last = client.kept(name)
    assert (last["type"], last["payload"][0]["extensions"]) == ("error", {"code": "RATE_LIMITED"})
    sequence = events[-1]["payload"]["data"]["serviceUsageAdded"]["sequence"]
    assert sequence == len(events) < 60
    async with listener(impatient.socket_url, tenant.secret) as again:
        name = await again.subscribe(USAGES, after=sequence)
        following = [(await again.event(name))["sequence"] for _ in range(sequence, 60)]
        assert following == list(range(sequence + 1, 61))


async def test_an_operators_key_has_no_account_to_listen_to(live: Served) -> None:
    _, key = await issue(live.database, None, "operator", tuple(Scope))
    async with listener(live.socket_url, key) as client:
        message = await client.message(await client.subscribe(BALANCE))
        assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN"}
