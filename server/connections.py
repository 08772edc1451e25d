"""Connections as uvicorn serves them, but bounded in size and time: heads that never end, answers never read.

The gate sees a request when its head is whole; until then all of it would be kept, and waited for, for ever.
"""

from asyncio import Transport
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from server.admission import Admission
from server.bodies import json_bytes
from server.excess import excess_bytes, is_short
from server.gate import WHOLE
from server.origins import named_request

LARGEST_HEAD_BYTES = 128 * 1024
"""More than the gate lets in: what is a little too large hears so from the gate, in its own words."""
SLOWEST_HEAD_SECONDS = 10.0
LARGEST_REQUEST_BYTES = 16 * 1024 * 1024
"""More than the largest body that is heard out, in chunks of any sensible size."""
STALLED_SECONDS = 20.0
"""How long nothing at all of an answer may be read."""


class BoundedConnection(HttpToolsProtocol):
    """Reads requests whose heads are whole soon and not too large; headers behind a body are none.

    Lets go of a peer that does not read its answer, which is kept until then.
    """

    slowest_head_seconds = SLOWEST_HEAD_SECONDS
    stalled_seconds = STALLED_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*given, **named)
        self._in_head = True
        self._is_turned_away = False
        self._bytes = 0
        self._waiting: TimerHandle | None = None
        self._stalling: TimerHandle | None = None
        self._resting: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        self._stall_no_longer()
        self._rest_no_longer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Look now and then whether any of the answer is read."""
        super().pause_writing()
        self._stall()

    def resume_writing(self) -> None:
        """Look no more."""
        self._stall_no_longer()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take what comes, within bounds."""
        self._bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            self._wait_no_longer()
        elif self._bytes > (LARGEST_HEAD_BYTES if self._in_head else LARGEST_REQUEST_BYTES):
            self._refuse(431 if self._in_head else 413, "The request is too large.")
        elif self._in_head and self._bytes and self._waiting is None:
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes behind a body could say what nobody has looked at."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._in_head = False
        self._wait_no_longer()
        self._rest_no_longer()
        if self._is_excess():
            self._turn_away()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, or leave it where its request was refused."""
        if not self._is_turned_away:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; the next one is counted from its beginning, or from the next bytes that come."""
        if not self._is_turned_away:
            self.scope[WHOLE] = True  # type: ignore[literal-required]  # a key of ours
            super().on_message_complete()
        self._is_turned_away = False
        self._in_head = True
        self._bytes = 0

    def _is_excess(self) -> bool:
        """Return whether an operation comes that has no place; all that is less plain is left to the gate."""
        admission: Admission | None = self.app_state.get("admission")
        return (
            admission is not None
            and admission.is_full
            and self.url == b"/graphql"
            and self.parser.get_method() == b"POST"
            and not self._is_answering()
            and not self.app_state["draining"].has_begun
            and self.parser.should_keep_alive()
            and is_short(self.headers)
        )

    def _turn_away(self) -> None:
        """Refuse without having made a request of it, which takes several times as long."""
        self._is_turned_away = True
        self.app_state["admission"].turn_away_at_the_door()
        self.transport.write(excess_bytes(named_request(self.scope)))  # type: ignore[arg-type]  # a scope
        # uvicorn's own timer ends with the next bytes, be they the rest of what was refused.
        self._resting = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _rest_no_longer(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _stall(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._stalling = self.loop.call_later(self.stalled_seconds, self._let_go, unread)

    def _stall_no_longer(self) -> None:
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None

    def _let_go(self, unread: int) -> None:
        if self.transport.get_write_buffer_size() >= unread:
            self.transport.abort()
        else:
            self._stall()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.slowest_head_seconds, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        self._refuse(408, f"The request took longer than {self.slowest_head_seconds:g} seconds to arrive.")

    def _refuse(self, status: int, message: str) -> None:
        """Answer where nothing else is being answered, and end the connection."""
        self._wait_no_longer()
        if self._bytes and not self._is_answering():
            body = json_bytes({"error": {"message": message}})
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
                % len(body)
                + body
            )
        self.transport.close()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete
