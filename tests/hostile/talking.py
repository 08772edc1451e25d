"""Bytes out, answers in: no well-behaved client says what is said here."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.hostile.rows.row import KEY, OTHER_KEY, Heard, Leave, Opened, Pause, Piece, Row
from tests.hostile.target import Target

PATIENCE_SECONDS = 20.0
GOOD_BYE = bytes([0x88, 0x82, 0, 0, 0, 0]) + (1000).to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request got."""

    status: int
    head: str
    body: bytes


@dataclass(slots=True)
class Conversation:
    """All that a row heard, and for how long it waited after its last word."""

    raw: bytearray = field(default_factory=bytearray)
    answers: list[Answer] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    close_code: int | None = None
    seconds: float = 0.0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_refused(self) -> bool:
        """Whether the socket was closed, or an operation ended in an error."""
        return self.close_code is not None or any(b'"type":"error"' in each for each in self.messages)

    @property
    def is_turned_away(self) -> bool:
        """Whether it came when the service had more to do than it can."""
        return _BUSY in self.statuses or self.close_code == _TRY_LATER or "UNAVAILABLE" in self.outcomes

    async def until(self, is_enough: Callable[[], bool]) -> None:
        """Wait until enough was heard."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_enough():
                self._news.clear()
                await self._news.wait()

    def note(self, piece: bytes) -> None:
        """Keep what was heard, and tell who waits for it."""
        self.raw += piece
        self._news.set()

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of its answers, in order."""
        return tuple(answer.status for answer in self.answers)

    @property
    def outcomes(self) -> set[str]:
        """The codes of all errors, "OK" for an answer without any and "TEXT" for one that is no JSON."""
        said = [answer.body for answer in self.answers if answer.status != SWITCHING and answer.body]
        return {outcome for text in (*said, *self.messages) for outcome in _outcomes(text)}

    @property
    def text(self) -> str:
        """Everything that came, as text."""
        return self.raw.decode("latin-1")


async def talk(target: Target, row: Row) -> Conversation:
    """Play a row, and listen until the other side ends the connection."""
    heard = Conversation()
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=2**24)
    listening = asyncio.create_task(_listen(reader, heard, row))
    try:
        with suppress(ConnectionError):  # the other side has ended it, which is its right
            for piece in row.pieces:
                if isinstance(piece, Leave):
                    listening.cancel()
                    return heard
                await _say(writer, piece, target, heard)
            if 1000 in row.closes:
                await _say(writer, GOOD_BYE, target, heard)
        since = time.monotonic()
        await asyncio.wait_for(listening, PATIENCE_SECONDS)
        heard.seconds = time.monotonic() - since
    finally:
        listening.cancel()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    if not row.is_socket:
        heard.answers = _answers(bytes(heard.raw), row)
    return heard


async def _say(writer: asyncio.StreamWriter, piece: Piece, target: Target, heard: Conversation) -> None:
    match piece:
        case bytes():
            writer.write(
                piece.replace(KEY, target.key.encode()).replace(OTHER_KEY, target.other_key.encode())
            )
            await writer.drain()
        case Pause(seconds):
            await asyncio.sleep(seconds)
        case Heard(messages):
            await heard.until(lambda: len(heard.messages) >= messages or heard.is_refused)
        case Opened():
            await heard.until(lambda: bool(heard.answers))


async def _listen(reader: asyncio.StreamReader, heard: Conversation, row: Row) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        if row.is_socket and (await _handshake(reader, heard)) == SWITCHING:
            while await _frame(reader, heard):
                pass
            return  # the good-bye has been said; whether it is answered is the caller's own affair
        while piece := await reader.read(2**16):
            heard.note(piece)


async def _handshake(reader: asyncio.StreamReader, heard: Conversation) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    heard.answers = [Answer(_status(head), head.decode("latin-1"), b"")]
    heard.note(head)
    return heard.answers[0].status


async def _frame(reader: asyncio.StreamReader, heard: Conversation) -> bool:
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length >= _TWO_BYTES:
        length = int.from_bytes(await reader.readexactly(2 if length == _TWO_BYTES else 8), "big")
    payload = await reader.readexactly(length)
    match first & 0x0F:
        case 1:
            heard.messages.append(payload)
        case 8:
            heard.close_code = int.from_bytes(payload[:2], "big") if payload else NO_CODE
    heard.note(payload + b"\n")
    return heard.close_code is None


def _answers(raw: bytes, row: Row) -> list[Answer]:
    found = []
    bodiless = any(isinstance(piece, bytes) and piece.startswith(b"HEAD ") for piece in row.pieces)
    while raw:
        head, end, raw = raw.partition(b"\r\n\r\n")
        assert end, f"half an answer: {head[:200]!r}"
        status, body = _status(head), b""
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if status < _FINAL:
            continue
        if length and not bodiless:
            body, raw = raw[: int(length[1])], raw[int(length[1]) :]
        elif re.search(rb"(?i)\r\ntransfer-encoding: chunked", head):
            body, raw = _unchunked(raw)
        found.append(Answer(status, head.decode("latin-1"), body))
    return found


def _unchunked(raw: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        body, raw = body + raw[:length], raw[length + 2 :]
        if not length:
            return body, raw


def _status(head: bytes) -> int:
    line = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    assert line, head[:200]
    return int(line[1])


def _outcomes(text: bytes) -> set[str]:
    events = re.findall(rb"^data: (.+)$", text, re.MULTILINE)
    if events:
        return {outcome for event in events for outcome in _outcomes(event)}
    try:
        said = json.loads(text)
    except ValueError:
        return {"TEXT"}
    return _outcomes_of_json(said)


def _outcomes_of_json(said: Any) -> set[str]:
    match said:
        case {"type": "connection_ack" | "pong" | "ping" | "complete"}:
            return set()
        case {"type": "next", "payload": payload}:
            return _outcomes_of_json(payload)
        case {"type": "error", "payload": errors} | {"errors": errors}:
            return {error["extensions"]["code"] for error in errors}
        case {"error": {"message": str()}}:
            return {"BAD_USER_INPUT"}
    return {"OK"}


SWITCHING = 101
NO_CODE = 1005
_FINAL = 200
_BUSY = 503
_TRY_LATER = 1013
_TWO_BYTES = 126
