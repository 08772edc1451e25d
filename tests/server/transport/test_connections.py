"""Connections, over real ones: what never ends is not waited for, and what is said behind a body is not heard."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from server.transport.connections import LARGEST_HEAD_BYTES, BoundedConnection
from server.transport.sockets import LettingGo

OPEN = b"POST / HTTP/1.1\r\nhost: here\r\n"
LONG = b"x" * 8_000_000


class Impatient(BoundedConnection):
    """A connection that waits for nobody."""

    slowest_head_seconds = 0.3
    stalled_seconds = 0.3


async def headers_and_length(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the names of the headers, or with much; the application behind the connection."""
    while (await receive()).get("more_body"):
        pass
    names = b",".join(name for name, _ in scope["headers"])
    body = LONG if scope["path"] == "/long" else names
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def server() -> AsyncIterator[uvicorn.Server]:
    """A server with impatient connections, which all end with it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        headers_and_length, http=Impatient, ws=LettingGo, log_config=None, lifespan="off", server_header=False
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn says it by a flag
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await running


async def connected(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())


async def talk(server: uvicorn.Server, *pieces: bytes, pause_seconds: float = 0.0) -> bytes:
    """Send pieces, and give all that comes until the other side ends the connection."""
    reader, writer = await connected(server)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause_seconds)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


@pytest.mark.parametrize(
    "pieces", [[OPEN], [OPEN, *[b"x-a: b\r\n"] * 2], [b"\r\n"]], ids=["half", "drops", "nothing"]
)
async def test_a_head_that_does_not_end_is_not_waited_for(
    server: uvicorn.Server, pieces: list[bytes]
) -> None:
    answer = await talk(server, *pieces, pause_seconds=0.1)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'{"error":{"message":"The request took longer than 0.3 seconds to arrive."}}')


async def test_a_connection_without_a_word_is_closed_without_one(server: uvicorn.Server) -> None:
    assert await talk(server) == b""


@pytest.mark.parametrize("header", [b"x-a: b\r\n", b"x" * 100], ids=["many headers", "one header"])
async def test_a_head_without_end_is_cut_off(server: uvicorn.Server, header: bytes) -> None:
    reader, writer = await connected(server)
    writer.write(OPEN + header * (LARGEST_HEAD_BYTES // len(header)))
    await asyncio.sleep(0.1)
    writer.write(header * 100)
    assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 431 ")
    writer.close()


async def test_headers_behind_a_body_are_none(server: uvicorn.Server) -> None:
    body = b"3\r\nabc\r\n0\r\nx-api-key: stolen\r\n\r\n"
    answer = await talk(server, OPEN + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n" + body)
    assert answer.endswith(b"host,connection,transfer-encoding")


async def test_the_next_request_has_a_head_of_its_own(server: uvicorn.Server) -> None:
    request = OPEN + b"content-length: 3\r\n\r\nabc"
    last = OPEN + b"connection: close\r\ncontent-length: 3\r\n\r\nabc"
    answer = await talk(server, request, request + last[:20], last[20:], pause_seconds=0.2)
    assert answer.count(b"HTTP/1.1 200 OK") == 3


async def test_who_does_not_read_is_let_go(server: uvicorn.Server) -> None:
    reader, writer = await connected(server)
    writer.write(b"GET /long HTTP/1.1\r\nhost: here\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(10):
        while server.server_state.connections:  # noqa: ASYNC110 - a set of uvicorn's, which tells nobody
            await asyncio.sleep(0.05)
    writer.close()


async def test_who_reads_slowly_is_waited_for(server: uvicorn.Server) -> None:
    reader, writer = await connected(server)
    writer.write(b"GET /long HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    heard = 0
    while piece := await reader.read(400_000):
        heard += len(piece)
        await asyncio.sleep(0.02)
    assert heard == len(LONG)
    writer.close()
