"""How an ASGI rival serves: by uvicorn with uvloop and httptools, without a log, on a port."""

import sys
from typing import Any

import uvicorn

Message = dict[str, Any]
JSON = (b"content-type", b"application/json")


def serve(app: object) -> None:
    """Serve on the port that the first argument names, until killed."""
    uvicorn.run(
        app,  # type: ignore[arg-type]  # any ASGI application
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        lifespan="off",
        loop="uvloop",
        http="httptools",
    )


async def body_of(receive: Any) -> bytes:  # noqa: ANN401 - ASGI's
    """Read the whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def answer(send: Any, body: bytes) -> None:  # noqa: ANN401 - ASGI's
    """Answer with JSON."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [JSON, length]})
    await send({"type": "http.response.body", "body": body})
