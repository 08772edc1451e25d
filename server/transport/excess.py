"""The excess: what requests hear that are not let in, in bytes made beforehand."""

from collections.abc import Iterable

from starlette.types import Scope, Send

from server.admission import Overloaded
from server.transport.bodies import json_bytes
from server.transport.departures import SAFE
from server.transport.refusals import shown
from server.transport.replies import Reply

RETRY_AFTER_SECONDS = 1


async def refuse_excess(scope: Scope, send: Send) -> None:
    """Answer for a request that has no place, whose body was not read."""
    known = EXCESS if scope["path"] == "/graphql" else _REST
    headers = [*known.headers, (b"content-length", b"%d" % len(known.body))]
    if not is_short(scope["headers"]):
        # What is left of the body is not waited for: the connection ends here.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": known.status, "headers": headers})
    await send({"type": "http.response.body", "body": known.body})


def excess_bytes(request_id: str) -> bytes:
    """Give the whole answer to an operation that has no place, on a connection that is kept."""
    return _BEFORE_ID + request_id.encode() + _BEHIND_ID


def is_short(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether a body is certain to come, and soon over: then the connection is kept."""
    length = b"0"
    for name, value in headers:
        if name == b"content-length":
            length = value
        elif name in _UNSURE:
            return False
    return len(length) <= _FEW_DIGITS


def _prepared(content: dict[str, object]) -> Reply:
    headers = (
        (b"content-type", b"application/json"),
        (b"retry-after", b"%d" % RETRY_AFTER_SECONDS),
    )
    return Reply(503, headers, json_bytes(content))


EXCESS = _prepared({"errors": [shown(Overloaded())[1]]})
"""What an operation hears that has no place."""
_UNSURE = (b"expect", b"transfer-encoding")
_FEW_DIGITS = 5
_REST = _prepared({"error": {"message": Overloaded().message}})
_BEFORE_ID = b"".join(
    (
        b"HTTP/1.1 503 Service Unavailable\r\n",
        *(name + b": " + value + b"\r\n" for name, value in (*EXCESS.headers, *SAFE)),
        b"content-length: %d\r\nx-request-id: " % len(EXCESS.body),
    )
)
_BEHIND_ID = b"\r\n\r\n" + EXCESS.body
