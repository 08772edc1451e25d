"""Many connections at once that speak just enough HTTP: what they cost leaves the machine to the server."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.stories.caller import TIMEOUT_SECONDS, Caller

CONNECTIONS = 128

Request = tuple[str, dict[str, Any]]
"""A mutation and its input."""


async def ask_all(
    owner: Caller, requests: Sequence[Request], *, connections: int = CONNECTIONS
) -> list[dict[str, Any]]:
    """Send requests over connections side by side, each taking the next that waits; give results in order.

    Every request must be answered with a result of its union: a GraphQL error fails the story.
    """
    waiting = iter(enumerate(requests))
    results: list[dict[str, Any]] = [{}] * len(requests)

    async def work() -> None:
        address = urlsplit(owner.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for position, (mutation, given) in waiting:
            writer.write(_request(address.netloc, owner.key, mutation, given))
            results[position] = await _result(reader)
        writer.close()
        await writer.wait_closed()

    async with asyncio.timeout(TIMEOUT_SECONDS * 5):
        await asyncio.gather(*(work() for _ in range(min(connections, len(requests)))))
    return results


def counted(results: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Count successes, as "ok" or "replayed", and refusals by their code."""
    return dict(Counter(each.get("code") or ("replayed" if each["replayed"] else "ok") for each in results))


def _request(host: str, key: str, mutation: str, given: object) -> bytes:
    content = json.dumps({"query": mutation, "variables": {"input": given}}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _result(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length, head
    body = json.loads(await reader.readexactly(int(length[1])))
    assert head.startswith(b"HTTP/1.1 200"), body
    assert "errors" not in body, body["errors"]
    (result,) = body["data"].values()
    found: dict[str, Any] = result
    return found
