"""The excess: what requests hear that are not let in, in bytes made beforehand."""

from collections.abc import Iterable, Mapping

from starlette.types import Scope, Send

from server.admission import Overloaded
from server.bodies import json_bytes
from server.departures import SAFE, Headers
from server.refusals import shown

RETRY_AFTER_SECONDS = 1


async def refuse_excess(scope: Scope, send: Send) -> None:
    """Answer for a request that has no place, whose body was not read."""
    known, body = _GRAPHQL if scope["path"] == "/graphql" else _REST
    headers = [*known]
    if not is_short(scope["headers"]):
        # What is left of the body is not waited for: the connection ends here.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


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


def _prepared(content: Mapping[str, object]) -> tuple[Headers, bytes]:
    body = json_bytes(content)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(RETRY_AFTER_SECONDS).encode()),
    ]
    return headers, body


_UNSURE = (b"expect", b"transfer-encoding")
_FEW_DIGITS = 5
_GRAPHQL = _prepared({"errors": [shown(Overloaded())[1]]})
_REST = _prepared({"error": {"message": Overloaded().message}})
_BEFORE_ID = b"".join(
    (
        b"HTTP/1.1 503 Service Unavailable\r\n",
        *(name + b": " + value + b"\r\n" for name, value in (*_GRAPHQL[0], *SAFE)),
        b"x-request-id: ",
    )
)
_BEHIND_ID = b"\r\n\r\n" + _GRAPHQL[1]
