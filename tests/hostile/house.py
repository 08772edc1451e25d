"""A store with one of everything, served in this process: to its owner, and to an operator of the platform."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLField
from starlette.types import ASGIApp

from models.api_key import Scope
from server.app import service
from server.settings import Settings
from tests.clock import SettableClock
from tests.databases.opened import opened_with_prices, verify
from tests.door import opened_door
from tests.graph.tenancy.asking import Caller
from tests.graph.tenancy.estate import new_estate
from tests.graph.tenancy.positions import ROOTS
from tests.graph.test_permissions import scope_of
from tests.tenant import issue


@dataclass(frozen=True, slots=True)
class House:
    """A store with one of everything, served in this process to its owner and to an operator."""

    streaming: ASGIApp
    caller: Caller
    operator: Caller

    def caller_at(self, type_name: str, field: GraphQLField) -> Caller:
        """Say who may ask a field."""
        is_root = type_name in ROOTS
        return self.operator if is_root and scope_of(field) is Scope.OPERATE else self.caller

    async def answer(self, type_name: str, secret: str, body: bytes) -> Any:
        """Ask a field of a type, and give the answer's JSON; of a subscription, the first event's."""
        if type_name == "Subscription":
            return await _first_event(self.streaming, secret, body)
        response = await self.caller.ask.post(secret, body)
        assert response.status_code < 500, response.text
        return response.json()


@asynccontextmanager
async def house(url: str) -> AsyncIterator[House]:
    """Serve a store, and verify its books in the end."""
    clock = SettableClock()
    async with opened_with_prices(url, clock) as database:
        streaming = service(Settings.of({"database_url": url, "cost_limit": 0}), database)
        async with opened_door(database, cost_limit=0) as ask:
            _, operator = await issue(database, None, "operator", tuple(Scope))
            estate = await new_estate(ask, operator, "quagga", "6543.21")
            yield House(streaming, Caller(ask, estate, estate.secret), Caller(ask, estate, operator))
        await verify(database)


async def _first_event(app: ASGIApp, secret: str, body: bytes) -> Any:
    """Subscribe, hear the first event or the refusal, and leave."""
    heard, left = bytearray(), asyncio.Event()
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])
    headers = {
        "authorization": f"Bearer {secret}",
        "accept": "text/event-stream",
        "content-type": "application/json",
    }

    async def receive() -> Any:
        for message in sent:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        heard.extend(message.get("body", b""))
        if b"\n\n" in heard or not message.get("more_body", True):
            left.set()

    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
        "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("service", 80), "root_path": "",
    }  # fmt: skip
    async with asyncio.timeout(20):
        await app(scope, receive, send)
    text = heard.decode()
    if text.startswith(":"):
        return {"data": {}}  # it listens, and there is no news: what comes first is a sign of life
    return json.loads(next((line[6:] for line in text.splitlines() if line.startswith("data: {")), text))
