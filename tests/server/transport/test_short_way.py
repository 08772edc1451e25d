"""The short way, over real sockets: the answers of the long one, in order, however requests come."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

from models.workflow import Workflow
from server.transport.connections import MOST_AT_ONCE, BoundedConnection
from server.transport.short_way import ShortWay
from tests.by_hand import ALIVE, Connection, connected, until_unread
from tests.keys import entries
from tests.streams import Served, served
from tests.tenant import Tenant, new_tenant

ANSWER = {"viewer": {"scopes": ["READ", "TRACK", "MANAGE"]}}
WAITS = json.dumps({"query": "{ viewer { account { name } } }"}).encode()
THE_LONG_WAY = "upgrade: none"


def start(idempotency_key: str) -> bytes:
    """Give the body of a request that starts a run."""
    given = f'{{workflowName: "call", idempotencyKey: "{idempotency_key}"}}'
    return json.dumps({"query": f"mutation {{ startWorkflow(input: {given}) {{ __typename }} }}"}).encode()


START = start("again")
MAKES = json.dumps(
    {
        "query": 'mutation { createAgent(input: {name: "one", businessAdapter: "emergencyservices"}) { __typename } }'
    }
).encode()


@pytest.fixture
async def live(sqlite_database_url: str, connections: list[BoundedConnection]) -> AsyncIterator[Served]:
    """The service."""
    assert connections == []
    async with served(sqlite_database_url) as service:
        yield service


@pytest.fixture
async def connection(live: Served, tenant: Tenant) -> AsyncIterator[Connection]:
    """A connection of the account."""
    async with connected(live.port, tenant.secret) as connection:
        yield connection


def way_of(connections: list[BoundedConnection]) -> ShortWay:
    """Give the short way that connections take."""
    way: ShortWay = connections[0].app_state["short_way"]
    return way


@pytest.mark.parametrize(
    ("more", "body", "status"),
    [
        ([], ALIVE, 200),
        (["accept: application/graphql-response+json"], ALIVE, 200),
        (["accept: application/graphql-response+json"], b'{"query": "{ nothing }"}', 400),
        ([], b'{"query": "{ nothing }"}', 200),
        ([], b'{"query": "{ viewer { scopes } }", "variables": 1}', 400),
        ([], b'{"query": "{ viewer { scopes } }"', 400),
        ([], b"", 400),
        (["x-api-key: nexus_wrong", "accept: */*", "accept: text/html"], ALIVE, 200),
        (["content-encoding: gzip"], ALIVE, 415),
        ([], WAITS, 200),
        ([], START, 200),
    ],
)
async def test_both_ways_give_the_same_answer(
    connection: Connection,
    connections: list[BoundedConnection],
    more: list[str],
    body: bytes,
    status: int,
) -> None:
    told = []
    for way in (THE_LONG_WAY, "x-short: 1", "x-short: 1"):
        connection.send(connection.head(*more, way, "x-request-id: same", length=len(body)), body)
        found, headers, answer = await connection.answer()
        assert isinstance(answer, dict)
        cost = answer.get("extensions", {}).get("cost", {})
        cost.pop("remaining", None)
        told.append((found, headers, answer))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == status
    assert way_of(connections).known == {}  # an id is for one request


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7", "127.0.0.1"], "203.0.113.7"),
        ("127.0.0.1, 10.0.0.0/8", ["203.0.113.7, 10.1.2.3:4711"], "203.0.113.7"),
        ("127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("127.0.0.1", ["nobody"], None),
        ("127.0.0.1", ["fe80::1%<nobody>"], None),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("*", ["198.51.100.1, 203.0.113.7"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.7"], "127.0.0.1"),
    ],
)
async def test_both_ways_believe_the_same_proxies(
    monkeypatch: pytest.MonkeyPatch,
    sqlite_database_url: str,
    connections: list[BoundedConnection],
    trusted: str,
    forwarded: list[str],
    address: str | None,
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    lines = ["x-forwarded-proto: https", *(f"x-forwarded-for: {each}" for each in forwarded)]
    async with served(sqlite_database_url) as live:
        tenant = await new_tenant(live.database)
        before = len(await entries(live.database))
        async with connected(live.port, tenant.secret) as connection:
            for more in ([THE_LONG_WAY], [], []):
                connection.send(connection.head(*more, *lines, length=len(MAKES)), MAKES)
                assert (await connection.answer())[0] == 200
        found = [entry.by.address for entry in (await entries(live.database))[before:]]
    assert found == [address] * 3
    assert len(way_of(connections).known) == (len(forwarded) == 1)


async def test_without_a_key_both_ways_say_so(live: Served) -> None:
    async with connected(live.port, "nexus_wrong") as connection:
        for more in ([THE_LONG_WAY], [], []):
            connection.send(connection.head(*more), ALIVE)
            status, headers, answer = await connection.answer()
            assert (status, headers["www-authenticate"]) == (401, "bearer")
            assert isinstance(answer, dict)
            assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_pipelined_requests_are_answered_in_order(connection: Connection) -> None:
    requests = (ALIVE, WAITS, ALIVE, ALIVE, WAITS, START, ALIVE)
    for _ in range(3):
        connection.send(*(connection.head(length=len(body)) + body for body in requests))
        for body in requests:
            _, _, answer = await connection.answer()
            assert isinstance(answer, dict)
            wanted = "startWorkflow" if body is START else "viewer"
            assert list(answer["data"]) == [wanted]
            assert ("scopes" in str(answer)) == (body is ALIVE)


async def test_many_at_once_let_others_in_between(
    connection: Connection, connections: list[BoundedConnection]
) -> None:
    connection.send(connection.head(), ALIVE)
    assert (await connection.answer())[0] == 200  # from here on the key is known, and nobody waits
    [other_side] = connections
    before, most = other_side.server_state.total_requests, 0
    wanted = 1_000
    connection.send((connection.head() + ALIVE) * (wanted - before))
    async with asyncio.timeout(20):
        while before < wanted:
            await asyncio.sleep(0)
            now = other_side.server_state.total_requests
            before, most = now, max(most, now - before)
    assert most <= MOST_AT_ONCE + 1
    for _ in range(wanted - 1):
        assert (await connection.answer())[0] == 200


async def test_a_request_in_pieces_is_one(connection: Connection) -> None:
    for _ in range(2):
        whole = connection.head() + ALIVE
        for end in (1, 40, len(whole) - len(ALIVE), len(whole) - 1):
            connection.send(whole[:end])
            await asyncio.sleep(0.01)
            connection.send(whole[end:])
            status, _, answer = await connection.answer()
            assert isinstance(answer, dict)
            assert (status, answer["data"]) == (200, ANSWER)


async def test_who_leaves_in_the_middle_is_not_waited_for_and_what_was_begun_is_done(
    live: Served, tenant: Tenant, connections: list[BoundedConnection]
) -> None:
    for number in range(3):
        body = start(str(number))
        async with connected(live.port, tenant.secret) as connection:
            connection.send(connection.head(length=len(body)), body)
            while not connections[-1].tasks:  # noqa: ASYNC110 - a set of uvicorn's
                await asyncio.sleep(0)
    async with asyncio.timeout(10):
        while connections[0].connections or connections[0].tasks:  # noqa: ASYNC110 - sets of uvicorn's
            await asyncio.sleep(0.01)
    async with tenant.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Workflow)) == 3


async def test_who_does_not_read_is_not_answered_any_more(
    live: Served, tenant: Tenant, connections: list[BoundedConnection]
) -> None:
    wanted = 15_000
    async with connected(live.port, tenant.secret) as connection:
        connection.send((connection.head() + ALIVE) * wanted)
        [other_side] = connections
        await until_unread(other_side)
        assert other_side.server_state.total_requests < wanted
        for _ in range(wanted):
            assert (await connection.answer())[0] == 200
        assert other_side.server_state.total_requests == wanted


async def test_who_has_heard_everything_and_is_quiet_is_let_go(connection: Connection) -> None:
    for pause_seconds in (0.3, 0.3, 0):
        connection.send(connection.head(), ALIVE)
        assert (await connection.answer())[0] == 200
        await asyncio.sleep(pause_seconds)
    assert await connection.is_closed()


async def test_a_known_head_is_that_of_its_bytes(
    tenant: Tenant, connection: Connection, connections: list[BoundedConnection]
) -> None:
    for body in (ALIVE, b" " + ALIVE, ALIVE, b" " + ALIVE):
        connection.send(connection.head(length=len(body)), body)
        assert (await connection.answer())[0] == 200
    assert {raw: head.length for raw, head in way_of(connections).known.items()} == {
        connection.head(): len(ALIVE),
        connection.head(length=len(ALIVE) + 1): len(ALIVE) + 1,
    }
    assert {head.secret for head in way_of(connections).known.values()} == {tenant.secret}


@pytest.mark.parametrize(
    "change",
    [
        lambda head: b"\r\n\r\n" + head,
        lambda head: head.replace(b"host: here\r\n", b"host: here\r\naccept: a\r\naccept: b\r\n"),
        lambda head: head.replace(b"host: here\r\n", b"host: here\r\ntraceparent: 00-1-2-01\r\n"),
        lambda head: head.replace(b"host: here\r\n", b"host: here\r\nx-long: " + b"x" * 3_000 + b"\r\n"),
    ],
    ids=["blank lines first", "two of a name", "a trace", "a long one"],
)
async def test_a_head_that_is_not_plain_as_day_is_read_each_time(
    connection: Connection, connections: list[BoundedConnection], change: object
) -> None:
    assert callable(change)
    for _ in range(2):
        connection.send(change(connection.head()), ALIVE)
        assert (await connection.answer())[0] == 200
    assert way_of(connections).known == {}
