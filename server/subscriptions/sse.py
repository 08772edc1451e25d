"""Subscriptions as server-sent events: `POST /graphql` with `accept: text/event-stream`.

It is the "distinct connections" mode of GraphQL over SSE: each operation has a request of its own, its
answers are `next` events, and a `complete` event ends them.
"""

import asyncio
from contextlib import aclosing, suppress
from typing import Any
from uuid import UUID

from starlette.types import Receive, Scope, Send

from server.admission import PLACE
from server.answers import answers_to
from server.authentication import Secret, Unauthenticated
from server.operations import Operation
from server.reception import Reception
from server.subscriptions.streams import Ending, OpenStream, Streams
from server.transport.bodies import json_bytes
from server.transport.heads import head_of
from server.transport.origins import origin_of
from server.transport.refusals import shown


class EventStream:
    """The answer to one operation, event by event; an ASGI application."""

    def __init__(
        self, reception: Reception, streams: Streams, operation: Operation, secret: Secret, api_key_id: UUID
    ) -> None:
        self._reception = reception
        self._streams = streams
        self._operation = operation
        self._secret = secret
        self._api_key_id = api_key_id
        self._stream = OpenStream(secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the operation is complete, the caller has left or the service ends it.

        Raises TooManyStreams, before anything is sent.
        """
        with self._streams.opened(self._stream), self._streams.subscription(self._api_key_id):
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            scope[PLACE].leave_soon()
            telling = asyncio.create_task(self._tell(scope, send))
            breathing = asyncio.create_task(self._keep_alive(send))
            leaving = asyncio.create_task(_left(receive))
            tasks = (telling, breathing, leaving)
            awaited: set[asyncio.Future[Any]] = {*tasks, self._stream.ending}
            try:
                await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                is_over = telling.done() or leaving.done()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if self._stream.ending.done() and not is_over:
                await self._say_farewell(send, self._stream.ending.result())

    async def _tell(self, scope: Scope, send: Send) -> None:
        try:
            await self._tell_answers(scope, send)
        except Unauthenticated:
            await self._send(send, _event({"errors": [Ending.KEY_ENDED.error]}))
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            await self._send(send, _event({"errors": [shown(error)[1]]}))
        await self._send(send, _COMPLETE)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell_answers(self, scope: Scope, send: Send) -> None:
        with self._reception.observer.observed(headers=head_of(scope).named) as observation:
            async with (
                self._reception.context(self._secret, origin_of(scope)) as context,
                aclosing(answers_to(self._operation, context, self._reception, observation)) as told,
            ):
                async for answer in told:
                    await self._send(send, _event(answer))

    async def _send(self, send: Send, event: bytes) -> None:
        try:
            async with asyncio.timeout(self._streams.limits.slow_seconds):
                await send({"type": "http.response.body", "body": event, "more_body": True})
        except TimeoutError:
            self._stream.end(Ending.SLOW)
            await asyncio.Event().wait()  # until the stream is ended

    async def _keep_alive(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._streams.limits.keep_alive_seconds)
            await self._send(send, b":\n\n")

    async def _say_farewell(self, send: Send, ending: Ending) -> None:
        last = _event({"errors": [ending.error]}) + _COMPLETE
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await send({"type": "http.response.body", "body": last, "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(answer: dict[str, Any]) -> bytes:
    return b"event: next\ndata: " + json_bytes(answer) + b"\n\n"


_COMPLETE = b"event: complete\ndata:\n\n"
_FAREWELL_SECONDS = 2.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # A proxy that gathers an answer before it passes it on would never pass this one on.
    (b"x-accel-buffering", b"no"),
]
