"""Connections as uvicorn serves them, but bounded in size and time: heads that never end, answers never read.

The gate sees a request when its head is whole; until then all of it would be kept, and waited for, for ever.
An operation that comes whole is answered here, by the short way; uvicorn never hears of it.
"""

from asyncio import Transport
from typing import Any

from models.actor import Origin
from server.admission import Admission
from server.transport.excess import excess_bytes, is_short
from server.transport.first_steps import begin
from server.transport.gate import WHOLE
from server.transport.heads import Head
from server.transport.origins import client_address, named_request, request_name
from server.transport.patience import PatientConnection
from server.transport.proxies import proxies_of
from server.transport.short_way import ShortWay

LARGEST_HEAD_BYTES = 128 * 1024
"""More than the gate lets in: what is a little too large hears so from the gate, in its own words."""
LARGEST_REQUEST_BYTES = 16 * 1024 * 1024
"""More than the largest body that is heard out, in chunks of any sensible size."""
MOST_AT_ONCE = 8
"""So many requests of one read go the short way; all others of the process wait until they are answered."""


class BoundedConnection(PatientConnection):
    """Reads requests whose heads are whole soon and not too large; headers behind a body are none.

    Lets go of a peer that does not read its answer, which is kept until then.
    """

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*given, **named)
        self._short_way: ShortWay | None = self.app_state.get("short_way")
        self._proxies = proxies_of(self.config)
        self._is_between = True
        self._in_head = True
        self._is_turned_away = False
        self._beginning = b""
        self._plain: Head | None = None
        self._pieces: list[bytes] = []
        self._at_once = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._address = client_address(self.client)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what comes, within bounds."""
        self._at_once = 0
        if not self._is_turned_away:
            self._quiet_since = None
        if self._is_between and not self._bytes:
            if self._is_known(data):
                return
            self._beginning = data
        self._bytes += len(data)
        super().data_received(data)
        self._beginning = b""
        if self.transport.is_closing():
            self._wait_no_longer()
        elif self._bytes > (LARGEST_HEAD_BYTES if self._in_head else LARGEST_REQUEST_BYTES):
            self._refuse(431 if self._in_head else 413, "The request is too large.")
        elif self._in_head and self._bytes and self._waiting is None:
            self._wait()
        elif self._plain is not None:
            self._go_the_long_way()

    def on_message_begin(self) -> None:
        """Begin to take a request; uvicorn hears of it if it is not plain."""
        self._is_between = False
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; one that comes behind a body could say what nobody has looked at."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, but for a plain operation, of which the body may have come too."""
        self._in_head = False
        self._wait_no_longer()
        self._quiet_since = None
        self._plain = self._plain_head()
        if self._plain is not None:
            return
        self._tell_of_head()
        if self._is_excess():
            self._turn_away()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, or leave it where its request was refused."""
        if self._plain is not None:
            self._pieces.append(body)
        elif not self._is_turned_away:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; the next one is counted from its beginning, or from the next bytes that come."""
        self._in_head = self._is_between = True
        self._bytes = 0
        if self._plain is not None:
            head, self._plain = self._plain, None
            body, self._pieces = b"".join(self._pieces), []
            self._answer(head, body)
        elif not self._is_turned_away:
            self.scope[WHOLE] = True  # type: ignore[literal-required]  # a key of ours
            super().on_message_complete()
        self._is_turned_away = False

    def _is_known(self, data: bytes) -> bool:
        """Answer a plain operation whose head is known; its bytes need not be looked at one by one."""
        way = self._short_way
        if way is None or not self._is_free(way):
            return False
        end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        head = way.known.get(data[:end])
        if head is None or len(data) - end != head.length:
            return False
        self._wait_no_longer()
        self._answer(head, data[end:])
        return True

    def _is_free(self, way: ShortWay) -> bool:
        return (
            way.is_open
            and self._at_once < MOST_AT_ONCE
            and not self._is_answering()
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _plain_head(self) -> Head | None:
        """Give the head of a request that may go the short way."""
        way, parser = self._short_way, self.parser
        if (
            way is None
            or self.url != b"/graphql"
            or parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or not self._is_free(way)
        ):
            return None
        head = way.plain_head(self.headers)
        if head is not None and self._beginning:
            way.know(self._beginning[: self._beginning.find(_END_OF_HEAD) + len(_END_OF_HEAD)], head)
        self._beginning = b""
        return head

    def _answer(self, head: Head, body: bytes) -> None:
        """Answer a plain operation at once, or in a task where it has to wait."""
        self._at_once += 1
        self.cycle = exchange = Exchange()  # type: ignore[assignment]  # all that is asked of it here
        task = begin(self._reply(head, body, exchange), self.loop)
        if task is not None:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _reply(self, head: Head, body: bytes, exchange: "Exchange") -> None:
        way = self._short_way
        assert way is not None  # noqa: S101 - it is what this request came by
        name, address, forwarded_for = request_name(head.given_id), self._address, head.forwarded_for
        if forwarded_for is not None:
            address = client_address(self._proxies.client(self.client, forwarded_for))
        try:
            reply = await way.reply(head, body, Origin(address, name))
        except BaseException:  # as uvicorn does: a connection is all that may end
            self.logger.exception("An operation ended without an answer.")
            self.transport.close()
            return
        exchange.response_complete = True
        always = self.server_state.default_headers
        written = way.written(reply, name, always, is_last=not exchange.keep_alive)
        if not self.transport.is_closing():
            self.transport.write(written)
            if way.is_ending or not exchange.keep_alive:
                self.transport.close()
        self.on_response_complete()

    def _go_the_long_way(self) -> None:
        """Let uvicorn and the gate wait for the rest of a body, and lose patience with it."""
        pieces, self._plain, self._pieces = self._pieces, None, []
        self._tell_of_head()
        super().on_headers_complete()
        for piece in pieces:
            super().on_body(piece)

    def _tell_of_head(self) -> None:
        """Let uvicorn make of a head what it makes of one when it begins."""
        url, headers, is_expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, is_expected
        self.headers += headers

    def _is_excess(self) -> bool:
        """Return whether an operation comes that has no place; all that is less plain is left to the gate."""
        admission: Admission | None = self.app_state.get("admission")
        return (
            admission is not None
            and admission.is_full
            and self.url == b"/graphql"
            and self.parser.get_method() == b"POST"
            and not self._is_answering()
            and not self.flow.write_paused  # who does not read is refused by the gate, which waits for that
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
        self._rest()


class Exchange:
    """A request that goes the short way, as much of it as uvicorn asks about."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self) -> None:
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False
        self.message_event = NOBODY


class _Nobody:
    """Waits for nothing, and so need not be told."""

    def set(self) -> None:
        """Nothing to do."""


NOBODY = _Nobody()
_END_OF_HEAD = b"\r\n\r\n"
