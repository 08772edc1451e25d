"""WebSockets below the protocol: peers that only talk, that break messages into nothing, that are not there."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from server.transport.sockets import MOST_PIECES, LettingGo
from tests.hostile.rows.sockets import CLOSE, OPEN, PING, TEXT, frame

PATIENCE_SECONDS = 10.0
MOST_UNREAD_BYTES = 64 * 1024**2
"""More than the buffers of the machine hold on both sides together."""


async def listening(scope: Scope, receive: Receive, send: Send) -> None:
    """Take every message, and say how long it is; the application behind the socket."""
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": str(len(message["text"]))})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server of sockets."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(listening, ws=LettingGo, ws_per_message_deflate=False, log_config=None, lifespan="off")
    )
    running = asyncio.create_task(server.serve(sockets=[listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await running


async def opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(OPEN)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def answer_to(port: int, *frames: bytes) -> bytes:
    reader, writer = await opened(port)
    for each in frames:
        writer.write(each)
    answer = await asyncio.wait_for(reader.read(100), PATIENCE_SECONDS)
    writer.close()
    return answer


async def test_a_message_in_many_pieces_is_one(port: int) -> None:
    pieces = [frame("a", TEXT, last=False), *[frame("", 0, last=False)] * (MOST_PIECES - 2), frame("b", 0)]
    assert await answer_to(port, *pieces) == b"\x81\x012"


async def test_a_message_in_more_pieces_is_none(port: int) -> None:
    pieces = [frame("a", TEXT, last=False), *[frame("", 0, last=False)] * MOST_PIECES]
    assert await answer_to(port, *pieces) == b"\x88\x02" + (1009).to_bytes(2, "big")


async def test_a_text_that_is_none_closes_without_a_line_in_the_log(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert await answer_to(port, frame(b"\xff")) == b"\x88\x02" + (1007).to_bytes(2, "big")
    assert caplog.records == []


async def test_who_pings_without_reading_is_read_no_more(port: int) -> None:
    _, writer = await opened(port)
    assert await sent_until_stuck(writer, frame(b"p" * 125, PING) * 1_000) < MOST_UNREAD_BYTES
    writer.transport.abort()


async def sent_until_stuck(writer: asyncio.StreamWriter, piece: bytes) -> int:
    """Send again and again until nobody takes any more for a second, and give how many bytes that were."""
    sent = 0
    while sent < MOST_UNREAD_BYTES:
        writer.write(piece)
        sent += len(piece)
        try:
            async with asyncio.timeout(1):
                await writer.drain()
        except TimeoutError:
            break
    return sent


async def test_who_pings_and_reads_again_is_heard_again(port: int) -> None:
    reader, writer = await opened(port)
    writer.write(frame(b"p" * 125, PING) * 20_000)
    await asyncio.sleep(0.2)
    for _ in range(20_000):
        assert await asyncio.wait_for(reader.readexactly(127), PATIENCE_SECONDS) == b"\x8a\x7d" + b"p" * 125
    writer.write(frame("hello") + frame((1000).to_bytes(2, "big"), CLOSE))
    assert (await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)).endswith(b"\x88\x02\x03\xe8")
    writer.close()


@pytest.mark.parametrize(
    "header", ["content-length: 5", "x-a: " + "b" * 20_000], ids=["a body", "a long header"]
)
async def test_a_handshake_that_is_none_is_answered(port: int, header: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(OPEN.replace(b"\r\n\r\n", f"\r\n{header}\r\n\r\n".encode()))
    answer = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    assert answer.startswith(b"HTTP/1.1 4")
    writer.close()
