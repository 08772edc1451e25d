"""Request bodies: bounded, strict JSON whose numbers stay exact."""

import json
from decimal import Decimal
from typing import NoReturn

from starlette.requests import Request

LARGEST_BODY_BYTES = 1024 * 1024


class BadBody(Exception):  # noqa: N818 - named for the state
    """A body that cannot be read; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def json_object(request: Request) -> dict[str, object]:
    """Read a JSON object; fractions are Decimals, so that nothing passes through a float.

    Raises BadBody.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadBody(415, "Send the request as application/json.")
    try:
        value = json.loads(await _bytes(request), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadBody(400, "The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise BadBody(400, "The body must be a JSON object.")
    return value


async def _bytes(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise BadBody(413, f"The body is larger than {LARGEST_BODY_BYTES} bytes.")
    return bytes(body)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
