"""The gate before every request: headers and bodies are bounded, and no answer can be misread or stored.

It is plain ASGI and works before anything is parsed, so that what it refuses has cost next to nothing.
"""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.admission import PLACE, Admission, Overloaded
from server.monitoring.logs import LoggedAs
from server.transport.bodies import json_bytes
from server.transport.departures import Departure, Exit
from server.transport.excess import refuse_excess
from server.transport.heads import head_of, require_bounded
from server.transport.origins import named_request
from server.transport.refusals import Refused, shown
from server.transport.sizes import LARGEST_BODY_BYTES

LARGEST_HEADER_BYTES = 16 * 1024
SLOWEST_BODY_SECONDS = 10.0
WHOLE = "creditgraph.whole"
"""Said in a request's scope where its body has come, so that nobody waits for it."""
VITAL_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
"""What a process is asked to find out how it is; an answer matters most when it has too much to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a request may be, and how long its body may take to arrive."""

    body_bytes: int = LARGEST_BODY_BYTES
    header_bytes: int = LARGEST_HEADER_BYTES
    body_seconds: float = SLOWEST_BODY_SECONDS


class Gate:
    """Lets requests in whole and within bounds, or answers for the application."""

    def __init__(self, app: ASGIApp, bounds: Bounds, admission: Admission, way_out: Exit) -> None:
        self._app = app
        self._bounds = bounds
        self._admission = admission
        self._way_out = way_out

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body received, or refuse it."""
        request_id = named_request(scope)
        departure = self._way_out.departure(scope, send, request_id)
        is_vital = scope["path"] in VITAL_PATHS
        if self._admission.is_full and not is_vital:
            self._admission.turn_away()
            await refuse_excess(scope, departure)
            return
        try:
            require_bounded(scope["headers"], self._bounds.header_bytes)
            body = await self._body(scope, receive)
        except Refused as error:
            await _refuse(error, departure, path=scope["path"])
            return
        if body is None:
            return
        # Whatever is logged while the request is answered names it.
        with LoggedAs(request_id):
            if is_vital:
                await self._app(scope, _received(body, receive), departure)
            else:
                await self._in_its_place(scope, _received(body, receive), departure)

    async def _in_its_place(self, scope: Scope, receive: Receive, departure: Departure) -> None:
        try:
            async with self._admission.place() as place:
                scope[PLACE] = departure.place = place
                await self._app(scope, receive, departure)
        except Overloaded:  # since its head came
            await refuse_excess(scope, departure)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Wait for the whole body; None where the caller has left before its end."""
        if (head_of(scope).length or 0) > _READ_OUT * self._bounds.body_bytes:
            raise self._too_large()
        if WHOLE in scope:  # to set a timer takes longer than to read it
            return await self._all(receive)
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                return await self._all(receive)
        except TimeoutError:
            seconds = f"{self._bounds.body_seconds:g}"
            raise Refused(408, f"The body took longer than {seconds} seconds to arrive.") from None

    async def _all(self, receive: Receive) -> bytes | None:
        body, size = bytearray(), 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= self._bounds.body_bytes:
                body += chunk
            is_whole = not message.get("more_body", False)
            if size > self._bounds.body_bytes and (is_whole or size > _READ_OUT * self._bounds.body_bytes):
                raise self._too_large()
            if is_whole:
                return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(413, f"The body is larger than {self._bounds.body_bytes:,} bytes.")


def _received(body: bytes, receive: Receive) -> Receive:
    """Give the body as one message, and afterwards what the caller does: nothing, or leave."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


async def _refuse(error: Refused, send: Send, *, path: str) -> None:
    body = json_bytes(_shown(error, path))
    # What is left of the body is not waited for: the connection ends here.
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _shown(error: Refused, path: str) -> dict[str, object]:
    if path != "/graphql":
        return {"error": {"message": error.message}}
    return {"errors": [shown(error)[1]]}


_READ_OUT = 4
"""How many times too large a body may be and still be heard out, forgotten as it comes: who is cut off in the
middle of a sentence may never hear why."""
