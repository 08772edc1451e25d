"""Operations over a WebSocket: `/graphql` with the subprotocol graphql-transport-ws.

A socket has one task that reads, one that writes, and one for each operation. The first reason to close it is
the one that counts, wherever it arises; then all tasks end and nothing of the socket stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from graphql import GraphQLFormattedError
from starlette.websockets import WebSocket

from server.admission import Overloaded, Place
from server.answers import answers_to
from server.authentication import Unauthenticated, secret_of
from server.monitoring.logs import LoggedAs
from server.operations import Operation, operation_of
from server.reception import Reception
from server.subscriptions.messages import PROTOCOL, Complete, Init, Message, Ping, Pong, Subscribe
from server.subscriptions.streams import Ending, OpenStream, Streams, TooManyStreams
from server.subscriptions.wire import Closed, Wire
from server.transport.origins import named_request, origin_of
from server.transport.refusals import Refused, shown


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
                await _Socket(Wire(websocket, stream, streams.limits), stream, reception, streams).serve()
        except TooManyStreams:
            await websocket.close()

    return endpoint


@dataclass(eq=False, slots=True)
class _Socket:
    wire: Wire
    stream: OpenStream
    reception: Reception
    streams: Streams
    _operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)
    _places: ExitStack = field(default_factory=ExitStack)
    _key_id: UUID = field(init=False)

    async def serve(self) -> None:
        """Serve until either side closes."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self.wire.write())
        closed = Closed()
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
        await self.wire.close(closed, operations)

    def _why(self, done: "set[asyncio.Future[Any]]") -> Closed:
        if self.stream.ending in done:
            ending = self.stream.ending.result()
            return Closed(ending.close_code, ending.reason)
        found = next(filter(None, (each.exception() for each in done)), None)
        if isinstance(found, Closed):
            return found
        return Closed(4500, shown(found)[1]["message"] if isinstance(found, Exception) else "")

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self.streams.limits.init_seconds):
                while self.stream.secret is None:
                    await self._greet(await self.wire.message())
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        while True:
            await self._obey(await self.wire.message())

    async def _greet(self, message: Message) -> None:
        match message:
            case Init():
                await self._recognise(message)
            case Ping():
                await self.wire.put({"type": "pong"})
            case Subscribe():
                raise Closed(4401, "Unauthorized")
            case Pong() | Complete():
                pass

    async def _recognise(self, message: Init) -> None:
        texts = {name.lower(): text for name, text in message.payload.items() if isinstance(text, str)}
        try:
            secret = secret_of(texts)
            async with (
                self.reception.admission.place(),
                self.reception.context(secret, origin_of(self.wire.websocket.scope)) as context,
            ):
                key_id = context.api_key.id
            self._places.enter_context(self.streams.socket(key_id))
        except Unauthenticated:
            raise Closed(4403, "Forbidden: a valid API key is needed.") from None
        except TooManyStreams as error:
            raise Closed(4429, str(error)) from None
        except Overloaded as error:
            raise Closed(_TRY_AGAIN_LATER, str(error)) from None
        except Exception as error:  # noqa: BLE001 - the last guard, as for every operation
            raise Closed(4500, shown(error)[1]["message"]) from None
        self._key_id, self.stream.secret = key_id, secret
        await self.wire.put({"type": "connection_ack"})

    async def _obey(self, message: Message) -> None:
        match message:
            case Subscribe():
                await self._begin(message)
            case Complete(name):
                self._leave(name)
            case Ping():
                await self.wire.put({"type": "pong"})
            case Init():
                raise Closed(4429, "Too many initialisation requests")
            case Pong():
                pass

    async def _begin(self, message: Subscribe) -> None:
        if message.id in self._operations:
            raise Closed(4409, "A subscriber with this id exists already.")
        try:
            operation = operation_of(message.payload, self.reception.trusted_documents)
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
                async with self.reception.admission.place() as place:
                    place.leave_soon()
                    await self._answer(name, operation, place)
        except Unauthenticated:
            self.stream.end(Ending.KEY_ENDED)
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            await self._refuse(name, shown(error)[1])

    async def _answer(self, name: str, operation: Operation, place: Place) -> None:
        assert self.stream.secret is not None  # noqa: S101 - nothing is answered before the key is known
        socket = self.wire.websocket
        with (
            LoggedAs(named_request(socket.scope)),
            self.reception.observer.observed(headers=socket.headers) as observation,
        ):
            async with (
                self.reception.context(self.stream.secret, origin_of(socket.scope)) as context,
                aclosing(answers_to(operation, context, self.reception, observation)) as told,
            ):
                async for answer in told:
                    place.leave()
                    if "data" not in answer:
                        await self._refuse(name, *answer["errors"])
                        return
                    await self.wire.put({"id": name, "type": "next", "payload": answer})
        self._operations.pop(name, None)
        await self.wire.put({"id": name, "type": "complete"})

    async def _refuse(self, name: str, *errors: GraphQLFormattedError) -> None:
        # From here on the id is free: the client may use it again as soon as it hears of this.
        self._operations.pop(name, None)
        await self.wire.put({"id": name, "type": "error", "payload": list(errors)})


def _is_allowed(websocket: WebSocket, allowed_origins: Collection[str]) -> bool:
    origin = websocket.headers.get("origin")
    if origin is None or origin in allowed_origins:
        return True
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:  # what is no address is no page of ours
        return False
    return host == websocket.headers.get("host", "").lower()


_TRY_AGAIN_LATER = 1013
