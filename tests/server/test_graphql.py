"""POST /graphql: the door itself, before and around the graph."""

import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from metering.api_keys import new_secret
from models.database import Database
from server.transport.replies import GRAPHQL_RESPONSE
from server.transport.sizes import LARGEST_BODY_BYTES
from tests.door import Door, opened_door
from tests.tenant import Tenant, issue

SCOPES = b'{"query": "{ viewer { scopes } }"}'
ANSWER = {"data": {"viewer": {"scopes": ["READ", "TRACK", "MANAGE"]}}}


@pytest.fixture
async def ask(database: Database) -> Any:
    async with opened_door(database) as door:
        yield door


async def test_a_key_is_taken_from_either_header(ask: Door, tenant: Tenant) -> None:
    for headers in (
        {"authorization": f"Bearer {tenant.secret}"},
        {"authorization": f"bearer  {tenant.secret} "},
        {"x_api_key": tenant.secret},
    ):
        response = await ask.post(None, SCOPES, **headers)
        assert (response.status_code, response.json()["data"]) == (200, ANSWER["data"])
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/json"


async def test_without_a_living_key_nothing_is_said(ask: Door, tenant: Tenant) -> None:
    revoked, secret = await issue(tenant.database, tenant.account_id, "revoked")
    mutation = f'mutation {{ revokeApiKey(input: {{apiKeyId: "key_{revoked.id.hex}"}}) {{ __typename }} }}'
    assert (await ask(secret, "{ viewer { scopes } }"))[0] == 200
    await ask.data(tenant.secret, mutation)
    bad = tenant.secret[:-1] + ("a" if tenant.secret[-1] != "a" else "b")
    for headers in (
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer nexus_"},
        {"authorization": f"Basic {tenant.secret}"},
        {"authorization": f"Bearer {bad}"},
        {"authorization": f"Bearer {new_secret()}"},
        {"authorization": f"Bearer {secret}"},
        {"x_api_key": secret},
        {"x_api_key": "nexus_" + "0" * 5_000},
        {"authorization": f"Bearer {bad}", "x_api_key": tenant.secret},
    ):
        for body in (SCOPES, b"not even JSON"):
            response = await ask.post(None, body, **headers)
            assert response.status_code == 401, headers
            assert response.headers["www-authenticate"] == "Bearer"
            [error] = response.json()["errors"]
            assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_bodies_that_are_no_operation(ask: Door, tenant: Tenant) -> None:
    for status, body in [
        (400, b""),
        (400, b"{"),
        (400, b"[]"),
        (400, b"[" + SCOPES + b"]"),
        (400, b'"text"'),
        (400, b"null"),
        (400, b"\xff\xfe\xfd"),
        (400, b"[" * 100_000),
        (400, b'{"a": NaN}'),
        (400, b'{"a": Infinity}'),
        (400, b'{"a": ' + b"9" * 101 + b"}"),
        (400, b'{"a": 0.' + b"9" * 100 + b"}"),
        (400, SCOPES.decode().encode("utf-16")),
        (400, SCOPES.decode().encode("utf-32-le")),
        (400, b"\xef\xbb\xbf" + SCOPES),
        (400, b'{"query": "{ viewer { scopes } }", "variables": {"a": "\xe4"}}'),
        (400, b'{"query": "{ viewer { scopes } }", "variables": ' + b'{"a": ' * 20 + b"1" + b"}" * 20 + b"}"),
        (400, b'{"query": "{ viewer { scopes } }", "variables": {"a": ' + b"[" * 20 + b"]" * 20 + b"}}"),
        (400, b'{"query": "{ viewer { scopes } }", "query": "{ nope }"}'),
        (400, b'{"query": "{ viewer { scopes } }", "variables": {"a": {"b": 1, "b": 2}}}'),
        (400, b"{}"),
        (400, b'{"query": null}'),
        (400, b'{"query": 5}'),
        (400, b'{"query": "  "}'),
        (200, b'{"query": "fragment A on Viewer { scopes }"}'),
        (400, b'{"query": "{ viewer { scopes } }", "variables": []}'),
        (400, b'{"query": "{ viewer { scopes } }", "operationName": 5}'),
        (200, b'{"query": "query A { viewer { scopes } }", "operationName": "B"}'),
        (413, b'{"query": "' + b"x" * LARGEST_BODY_BYTES + b'"}'),
    ]:
        response = await ask.post(tenant.secret, body)
        codes = [error["extensions"]["code"] for error in response.json()["errors"]]
        assert (response.status_code, codes) == (status, ["BAD_USER_INPUT"]), body[:60]


async def test_only_json_is_read(ask: Door, tenant: Tenant) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        response = await ask.post(tenant.secret, SCOPES, content_type=media_type)
        assert response.status_code == 415, media_type
    for parameter in ("charset=utf-16", "charset=latin-1", "charset=utf-8; profile=x", "boundary=x"):
        response = await ask.post(tenant.secret, SCOPES, content_type=f"application/json; {parameter}")
        assert response.status_code == 415, parameter
    for encoding in ("gzip", "br", "deflate", "gzip, identity"):
        assert (await ask.post(tenant.secret, SCOPES, content_encoding=encoding)).status_code == 415, encoding
    for media_type in (
        "application/json",
        "Application/JSON; charset=utf-8",
        'application/json;charset="UTF-8"',
    ):
        assert (await ask.post(tenant.secret, SCOPES, content_type=media_type)).json()["data"] == ANSWER[
            "data"
        ]


async def test_other_methods_are_not_allowed(ask: Door, tenant: Tenant) -> None:
    http: AsyncClient = ask.http
    for method in ("GET", "PUT", "DELETE"):
        response = await http.request(
            method, "/graphql?query={viewer{scopes}}", headers={"x-api-key": tenant.secret}
        )
        assert response.status_code == 405, method


async def test_operations_are_named(ask: Door, tenant: Tenant) -> None:
    query = "query A { viewer { scopes } } query B { viewer { apiKey { name } } }"
    for name, data in [("A", ANSWER["data"]), ("B", {"viewer": {"apiKey": {"name": "first"}}})]:
        body = json.dumps(
            {"query": query, "operationName": name, "variables": None, "extensions": {}}
        ).encode()
        assert (await ask.post(tenant.secret, body)).json()["data"] == data
    for name in (None, ""):
        body = json.dumps({"query": query, "operationName": name}).encode()
        [error] = (await ask.post(tenant.secret, body)).json()["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_its_own_media_type_tells_by_the_status(ask: Door, tenant: Tenant) -> None:
    missing = "query($id: ID!) { node(id: $id) { id } }"
    for query, status in [
        ("{ viewer { scopes } }", 200),
        ("{", 400),
        ("{ nope }", 400),
        (missing, 400),
        ("query A { viewer { scopes } } query B { viewer { scopes } }", 400),
        ('{ node(id: "garbage") { id } }', 200),
    ]:
        body = json.dumps({"query": query}).encode()
        plain = await ask.post(tenant.secret, body)
        strict = await ask.post(tenant.secret, body, accept=GRAPHQL_RESPONSE)
        assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json")
        assert (strict.status_code, strict.headers["content-type"]) == (status, GRAPHQL_RESPONSE), query
        assert _without_cost(plain.json()) == _without_cost(strict.json())
        assert ("data" in strict.json()) is (status == 200)


async def test_numbers_of_the_body_stay_exact(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    query = """mutation($id: ID!, $units: Decimal!, $key: String!) { addServiceUsage(input: {workflowId: $id, units: $units,
      serviceType: VOICE_TTS, provider: "cartesia", unitType: CHARACTERS, idempotencyKey: $key}) {
      ... on ServiceUsageAdded { serviceUsage { unitsConsumed exactCredits } } } }"""
    for units, exact in [
        ("0.1", "0.00015"),
        ("999999999999.999999", "1499999999.9999999985"),
    ]:
        variables = f'{{"id": "workflow_{run.id.hex}", "units": {units}, "key": "{units}"}}'
        body = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
        answer = (await ask.post(tenant.secret, body.encode())).json()
        assert answer["data"]["addServiceUsage"]["serviceUsage"] == {
            "unitsConsumed": units,
            "exactCredits": exact,
        }


async def test_the_use_of_a_key_is_noted(ask: Door, tenant: Tenant) -> None:
    query = "{ viewer { apiKey { lastUsedAt } } }"
    assert (await ask.data(tenant.secret, query))["viewer"]["apiKey"] == {"lastUsedAt": None}
    await tenant.start()  # the same lane: what was to be noted is written by now
    assert (await ask.data(tenant.secret, query))["viewer"]["apiKey"] == {
        "lastUsedAt": "2026-03-04T12:00:00Z"
    }


def _without_cost(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "extensions"}
