"""A receiver of webhooks: a real HTTP server on the loopback interface that does with requests as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came; header names are lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """Answers each request by the next of `answers`, and with 204 when there is none left.

    An answer is what follows the HTTP version: a status line's rest, and headers where there are some. None is given
    while it is held.
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    body: bytes = b""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Give an address of the receiver."""
        return f"{scheme}://{host}:{self.port}{path}"

    def hold(self) -> None:
        """Give no answers until `open` is set."""
        self.open.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            line, *fields = head.rstrip().split("\r\n")
            headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in fields)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(line, headers, body))
            self.arrived.set()
            await self.open.wait()
            answer = self.answers.pop(0) if self.answers else "204 No Content"
            length = f"content-length: {len(self.body)}\r\n" if self.body else ""
            writer.write(f"HTTP/1.1 {answer}\r\n{length}connection: close\r\n\r\n".encode() + self.body)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port for the length of the block."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.close()
