"""HTTP by hand: requests byte by byte, and answers as they come."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.transport.connections import BoundedConnection

ALIVE = json.dumps({"query": "{ viewer { scopes } }"}).encode()


class Connection:
    """A connection that speaks HTTP by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self._reader = reader
        self._writer = writer
        self._key = key

    def send(self, *pieces: bytes) -> None:
        """Send pieces in one."""
        self._writer.write(b"".join(pieces))

    def head(self, *more: str, length: int = len(ALIVE), path: str = "/graphql") -> bytes:
        """Give the head of a request, with more lines where they are given."""
        lines = (
            f"POST {path} HTTP/1.1",
            "host: here",
            f"authorization: Bearer {self._key}",
            "content-type: application/json",
            f"content-length: {length}",
            *more,
        )
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode()

    async def answer(self) -> tuple[int, dict[str, str], object]:
        """Give the status, the headers and the JSON of the next answer."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await self._reader.readexactly(int(headers["content-length"]))
        headers.pop("date", None)
        return int(status.split()[1]), headers, json.loads(body)

    async def is_closed(self) -> bool:
        """Wait for what comes, and tell whether it is the end."""
        async with asyncio.timeout(10):
            return await self._reader.read(1) == b""


@asynccontextmanager
async def connected(port: int, key: str) -> AsyncIterator[Connection]:
    """Open a connection of a key's owner."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Connection(reader, writer, key)
    writer.close()
    await writer.wait_closed()


async def until_unread(other_side: BoundedConnection) -> None:
    """Wait until the server has written more than its peer has read, and hold that it does not go on."""
    async with asyncio.timeout(20):
        while not other_side.flow.write_paused:  # noqa: ASYNC110 - a flag of uvicorn's
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert other_side.transport.get_write_buffer_size() < 1_000_000
