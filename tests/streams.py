"""Listeners: a served store, and clients that speak graphql-transport-ws and server-sent events to it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx2
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from models.database import Database
from server.admission import Admission
from server.app import service
from server.settings import Settings
from server.subscriptions.streams import Streams
from server.transport.connections import BoundedConnection
from server.transport.sockets import LettingGo
from tests.databases.opened import closed, opened
from tests.tenant import Tenant

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 20.0
USAGES = "subscription ($workflow: ID, $agent: ID, $after: Long) { serviceUsageAdded(workflowId: $workflow, agentId: $agent, after: $after) { sequence serviceUsage { id creditsUsed provider } } }"
BALANCE = "subscription ($after: Long) { balanceChanged(after: $after) { sequence available held spent overdraft spendable burnRatePerMinute secondsToExhaustion } }"
WORKFLOW = "subscription ($workflow: ID!) { workflowChanged(workflowId: $workflow) { sequence workflow { id status totalCreditsUsed usageCount } } }"


@dataclass(frozen=True, slots=True)
class Served:
    """The service over a store, on a port of its own in this process."""

    database: Database
    streams: Streams
    admission: Admission
    port: int

    @property
    def http_url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        """Where it is listened to."""
        return f"ws://127.0.0.1:{self.port}/graphql"

    async def until_quiet(self) -> None:
        """Wait until nothing is open and nobody waits for news."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (  # noqa: ASYNC110 - counters of the service, which nobody announces
                self.streams.open_count or self.streams.subscription_count or self.database.feed.watch_count
            ):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def served(database_url: str, **settings: object) -> AsyncIterator[Served]:
    """Serve a store for the length of the block, as `creditgraph serve` does."""
    database = closed(database_url)
    app = service(Settings.of({"database_url": database_url, **settings}), database)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            server_header=False,
            http=BoundedConnection,
            ws=LettingGo,
            ws_per_message_deflate=False,
            ws_max_size=2**20,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn says it by a flag
        await asyncio.sleep(0.01)
    try:
        yield Served(database, app.state.streams, app.state.admission, listener.getsockname()[1])
    finally:
        app.state.streams.drain()
        server.should_exit = True
        await running


@dataclass(slots=True)
class Listener:
    """A client with one socket, whose messages are kept until somebody asks for those of an id."""

    socket: ClientConnection
    _numbers: Any = field(default_factory=lambda: count(1))
    _kept: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, **message: Any) -> None:
        """Send a message."""
        await self.socket.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """Give the next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: dict[str, Any] = json.loads(await self.socket.recv())
            return message

    async def subscribe(self, query: str, **variables: Any) -> str:
        """Run an operation, and give its id."""
        name = str(next(self._numbers))
        await self.send(id=name, type="subscribe", payload={"query": query, "variables": variables})
        return name

    async def message(self, name: str) -> dict[str, Any]:
        """Give the next message of an operation."""
        for kept in self._kept:
            if kept.get("id") == name:
                self._kept.remove(kept)
                return kept
        while (message := await self.receive()).get("id") != name:
            self._kept.append(message)
        return message

    async def event(self, name: str) -> Any:
        """Give the next event of a subscription: what its one field holds."""
        message = await self.message(name)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        [event] = message["payload"]["data"].values()
        return event

    async def close_code(self) -> int:
        """Wait until the socket is closed, and give the code."""
        with suppress(ConnectionClosed):
            while True:
                self._kept.append(await self.receive())
        assert self.socket.close_code is not None
        return self.socket.close_code

    def kept(self, name: str) -> list[dict[str, Any]]:
        """Give the messages of an operation that nobody has asked for."""
        return [message for message in self._kept if message.get("id") == name]


@asynccontextmanager
async def raw_socket(url: str, **options: Any) -> AsyncIterator[Listener]:
    """Open a socket and say nothing."""
    options.setdefault("subprotocols", [PROTOCOL])
    async with connect(url, proxy=None, compression=None, **options) as opened:
        yield Listener(opened)


@asynccontextmanager
async def listener(url: str, key: str, **options: Any) -> AsyncIterator[Listener]:
    """Open a socket that is known by a key."""
    async with raw_socket(url, **options) as client:
        await client.send(type="connection_init", payload={"authorization": f"Bearer {key}"})
        assert await client.receive() == {"type": "connection_ack"}
        yield client


@asynccontextmanager
async def events(url: str, key: str, query: str, **variables: Any) -> AsyncIterator[AsyncIterator[Any]]:
    """Ask for server-sent events: pairs of their name and their data."""
    headers = {"authorization": f"Bearer {key}", "accept": "text/event-stream"}
    body = {"query": query, "variables": variables}
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as http,
        http.stream("POST", url, json=body, headers=headers) as response,
    ):
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8", await response.aread()
        yield _read(response.aiter_lines())


@asynccontextmanager
async def elsewhere(tenant: Tenant) -> AsyncIterator[Tenant]:
    """Give the tenant with a database of its own to write by, as another process has."""
    async with opened(tenant.database.url.render_as_string(hide_password=False)) as database:
        yield replace(tenant, database=database)


async def _read(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data:"):
            text = line.removeprefix("data:").strip()
            yield name, json.loads(text) if text else None
