"""`POST /graphql`: one operation, its answer, and nothing internal in either."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from graph.errors import ErrorCode
from server.answers import answer_to
from server.authentication import Unauthenticated, secret_of
from server.bodies import json_bytes, json_object
from server.heads import head_of
from server.operations import operation_of
from server.rate_limits import RateLimited
from server.reception import Reception
from server.refusals import refusal, shown
from server.subscriptions import Streams, TooManyStreams
from server.subscriptions_sse import EventStream, wants_events

GRAPHQL_RESPONSE = "application/graphql-response+json"


class GraphqlEndpoint:
    """The endpoint, an ASGI application behind the gate: bodies come whole.

    Requests and responses are no objects here: to make them takes as long as a small query.
    """

    def __init__(self, reception: Reception, streams: Streams) -> None:
        self._reception = reception
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an operation, at once or event by event."""
        try:
            head, body = head_of(scope), (await receive())["body"]
            answer = await (self._opened if wants_events(head) else self._answer)(head, body, scope)
        except Unauthenticated:
            answer = unauthenticated()
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            answer = _failed(error)
        await answer(scope, receive, send)

    async def _answer(self, head: Mapping[str, str], body: bytes, scope: Scope) -> ASGIApp:
        reception = self._reception
        with reception.observer.observed(headers=head) as observation:
            async with reception.context(secret_of(head), scope) as context:
                operation = operation_of(json_object(head, body), reception.trusted_documents)
                answer = await answer_to(operation, context, reception, observation)
        return _Written(answer, strict=GRAPHQL_RESPONSE in head.get("accept", ""))

    async def _opened(self, head: Mapping[str, str], body: bytes, scope: Scope) -> ASGIApp:
        reception, secret = self._reception, secret_of(head)
        async with reception.context(secret, scope) as context:
            operation = operation_of(json_object(head, body), reception.trusted_documents)
            return _Streamed(EventStream(reception, self._streams, operation, secret, context.api_key.id))


def unauthenticated() -> Response:
    """Say that a key is needed."""
    message = "A valid API key is needed: send it as 'Authorization: Bearer nexus_…' or 'X-API-Key: nexus_…'."
    response = _json(401, {"errors": [refusal(ErrorCode.UNAUTHENTICATED, message)]})
    response.headers["www-authenticate"] = "Bearer"
    return response


class _Written:
    """An answer that is ready to be sent."""

    def __init__(self, answer: dict[str, Any], *, strict: bool) -> None:
        # The GraphQL-over-HTTP draft: only its own media type says by the status that nothing was executed.
        self._status = 400 if strict and "data" not in answer else 200
        self._media_type = _STRICT if strict else _JSON
        self._body = json_bytes(answer)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [self._media_type, (b"content-length", b"%d" % len(self._body))]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


class _Streamed:
    """The place of an answer that is still to come, piece by piece."""

    def __init__(self, events: EventStream) -> None:
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._events(scope, receive, send)
        except TooManyStreams as error:  # which comes before its first byte
            await _failed(error)(scope, receive, send)


def _failed(error: Exception) -> Response:
    status, found = shown(error)
    response = _json(status, {"errors": [found]})
    if isinstance(error, RateLimited):
        response.headers["retry-after"] = str(error.retry_after_seconds)
    return response


def _json(status: int, content: dict[str, Any]) -> Response:
    return Response(json_bytes(content), status, media_type="application/json")


_JSON = (b"content-type", b"application/json")
_STRICT = (b"content-type", GRAPHQL_RESPONSE.encode())
