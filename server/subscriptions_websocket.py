"""Operations over a WebSocket: `/graphql` with the subprotocol graphql-transport-ws.

A socket has one task that reads, one that writes, and one for each operation. The first reason to close it is
the one that counts, wherever it arises; then all tasks end and nothing of the socket stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLFormattedError
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.authentication import Unauthenticated, secret_of
from server.bodies import json_bytes
from server.operations import Operation, answers, operation_of
from server.reception import Reception
from server.refusals import Refused, shown
from server.subscriptions import Ending, OpenStream, Streams, TooManyStreams
from server.subscriptions_messages import (
    PROTOCOL,
    BadMessage,
    Complete,
    Init,
    Message,
    Ping,
    Pong,
    Subscribe,
    read_message,
)


def websocket_endpoint(
    reception: Reception, streams: Streams, allowed_origins: Collection[str]
) -> Callable[[WebSocket], Awaitable[None]]:
    """Make the endpoint. Pages of other hosts than this one may connect where they are allowed."""

    async def endpoint(websocket: WebSocket) -> None:
        if not _is_allowed(websocket, allowed_origins):
            await websocket.close()  # before it is accepted: HTTP 403
            return
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        try:
            stream = OpenStream()
            with streams.opened(stream):
                await websocket.accept(PROTOCOL)
                await _Socket(websocket, reception, streams, stream).serve()
        except TooManyStreams:
            await websocket.close()

    return endpoint


class _Closed(Exception):  # noqa: N818 - named for the state
    """The socket is to close with a code, or has been closed by the other side."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(eq=False, slots=True)
class _Socket:
    websocket: WebSocket
    reception: Reception
    streams: Streams
    stream: OpenStream
    _outbox: "asyncio.Queue[dict[str, Any]]" = field(default_factory=lambda: asyncio.Queue(_MOST_UNSENT))
    _operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)
    _places: ExitStack = field(default_factory=ExitStack)
    _key_id: Any = None

    async def serve(self) -> None:
        """Serve until either side closes."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        closed = _Closed()
        try:
            awaited: set[asyncio.Future[Any]] = {reading, writing, self.stream.ending}
            done, _ = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            closed = self._why(done)
        finally:
            operations = dict(self._operations)
            tasks = (reading, writing, *operations.values(), *self._leaving)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._places.close()
        if closed.code is not None:
            await self._say_farewell(closed, operations)

    def _why(self, done: "set[asyncio.Future[Any]]") -> _Closed:
        if self.stream.ending in done:
            ending = self.stream.ending.result()
            return _Closed(ending.close_code, ending.reason)
        found = next(filter(None, (each.exception() for each in done)), None)
        if isinstance(found, _Closed):
            return found
        return _Closed(4500, shown(found)[1]["message"] if isinstance(found, Exception) else "")

    async def _say_farewell(self, closed: _Closed, operations: Collection[str]) -> None:
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                if self.stream.ending.done():
                    error = self.stream.ending.result().error
                    for name in operations:
                        await self._send({"id": name, "type": "error", "payload": [error]})
                await self.websocket.close(closed.code or 1000, closed.reason)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self.streams.limits.init_seconds):
                while self._key_id is None:
                    await self._greet(await self._message())
        except TimeoutError:
            raise _Closed(4408, "Connection initialisation timeout") from None
        while True:
            await self._obey(await self._message())

    async def _message(self) -> Message:
        received = await self.websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise _Closed
        text = received.get("text")
        if text is None or len(text) > self.streams.limits.message_bytes:
            raise _Closed(4400, "A message is a text of limited length.")
        try:
            return read_message(text)
        except BadMessage as error:
            raise _Closed(4400, str(error)) from None

    async def _greet(self, message: Message) -> None:
        match message:
            case Init():
                await self._recognise(message)
            case Ping():
                await self._put({"type": "pong"})
            case Subscribe():
                raise _Closed(4401, "Unauthorized")
            case Pong() | Complete():
                pass

    async def _recognise(self, message: Init) -> None:
        texts = {name.lower(): text for name, text in message.payload.items() if isinstance(text, str)}
        try:
            secret = secret_of(texts)
            async with self.reception.context(secret, self.websocket) as context:
                key_id = context.api_key.id
            self._places.enter_context(self.streams.socket(key_id))
        except Unauthenticated:
            raise _Closed(4403, "Forbidden: a valid API key is needed.") from None
        except TooManyStreams as error:
            raise _Closed(4429, str(error)) from None
        except Exception as error:  # noqa: BLE001 - the last guard, as for every operation
            raise _Closed(4500, shown(error)[1]["message"]) from None
        self._key_id, self.stream.secret = key_id, secret
        await self._put({"type": "connection_ack"})

    async def _obey(self, message: Message) -> None:
        match message:
            case Subscribe():
                await self._begin(message)
            case Complete(name):
                self._leave(name)
            case Ping():
                await self._put({"type": "pong"})
            case Init():
                raise _Closed(4429, "Too many initialisation requests")
            case Pong():
                pass

    async def _begin(self, message: Subscribe) -> None:
        if message.id in self._operations:
            raise _Closed(4409, "A subscriber with this id exists already.")
        try:
            operation = operation_of(message.payload)
            self.streams.require_room(self._key_id)
        except Refused as error:
            await self._refuse(message.id, shown(error)[1])
        else:
            task = asyncio.create_task(self._operate(message.id, operation))
            self._operations[message.id] = task
            task.add_done_callback(lambda done: self._forget(message.id, done))

    def _leave(self, name: str) -> None:
        """Stop an operation. Its id is free at once, though it takes a moment to end."""
        task = self._operations.pop(name, None)
        if task is not None:
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
            task.cancel()

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._operations.get(name) is task:
            del self._operations[name]

    async def _operate(self, name: str, operation: Operation) -> None:
        try:
            with self.streams.subscription(self._key_id):
                await self._answer(name, operation)
        except Unauthenticated:
            self.stream.end(Ending.KEY_ENDED)
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            await self._refuse(name, shown(error)[1])

    async def _answer(self, name: str, operation: Operation) -> None:
        assert self.stream.secret is not None  # noqa: S101 - nothing is answered before the key is known
        async with (
            self.reception.context(self.stream.secret, self.websocket) as context,
            aclosing(answers(operation, context)) as told,
        ):
            async for answer in told:
                if "data" not in answer:
                    await self._refuse(name, *answer["errors"])
                    return
                await self._put({"id": name, "type": "next", "payload": answer})
        self._operations.pop(name, None)
        await self._put({"id": name, "type": "complete"})

    async def _refuse(self, name: str, *errors: GraphQLFormattedError) -> None:
        # From here on the id is free: the client may use it again as soon as it hears of this.
        self._operations.pop(name, None)
        await self._put({"id": name, "type": "error", "payload": list(errors)})

    async def _put(self, message: dict[str, Any]) -> None:
        """Put a message where the writer finds it; one who does not read holds this up, but not for ever."""
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:
            try:
                async with asyncio.timeout(self.streams.limits.slow_seconds):
                    await self._outbox.put(message)
            except TimeoutError:
                self.stream.end(Ending.SLOW)
                await _for_ever()

    async def _write(self) -> None:
        try:
            while True:
                message = await self._outbox.get()
                async with asyncio.timeout(self.streams.limits.slow_seconds):
                    await self._send(message)
        except TimeoutError:
            self.stream.end(Ending.SLOW)
            await _for_ever()
        except (WebSocketDisconnect, RuntimeError, OSError):
            raise _Closed from None

    async def _send(self, message: dict[str, Any]) -> None:
        await self.websocket.send({"type": "websocket.send", "text": json_bytes(message).decode()})


async def _for_ever() -> None:
    """Wait to be cancelled: the socket is about to end."""
    await asyncio.Event().wait()


def _is_allowed(websocket: WebSocket, allowed_origins: Collection[str]) -> bool:
    origin = websocket.headers.get("origin")
    if origin is None or origin in allowed_origins:
        return True
    return urlsplit(origin).netloc.lower() == websocket.headers.get("host", "").lower()


_MOST_UNSENT = 64
_FAREWELL_SECONDS = 2.0
