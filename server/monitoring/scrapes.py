"""`GET /metrics`: the metrics of all processes that serve together, as Prometheus reads them."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from server.monitoring.ledger_gauges import LedgerGauges
from server.monitoring.metrics import Meters
from server.monitoring.vitals import Vitals
from server.transport.bodies import json_bytes


def metrics_endpoint(
    meters: Meters, vitals: Vitals, ledger: LedgerGauges, token: SecretStr | None
) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint; with a token only those who send it are told."""

    async def endpoint(request: Request) -> Response:
        if token is not None and not _knows(request, token):
            return _refused()
        await ledger.refresh()
        vitals.look()
        # With many processes there are many files to read, during which others want to be answered.
        text = await asyncio.to_thread(generate_latest, meters.collected(ledger))
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return endpoint


def _knows(request: Request, token: SecretStr) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = token.get_secret_value().encode()
    # How long it takes tells nothing of how much of the token was right.
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected)


def _refused() -> Response:
    said = {"error": {"message": "Send the metrics token as 'Authorization: Bearer …'."}}
    headers = {"www-authenticate": "Bearer"}
    return Response(json_bytes(said), 401, headers=headers, media_type="application/json")
