"""The excess, over real sockets: refused before it is a request, and its connection goes on."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from server.transport.connections import BoundedConnection
from tests.by_hand import ALIVE, connected, until_unread
from tests.crowds import crowded
from tests.streams import Served, served
from tests.tenant import Tenant

ERROR = {
    "message": "The service has more to do than it can; try again in a moment.",
    "extensions": {"code": "UNAVAILABLE"},
}


@pytest.fixture
async def live(sqlite_database_url: str) -> AsyncIterator[Served]:
    """The service, that takes in two at a time."""
    async with served(sqlite_database_url, most_in_flight=2) as service:
        yield service


async def test_a_connection_goes_on_after_a_refusal(live: Served, tenant: Tenant) -> None:
    async with connected(live.port, tenant.secret) as connection:
        async with crowded(live.admission):
            # Two behind each other, then one whose body comes late.
            connection.send(connection.head("x-request-id: one"), ALIVE, connection.head(), ALIVE)
            status, headers, body = await connection.answer()
            assert (status, body) == (503, {"errors": [ERROR]})
            assert headers == {
                "content-type": "application/json",
                "content-length": headers["content-length"],
                "retry-after": "1",
                "x-content-type-options": "nosniff",
                "cache-control": "no-store",
                "x-request-id": "one",
            }
            _, headers, _ = await connection.answer()
            assert len(headers["x-request-id"]) == 32
            connection.send(connection.head())
            assert (await connection.answer())[0] == 503
            connection.send(ALIVE)
            connection.send(connection.head(), ALIVE)
            assert (await connection.answer())[0] == 503
        connection.send(connection.head(), ALIVE)
        status, _, body = await connection.answer()
        assert status == 200
        assert isinstance(body, dict)
        assert body["data"] == {"viewer": {"scopes": ["READ", "TRACK", "MANAGE"]}}
    assert live.admission.refused == live.admission.refused_at_the_door == 4


@pytest.mark.usefixtures("connections")
@pytest.mark.parametrize("rest", [ALIVE, ALIVE[:9], b""], ids=["a whole body", "half of one", "none"])
async def test_who_was_refused_and_says_no_more_is_let_go(live: Served, tenant: Tenant, rest: bytes) -> None:
    async with crowded(live.admission), connected(live.port, tenant.secret) as connection:
        connection.send(connection.head())
        assert (await connection.answer())[0] == 503
        connection.send(rest)
        assert await connection.is_closed()


@pytest.mark.parametrize(
    ("more", "length", "path", "body"),
    [
        ("connection: close", len(ALIVE), "/graphql", {"errors": [ERROR]}),
        ("expect: 100-continue", len(ALIVE), "/graphql", {"errors": [ERROR]}),
        ("accept: */*", 123_456, "/graphql", {"errors": [ERROR]}),
        ("connection: close", 2, "/api/v1/agent/create", {"error": {"message": ERROR["message"]}}),
    ],
)
async def test_what_is_less_plain_is_refused_by_the_gate(
    live: Served, tenant: Tenant, more: str, length: int, path: str, body: object
) -> None:
    async with crowded(live.admission), connected(live.port, tenant.secret) as connection:
        connection.send(connection.head(more, length=length, path=path))
        status, headers, told = await connection.answer()
        assert (status, headers["retry-after"], headers["connection"], told) == (503, "1", "close", body)
        assert await connection.is_closed()
    assert (live.admission.refused, live.admission.refused_at_the_door) == (1, 0)


async def test_refusals_are_counted_as_answers(live: Served, tenant: Tenant) -> None:
    async with crowded(live.admission), connected(live.port, tenant.secret) as connection:
        for _ in range(3):
            connection.send(connection.head(), ALIVE)
            assert (await connection.answer())[0] == 503
        async with httpx2.AsyncClient(trust_env=False) as http:
            told = (await http.get(f"http://127.0.0.1:{live.port}/metrics")).text
    assert 'creditgraph_http_requests_total{route="graphql",status="503"} 3.0' in told
    assert "creditgraph_admission_refusals_total 3.0" in told


async def test_who_does_not_read_refusals_is_not_heard_any_more(
    live: Served, tenant: Tenant, connections: list[BoundedConnection]
) -> None:
    wanted = 40_000
    async with crowded(live.admission), connected(live.port, tenant.secret) as connection:
        connection.send((connection.head() + ALIVE) * wanted)
        [other_side] = connections
        await until_unread(other_side)
        assert live.admission.refused < wanted
