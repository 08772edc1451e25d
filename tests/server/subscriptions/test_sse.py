"""Server-sent events: one request an operation, which ends with its last event."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import httpx2
import pytest

from metering.api_keys import revoke_api_key
from metering.rate_cards import publish_built_in_rate_card
from models.writer import Command
from tests.streams import BALANCE, USAGES, Served, events, served
from tests.tenant import Tenant

PHONE = "PHONE twilio 1 MINUTES"
EVENTS = {"accept": "text/event-stream"}


@pytest.fixture
async def live(sqlite_database_url: str) -> AsyncIterator[Served]:
    """The service; after the test nothing is left open."""
    async with served(sqlite_database_url, subscriptions_per_key=2) as service:
        await service.database.write(Command(None, publish_built_in_rate_card))
        yield service
        await service.until_quiet()


async def test_events_come_as_they_happen(live: Served, tenant: Tenant) -> None:
    run = await tenant.start()
    async with events(live.http_url, tenant.secret, USAGES) as stream:
        name, first = await anext(stream)
        assert (name, first["data"]["serviceUsageAdded"]["serviceUsage"]) == ("next", None)
        for sequence in (1, 2, 3):
            await tenant.add(run, PHONE)
            name, event = await anext(stream)
            assert (name, event["data"]["serviceUsageAdded"]["sequence"]) == ("next", sequence)
    async with events(live.http_url, tenant.secret, USAGES, after=2) as stream:
        _, event = await anext(stream)
        assert event["data"]["serviceUsageAdded"]["sequence"] == 3


async def test_a_query_is_answered_and_complete(live: Served, tenant: Tenant) -> None:
    async with events(live.http_url, tenant.secret, "{ viewer { scopes } }") as stream:
        (kind, answer), last = [event async for event in stream]
        assert (kind, answer["data"]) == ("next", {"viewer": {"scopes": ["READ", "TRACK", "MANAGE"]}})
        assert answer["extensions"]["cost"]["actual"] == 2
        assert last == ("complete", None)


@pytest.mark.parametrize(
    "query", ["{ nothing }", "query A { viewer { scopes } } query B { viewer { scopes } }"]
)
async def test_what_is_refused_is_complete(live: Served, tenant: Tenant, query: str) -> None:
    async with events(live.http_url, tenant.secret, query) as stream:
        (name, answer), end = [event async for event in stream]
    assert (name, end) == ("next", ("complete", None))
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}]


async def test_what_comes_before_the_stream_is_plain_json(live: Served, tenant: Tenant) -> None:
    key = {"authorization": f"Bearer {tenant.secret}"}
    async with httpx2.AsyncClient(trust_env=False) as http:
        for headers, content, status, code in (
            (EVENTS, b"{}", 401, "UNAUTHENTICATED"),
            (EVENTS | key, b"{", 400, "BAD_USER_INPUT"),
            (EVENTS | key, b"{}", 400, "BAD_USER_INPUT"),
            (key, json.dumps({"query": BALANCE}).encode(), 400, "BAD_USER_INPUT"),
            (
                {"accept": "application/json, text/event-stream"} | key,
                json.dumps({"query": BALANCE}).encode(),
                400,
                "BAD_USER_INPUT",
            ),
        ):
            answer = await http.post(
                live.http_url, content=content, headers={"content-type": "application/json"} | headers
            )
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["errors"][0]["extensions"] == {"code": code}


async def test_a_key_has_so_many_streams(live: Served, tenant: Tenant) -> None:
    async with (
        events(live.http_url, tenant.secret, BALANCE) as one,
        events(live.http_url, tenant.secret, BALANCE) as two,
    ):
        await anext(one)
        await anext(two)
        async with httpx2.AsyncClient(trust_env=False) as http:
            headers = EVENTS | {"authorization": f"Bearer {tenant.secret}"}
            answer = await http.post(live.http_url, json={"query": BALANCE}, headers=headers)
            assert answer.status_code == 429
            assert answer.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}


async def test_a_revoked_key_ends_the_stream(live: Served, tenant: Tenant) -> None:
    async with events(live.http_url, tenant.secret, BALANCE) as stream:
        await anext(stream)
        revoke = partial(revoke_api_key, account_id=tenant.account_id, api_key_id=tenant.api_key_id)
        await live.database.write(Command(tenant.account_id, revoke))
        async with asyncio.timeout(5):
            (name, answer), end = [event async for event in stream]
    assert (name, end) == ("next", ("complete", None))
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_quiet_stream_is_kept_alive(live: Served, tenant: Tenant) -> None:
    live.streams.limits = replace(live.streams.limits, keep_alive_seconds=0.1)
    headers = EVENTS | {"authorization": f"Bearer {tenant.secret}"}
    async with (
        httpx2.AsyncClient(trust_env=False) as http,
        http.stream("POST", live.http_url, json={"query": BALANCE}, headers=headers) as response,
    ):
        text = ""
        async for piece in response.aiter_text():
            text += piece
            if text.endswith(":\n\n:\n\n"):
                break
    assert text.startswith("event: next\ndata: {")


async def test_who_does_not_read_is_dropped(live: Served, tenant: Tenant) -> None:
    live.streams.limits = replace(live.streams.limits, slow_seconds=0.3)
    run = await tenant.start(metadata={"notes": ["n" * 9_000, "m" * 9_000]})
    much = " ".join(f"m{number}: metadata" for number in range(40))
    query = f"subscription {{ serviceUsageAdded {{ serviceUsage {{ workflow {{ {much} }} }} }} }}"
    async with events(live.http_url, tenant.secret, query) as stream:
        await anext(stream)
        await tenant.add(run, *[PHONE] * 60)
        await live.until_quiet()


async def test_a_drained_service_says_so(live: Served, tenant: Tenant) -> None:
    async with events(live.http_url, tenant.secret, BALANCE) as stream:
        await anext(stream)
        live.streams.drain()
        (_, answer), end = [event async for event in stream]
    assert answer["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}
    assert end == ("complete", None)


async def test_of_many_that_come_at_once_only_so_many_come_in(live: Served, tenant: Tenant) -> None:
    live.streams.limits = replace(live.streams.limits, streams=1)
    headers = EVENTS | {"authorization": f"Bearer {tenant.secret}"}
    async with httpx2.AsyncClient(trust_env=False) as http, AsyncExitStack() as stack:
        asked = [
            stack.enter_async_context(
                http.stream("POST", live.http_url, json={"query": BALANCE}, headers=headers)
            )
            for _ in range(8)
        ]
        answers = await asyncio.gather(*asked)
        assert sorted(answer.status_code for answer in answers) == [200] + [429] * 7
