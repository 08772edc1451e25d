"""Patience: how long a connection is waited for, be it with its head, its next request or its reading."""

from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from server.transport.bodies import json_bytes

SLOWEST_HEAD_SECONDS = 10.0
STALLED_SECONDS = 20.0
"""How long nothing at all of an answer may be read."""


class PatientConnection(HttpToolsProtocol):
    """Lets go of a peer whose head takes long, who is quiet, or who does not read its answer."""

    slowest_head_seconds = SLOWEST_HEAD_SECONDS
    stalled_seconds = STALLED_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*given, **named)
        self._bytes = 0
        """Of the request that comes in."""
        self._quiet_since: float | None = None
        self._waiting: TimerHandle | None = None
        self._stalling: TimerHandle | None = None
        self._resting: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        self._stall_no_longer()
        if self._resting is not None:
            self._resting.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Look now and then whether any of the answer is read."""
        super().pause_writing()
        self._stall()

    def resume_writing(self) -> None:
        """Look no more."""
        self._stall_no_longer()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Wait for the next request, or go on with one that has come already."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._rest()

    def _rest(self) -> None:
        """Close the connection if nothing comes for a while; to set a timer each time would take too long."""
        self._quiet_since = self.loop.time()
        if self._resting is None:
            self._resting = self.loop.call_later(self.timeout_keep_alive, self._look_whether_quiet)

    def _look_whether_quiet(self) -> None:
        self._resting = None
        if self._quiet_since is None:
            return
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._resting = self.loop.call_later(left, self._look_whether_quiet)

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
