"""Departures: every answer leaves by the same way, counted, safe to hold, and the last one where we drain."""

from dataclasses import dataclass

from starlette.types import Message, Scope, Send

from server.admission import Place
from server.monitoring.metrics import Meters
from server.processes.draining import Draining
from server.transport.replies import Headers

SAFE = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
"""What every answer says of itself; only files may be kept."""


@dataclass(frozen=True, slots=True)
class Exit:
    """What the answers of a process pass on their way out."""

    meters: Meters
    draining: Draining

    def departure(self, scope: Scope, send: Send, request_id: str) -> "Departure":
        """Give the way out of one request."""
        return Departure(self, scope["path"], send, request_id)


class Departure:
    """The way out of one request; it is what its answer is sent by."""

    __slots__ = ("_exit", "_path", "_request_id", "_send", "place")

    def __init__(self, through: Exit, path: str, send: Send, request_id: str) -> None:
        self._exit = through
        self._path = path
        self._send = send
        self._request_id = request_id
        self.place: Place | None = None
        """Left with the first bytes of the answer's body: who reads slowly takes nobody's place."""

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self._exit.meters.count_answer(self._path, message["status"])
            message["headers"] = self._stamped(message.get("headers", ()))
        elif self.place is not None and message["type"] == "http.response.body":
            self.place.leave()
        await self._send(message)

    def _stamped(self, headers: Headers) -> Headers:
        ours = [(b"x-request-id", self._request_id.encode()), *SAFE]
        if self._path.startswith("/static/"):
            ours.pop()
        # Asked as late as can be: what began long ago ends now.
        if self._exit.draining.has_begun:
            ours.append((b"connection", b"close"))
        names = {name for name, _ in ours}
        return [each for each in headers if each[0] not in names] + ours
