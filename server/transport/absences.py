"""What this process does not serve: said in the same JSON as every other refusal."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graph.errors import ErrorCode
from server.transport.bodies import json_bytes
from server.transport.refusals import refusal


async def not_served(request: Request, error: Exception) -> Response:
    """Answer where no route takes the path, or none takes it with this method."""
    if not isinstance(error, HTTPException):
        raise error
    code, message = _SAID.get(error.status_code, (ErrorCode.BAD_USER_INPUT, error.detail))
    found: dict[str, object] = {"error": {"message": message}}
    if request.url.path == "/graphql":
        found = {"errors": [refusal(code, message)]}
    return Response(
        json_bytes(found), error.status_code, headers=dict(error.headers or {}), media_type="application/json"
    )


_SAID = {
    404: (ErrorCode.NOT_FOUND, "There is nothing at this address."),
    405: (ErrorCode.BAD_USER_INPUT, "This address takes other methods; the header Allow names them."),
}
