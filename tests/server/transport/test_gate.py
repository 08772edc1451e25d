"""The gate, over real sockets: what it lets in, what it refuses, and that it waits for nobody."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from server.admission import Admission
from server.monitoring.metrics import Meters
from server.processes.draining import Draining
from server.transport.departures import Exit
from server.transport.gate import Bounds, Gate

BOUNDS = Bounds(body_bytes=1_000, header_bytes=2_000, body_seconds=0.5)
JSON = "content-type: application/json\r\n"


async def length_of_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer how long the body is; the application behind the gate."""
    assert scope["type"] == "http"
    message = await receive()
    assert message["more_body"] is False
    body = str(len(message["body"])).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server behind a gate with small bounds."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Gate(length_of_body, BOUNDS, Admission(8), Exit(Meters(), Draining())),
        log_config=None,
        lifespan="off",
        server_header=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await running


async def talk(port: int, *pieces: bytes, pause_seconds: float = 0.0, ends: bool = True) -> bytes:
    """Send pieces one after another, and give all that comes back until the other side is silent.

    One that does not end waits for the other side to do so.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = asyncio.create_task(reader.read())
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
    except ConnectionError:
        pass  # the gate has closed the connection, which is its right
    if ends and not heard.done():
        writer.write_eof()
    answer = await asyncio.wait_for(heard, 10)
    writer.close()
    return answer


def post(body: bytes, headers: str = JSON) -> bytes:
    return (
        f"POST /graphql HTTP/1.1\r\nhost: here\r\n{headers}content-length: {len(body)}\r\n\r\n".encode()
        + body
    )


async def test_a_body_within_bounds_comes_in_whole(port: int) -> None:
    answer = await talk(port, post(b"x" * 1_000))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"1000")


async def test_a_body_in_chunks_comes_in_whole(port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = await talk(port, head, b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n", pause_seconds=0.02)
    assert answer.endswith(b"5")


async def test_every_answer_is_safe_to_hold(port: int) -> None:
    for request in (post(b"{}"), post(b"x" * 2_000)):
        answer = (await talk(port, request)).lower()
        assert b"x-content-type-options: nosniff" in answer
        assert b"cache-control: no-store" in answer
        assert b"\r\nserver:" not in answer


async def test_a_body_that_is_announced_too_large_is_not_waited_for(port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-length: 4001\r\n\r\n"
    answer = await talk(port, head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"code":"BAD_USER_INPUT"' in answer
    assert b"The body is larger than 1,000 bytes." in answer


@pytest.mark.parametrize("size", [1_001, 3_999])
async def test_a_body_that_is_a_little_too_large_is_heard_out(port: int, size: int) -> None:
    answer = await talk(port, post(b"x" * size))
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_without_end_is_cut_off(port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = await talk(port, head, *[b"64\r\n" + b"x" * 100 + b"\r\n"] * 41)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer


async def test_a_slow_body_is_not_waited_for(port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-length: 900\r\n\r\n"
    answer = await talk(port, head, *[b"x"] * 3, pause_seconds=0.1, ends=False)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"took longer than 0.5 seconds" in answer


async def test_large_headers_are_refused(port: int) -> None:
    answer = await talk(port, post(b"{}", JSON + f"x-much: {'y' * 2_000}\r\n"))
    assert answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "content-type", "host"])
async def test_a_header_that_must_be_one_is_not_two(port: int, name: str) -> None:
    """Two readers of such a request could each take another of the two."""
    answer = await talk(port, post(b"{}", f"{name}: one\r\n{name}: two\r\n"))
    assert answer.startswith(b"HTTP/1.1 400")
    # The server below refuses some by itself, in words of its own.
    assert f"The header {name} comes more than once.".encode() in answer


async def test_a_caller_that_leaves_harms_nobody(port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-length: 900\r\n\r\n"
    assert await talk(port, head, b"x") == b""
    assert (await talk(port, post(b"{}"))).endswith(b"2")


async def test_many_slow_callers_hold_up_nobody(port: int) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-length: 900\r\n\r\n"
    slow = [asyncio.create_task(talk(port, head, *[b"x"] * 3, pause_seconds=0.1)) for _ in range(50)]
    assert (await talk(port, post(b"{}"))).endswith(b"2")
    await asyncio.gather(*slow)
