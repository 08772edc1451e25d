"""The messages of one WebSocket: read strictly, written one by one, and nobody is waited for without end."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.subscriptions.messages import BadMessage, Message, read_message
from server.subscriptions.streams import Ending, OpenStream, StreamLimits
from server.transport.bodies import json_bytes


class Closed(Exception):  # noqa: N818 - named for the state
    """The socket is to close with a code, or has been closed by the other side."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(eq=False, slots=True)
class Wire:
    """A socket that has been accepted; a reader that is too slow ends its stream."""

    websocket: WebSocket
    stream: OpenStream
    limits: StreamLimits
    _outbox: "asyncio.Queue[dict[str, Any]]" = field(default_factory=lambda: asyncio.Queue(_MOST_UNSENT))

    async def message(self) -> Message:
        """Give the next message.

        Raises Closed.
        """
        received = await self.websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise Closed
        text = received.get("text")
        if text is None or len(text) > self.limits.message_bytes:
            raise Closed(4400, "A message is a text of limited length.")
        try:
            return read_message(text)
        except BadMessage as error:
            raise Closed(4400, str(error)) from None

    async def put(self, message: dict[str, Any]) -> None:
        """Put a message where the writer finds it; one who does not read holds this up, but not for ever."""
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            try:
                async with asyncio.timeout(self.limits.slow_seconds):
                    await self._outbox.put(message)
            except TimeoutError:
                await self._give_up()

    async def write(self) -> None:
        """Write what is put there, one message after another.

        Raises Closed.
        """
        try:
            while True:
                message = await self._outbox.get()
                async with asyncio.timeout(self.limits.slow_seconds):
                    await self._send(message)
        except TimeoutError:
            await self._give_up()
        except (WebSocketDisconnect, RuntimeError, OSError):
            raise Closed from None

    async def close(self, closed: Closed, operations: Collection[str]) -> None:
        """Close the socket where the other side has not; if the service ends it, each operation hears why."""
        if closed.code is None:
            return
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                if self.stream.ending.done():
                    error = self.stream.ending.result().error
                    for name in operations:
                        await self._send({"id": name, "type": "error", "payload": [error]})
                await self.websocket.close(closed.code, closed.reason)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.websocket.send({"type": "websocket.send", "text": json_bytes(message).decode()})

    async def _give_up(self) -> None:
        """End the stream, and wait to be cancelled with it."""
        self.stream.end(Ending.SLOW)
        await asyncio.Event().wait()


_MOST_UNSENT = 64
_FAREWELL_SECONDS = 2.0
