"""`POST /graphql`: one operation, its answer, and nothing internal in either."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graph.errors import ErrorCode
from server.answers import answer_to
from server.authentication import Unauthenticated, secret_of
from server.bodies import json_bytes, json_object
from server.operations import operation_of
from server.rate_limits import RateLimited
from server.reception import Reception
from server.refusals import refusal, shown
from server.subscriptions import Streams, TooManyStreams
from server.subscriptions_sse import EventStream, wants_events

GRAPHQL_RESPONSE = "application/graphql-response+json"


def graphql_endpoint(reception: Reception, streams: Streams) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint."""

    async def endpoint(request: Request) -> Response:
        try:
            if wants_events(request):
                return _Streamed(await _opened(request))
            with reception.observer.observed(headers=request.headers) as observation:
                async with reception.context(secret_of(request.headers), request) as context:
                    operation = operation_of(await json_object(request), reception.trusted_documents)
                    answer = await answer_to(operation, context, reception, observation)
            return _written(answer, strict=GRAPHQL_RESPONSE in request.headers.get("accept", ""))
        except Unauthenticated:
            return unauthenticated()
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            return _failed(error)

    async def _opened(request: Request) -> EventStream:
        secret = secret_of(request.headers)
        async with reception.context(secret, request) as context:
            operation = operation_of(await json_object(request), reception.trusted_documents)
            return EventStream(reception, streams, operation, secret, context.api_key.id)

    return endpoint


def unauthenticated() -> Response:
    """Say that a key is needed."""
    message = "A valid API key is needed: send it as 'Authorization: Bearer nexus_…' or 'X-API-Key: nexus_…'."
    response = _json(401, {"errors": [refusal(ErrorCode.UNAUTHENTICATED, message)]})
    response.headers["www-authenticate"] = "Bearer"
    return response


class _Streamed(Response):
    """The place of an answer that is still to come, piece by piece."""

    def __init__(self, events: EventStream) -> None:
        super().__init__()
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._events(scope, receive, send)
        except TooManyStreams as error:  # which comes before its first byte
            await _failed(error)(scope, receive, send)


def _written(answer: dict[str, Any], *, strict: bool) -> Response:
    # The GraphQL-over-HTTP draft: only its own media type says by the status that nothing was executed.
    status = 400 if strict and "data" not in answer else 200
    return _json(status, answer, GRAPHQL_RESPONSE if strict else "application/json")


def _failed(error: Exception) -> Response:
    status, found = shown(error)
    response = _json(status, {"errors": [found]})
    if isinstance(error, RateLimited):
        response.headers["retry-after"] = str(error.retry_after_seconds)
    return response


def _json(status: int, content: dict[str, Any], media_type: str = "application/json") -> Response:
    return Response(json_bytes(content), status, media_type=media_type)
