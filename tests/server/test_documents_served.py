"""Which documents are run, for whom: the schema is told to those with a right to it, and trusted documents are asked
for by id. All of it over HTTP, server-sent events and the WebSocket alike.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models.api_key import Scope
from tests.streams import BALANCE, Served, events, listener, served
from tests.tenant import Tenant, issue, new_tenant

SCOPES = "query MyScopes { viewer { scopes } }"
NAMES = "query MyName($no: Boolean = false) { viewer { account { name @skip(if: $no) __typename } } }"
FREE = "{ viewer { __typename } }"
SCHEMA = "{ __schema { queryType { name } } }"
IN_A_FRAGMENT = '{ viewer { scopes } ...A } fragment A on Query { __type(name: "Account") { name } }'
DEFAULTS = {"viewer": {"scopes": ["READ", "TRACK", "MANAGE"]}}

Body = dict[str, Any]
Door = Callable[[Served, str, Body], Awaitable[Any]]


async def over_http(live: Served, key: str, body: Body) -> Any:
    return (await _posted(live, key, body, accept="application/json")).json()


async def over_events(live: Served, key: str, body: Body) -> Any:
    response = await _posted(live, key, body, accept="text/event-stream")
    if response.headers["content-type"] == "application/json":
        return response.json()  # refused before the stream began
    [data, *_] = [line for line in response.text.splitlines() if line.startswith("data: ")]
    return json.loads(data.removeprefix("data: "))


async def over_websocket(live: Served, key: str, body: Body) -> Any:
    async with listener(live.socket_url, key) as client:
        await client.send(id="1", type="subscribe", payload=body)
        message = await client.message("1")
    return message["payload"] if message["type"] == "next" else {"errors": message["payload"]}


async def _posted(live: Served, key: str, body: Body, *, accept: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key}", "accept": accept}
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as http:
        return await http.post(live.http_url, json=body, headers=headers)


EVERY_DOOR = pytest.mark.parametrize("door", [over_http, over_events, over_websocket])


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    """What a test is served with: a manifest of three documents, and what it says besides."""
    manifest = tmp_path / "operations.json"
    manifest.write_text(json.dumps({sha256(SCOPES): SCOPES, "my-name": NAMES, "my-balance": BALANCE}))
    return {"trusted_documents": manifest, **getattr(request, "param", {})}


@pytest.fixture
async def live(sqlite_database_url: str, settings: dict[str, object]) -> AsyncIterator[Served]:
    async with served(sqlite_database_url, **settings) as service:
        yield service
        await service.until_quiet()


@pytest.fixture
async def tenant(live: Served) -> Tenant:
    return await new_tenant(live.database)


@EVERY_DOOR
async def test_the_schema_is_told_to_managers(live: Served, tenant: Tenant, door: Door) -> None:
    found = await door(live, tenant.secret, {"query": SCHEMA})
    assert found["data"] == {"__schema": {"queryType": {"name": "Query"}}}
    _, operator = await issue(live.database, None, "operator", (Scope.OPERATE,))
    assert (await door(live, operator, {"query": SCHEMA}))["data"] == found["data"]


@EVERY_DOOR
@pytest.mark.parametrize("query", [SCHEMA, IN_A_FRAGMENT])
async def test_other_keys_are_refused_before_anything_runs(
    live: Served, tenant: Tenant, door: Door, query: str
) -> None:
    _, reader = await issue(live.database, tenant.account_id, "reader", (Scope.READ, Scope.TRACK))
    assert await door(live, reader, {"query": query}) == {
        "errors": [
            {
                "message": "Introspection needs a key with the scope MANAGE or OPERATE; "
                "the schema is also printed by `creditgraph schema`.",
                "extensions": {"code": "FORBIDDEN"},
            }
        ]
    }
    assert (await door(live, reader, {"query": FREE}))["data"] == {"viewer": {"__typename": "Viewer"}}


@pytest.mark.parametrize("settings", [{"introspection": "everybody"}], indirect=True)
async def test_everybody_may_be_told(live: Served, tenant: Tenant) -> None:
    _, tracker = await issue(live.database, tenant.account_id, "tracker", (Scope.TRACK,))
    assert "data" in await over_http(live, tracker, {"query": SCHEMA})


@pytest.mark.parametrize("settings", [{"introspection": "nobody"}], indirect=True)
async def test_nobody_may_be_told(live: Served) -> None:
    _, operator = await issue(live.database, None, "operator", tuple(Scope))
    [error] = (await over_http(live, operator, {"query": SCHEMA}))["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert error["message"].startswith("Introspection is off here (CREDITGRAPH_INTROSPECTION)")


@EVERY_DOOR
@pytest.mark.parametrize(
    "settings", [{}, {"trusted_documents_only": True}], indirect=True, ids=["beside", "only"]
)
async def test_a_document_is_asked_for_by_its_id(live: Served, tenant: Tenant, door: Door) -> None:
    bodies: list[Body] = [
        {"documentId": f"sha256:{sha256(SCOPES)}"},
        {"documentId": sha256(SCOPES), "query": "", "operationName": "MyScopes"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(SCOPES)}}},
        {"query": SCOPES, "documentId": sha256(SCOPES)},
    ]
    for body in bodies:
        assert (await door(live, tenant.secret, body))["data"] == DEFAULTS, body
    body = {"documentId": "my-name", "variables": {"no": True}}
    assert (await door(live, tenant.secret, body))["data"] == {
        "viewer": {"account": {"__typename": "Account"}}
    }


@EVERY_DOOR
async def test_what_no_document_is_is_told(live: Served, tenant: Tenant, door: Door) -> None:
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": sha256(FREE)}}
    assert await door(live, tenant.secret, {"extensions": hashed}) == {
        "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "NOT_FOUND"}}]
    }
    # What Apollo's clients do next.
    again = await door(live, tenant.secret, {"extensions": hashed, "query": FREE})
    assert again["data"] == {"viewer": {"__typename": "Viewer"}}
    [error] = (await door(live, tenant.secret, {"documentId": "nothing"}))["errors"]
    assert error["extensions"] == {"code": "NOT_FOUND"}
    [error] = (await door(live, tenant.secret, {"documentId": "my-name", "query": FREE}))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@EVERY_DOOR
@pytest.mark.parametrize("settings", [{"trusted_documents_only": True}], indirect=True)
async def test_a_free_text_is_refused_for_every_key(live: Served, tenant: Tenant, door: Door) -> None:
    _, operator = await issue(live.database, None, "operator", tuple(Scope))
    refused = {
        "errors": [
            {
                "message": "Only trusted documents are run here: name one by documentId. "
                "The operator may allow others (CREDITGRAPH_TRUSTED_DOCUMENTS_ONLY).",
                "extensions": {"code": "FORBIDDEN"},
            }
        ]
    }
    for key in (tenant.secret, operator):
        for query in (FREE, SCHEMA, f"{SCOPES} ", "mutation { __typename }"):
            assert await door(live, key, {"query": query}) == refused


@pytest.mark.parametrize("door", [over_http, over_events])
async def test_a_stranger_learns_of_no_document(live: Served, tenant: Tenant, door: Door) -> None:
    other = tenant.secret[:-1] + ("a" if tenant.secret[-1] != "a" else "b")
    for document_id in ("my-name", "nothing"):
        [error] = (await door(live, other, {"documentId": document_id}))["errors"]
        assert error["extensions"] == {"code": "UNAUTHENTICATED"}


@pytest.mark.parametrize("settings", [{"trusted_documents_only": True}], indirect=True)
async def test_a_trusted_subscription_streams(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, tenant.secret) as client:
        await client.send(id="1", type="subscribe", payload={"documentId": "my-balance"})
        first = await client.event("1")
    async with events(live.http_url, tenant.secret, BALANCE) as stream:
        name, event = await anext(stream)
    assert (name, event["data"]) == ("next", {"balanceChanged": first})
