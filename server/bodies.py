"""Bodies: requests are bounded, strict JSON whose numbers stay exact; answers are JSON whatever they hold."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn

import orjson
from starlette.requests import ClientDisconnect, Request

LARGEST_BODY_BYTES = 1024 * 1024


class BadBody(Exception):  # noqa: N818 - named for the state
    """A body that cannot be read; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def received(request: Request) -> bytes:
    """Wait for the whole body. A caller may take its time, so hold no connection of the store meanwhile.

    Raises BadBody.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY_BYTES:
                raise BadBody(413, f"The body is larger than {LARGEST_BODY_BYTES} bytes.")
    except ClientDisconnect as error:
        raise BadBody(400, "The body has no end: the caller has left.") from error
    return bytes(body)


def json_object(request: Request, body: bytes) -> dict[str, object]:
    """Read a JSON object; fractions are Decimals, so that nothing passes through a float.

    Raises BadBody.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadBody(415, "Send the request as application/json.")
    try:
        value = json.loads(
            body, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise BadBody(400, "The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise BadBody(400, "The body must be a JSON object.")
    return value


def json_bytes(content: Mapping[str, object]) -> bytes:
    """Write an answer."""
    try:
        return orjson.dumps(content)
    except orjson.JSONEncodeError:
        # Nested deeper than orjson goes, or an error that repeats half of a surrogate pair.
        return json.dumps(content).encode()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Which of the two is meant cannot be known, and another reader of the same body may choose otherwise.
        raise ValueError("a name comes twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
