"""Many clients at once, some of which leave before the answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.stories.caller import TIMEOUT_SECONDS, Answer, Caller


@dataclass(frozen=True, slots=True)
class Clients:
    """Connections that ask side by side with one key."""

    http: httpx2.AsyncClient
    key: str

    async def ask(self, url: str, query: str, given: object) -> Answer:
        """Run a mutation with its input; TransportError where the server goes away."""
        response = await self.http.post(
            f"{url}/graphql", json=body(query, given), headers={"authorization": f"Bearer {self.key}"}
        )
        return Answer(response.status_code, response.json())

    async def ask_and_leave(self, url: str, query: str, given: object, *, after_seconds: float) -> None:
        """Send a whole request and close the connection a moment later, without reading a byte of the answer."""
        address = urlsplit(url)
        content = json.dumps(body(query, given)).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {self.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(head.encode() + content)
        await writer.drain()
        await asyncio.sleep(after_seconds)
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def clients(caller: Caller, count: int) -> AsyncIterator[Clients]:
    """Open `count` connections for a caller."""
    limits = httpx2.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS, limits=limits) as http:
        yield Clients(http, caller.key)


async def take_turns(count: int, jobs: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Let `count` workers run jobs, each taking the next one that waits; give what the jobs give."""
    waiting = iter(jobs)
    results: list[Any] = []

    async def work() -> None:
        for job in waiting:
            results.append(await job())  # noqa: PERF401  # the workers share the list

    await asyncio.gather(*(work() for _ in range(count)))
    return results


def body(query: str, given: object) -> dict[str, object]:
    """Write the request's body."""
    return {"query": query, "variables": {"input": given}}
