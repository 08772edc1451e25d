"""Replies: whole answers, ready to be sent over ASGI or written to a connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from graph.errors import ErrorCode
from server.rate_limits import RateLimited
from server.transport.bodies import json_bytes
from server.transport.refusals import refusal, shown

Headers = Sequence[tuple[bytes, bytes]]
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"


@dataclass(slots=True)  # and not frozen, which would take three times as long for each
class Reply:
    """An answer that came to its end; `headers` are those that are its own, in small letters."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it, as an ASGI application."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def answered(answer: dict[str, Any], *, strict: bool) -> Reply:
    """Give the answer of an operation.

    The GraphQL-over-HTTP draft: only its own media type says by the status that nothing was executed.
    """
    status = 400 if strict and "data" not in answer else 200
    return Reply(status, _STRICT if strict else _JSON, json_bytes(answer))


def unauthenticated() -> Reply:
    """Say that a key is needed."""
    message = "A valid API key is needed: send it as 'Authorization: Bearer nexus_…' or 'X-API-Key: nexus_…'."
    content = {"errors": [refusal(ErrorCode.UNAUTHENTICATED, message)]}
    return _json(401, content, (b"www-authenticate", b"Bearer"))


def failed(error: Exception) -> Reply:
    """Say what kept an operation out or ended it, and nothing internal."""
    status, found = shown(error)
    if isinstance(error, RateLimited):
        return _json(status, {"errors": [found]}, (b"retry-after", b"%d" % error.retry_after_seconds))
    return _json(status, {"errors": [found]})


def _json(status: int, content: Mapping[str, object], *more: tuple[bytes, bytes]) -> Reply:
    return Reply(status, (*_JSON, *more), json_bytes(content))


_JSON = ((b"content-type", b"application/json"),)
_STRICT = ((b"content-type", GRAPHQL_RESPONSE.encode()),)
