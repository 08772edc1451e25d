"""The short way: an operation that comes whole and plain is answered where it comes in.

ASGI would make a scope, a task, two callables and a message for each part of it, which takes longer than a
small answer. All that is not plain goes the long way, through the gate; its rules are the same here: what
it would refuse goes there to be refused.
"""

from collections.abc import Sequence
from itertools import chain

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from models.actor import Origin
from server.admission import Admission, Overloaded
from server.graphql import GraphqlEndpoint
from server.monitoring.logs import log_as
from server.transport.departures import SAFE, Exit
from server.transport.excess import EXCESS
from server.transport.gate import Bounds
from server.transport.heads import Head, RawHeaders, require_bounded
from server.transport.refusals import Refused
from server.transport.replies import Headers, Reply

PATH = "/graphql"
MOST_KNOWN = 1_000
LARGEST_KNOWN_BYTES = 2_000


class ShortWay:
    """The short way of a process."""

    def __init__(
        self, operations: GraphqlEndpoint, bounds: Bounds, admission: Admission, way_out: Exit
    ) -> None:
        self._operations = operations
        self._bounds = bounds
        self._admission = admission
        self._meters = way_out.meters
        self._draining = way_out.draining
        self._always: Headers = []
        self._openings: dict[tuple[int, Headers], bytes] = {}
        self.known: dict[bytes, Head] = {}
        """Plain heads by their bytes, request line and all: a client mostly says the same again."""

    @property
    def is_open(self) -> bool:
        """Whether anybody may come by it: who is refused, or is the last one, goes the long way."""
        return not (self._admission.is_full or self._draining.has_begun)

    @property
    def is_ending(self) -> bool:
        """Whether each answer is the last of its connection."""
        return self._draining.has_begun

    def plain_head(self, headers: RawHeaders) -> Head | None:
        """Read the headers of an operation; None where only the long way knows what to make of them."""
        if not _UNSURE.isdisjoint(name for name, _ in headers):
            return None
        try:
            require_bounded(headers, self._bounds.header_bytes)
        except Refused:
            return None
        head = Head(headers)
        length = head.length
        is_plain = length is not None and length <= self._bounds.body_bytes and not head.wants_events
        return head if is_plain else None

    def know(self, raw: bytes, head: Head) -> None:
        """Keep a plain head, so that its bytes need not be read again."""
        is_likely_again = _OF_ONE_REQUEST.isdisjoint(head.named)
        # One line for each header: nothing folded, and no blank line but the last.
        is_as_it_seems = raw.startswith(_REQUEST_LINE) and raw.count(b"\r\n") == len(head.named) + 2
        if is_likely_again and is_as_it_seems and len(raw) <= LARGEST_KNOWN_BYTES:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[raw] = head

    async def reply(self, head: Head, body: bytes, origin: Origin) -> Reply:
        """Answer an operation in its place; whatever is logged in the meantime names its request."""
        assert origin.request_id is not None  # noqa: S101 - each request has one
        admission = self._admission
        log_as(origin.request_id)  # the context is this request's own
        if not admission.enter_at_once():
            try:
                await admission.enter()
            except Overloaded:  # since its head came
                return EXCESS
        try:
            return await self._operations.reply(head, body, origin)
        finally:
            admission.leave()

    def written(self, reply: Reply, request_id: str, always: Headers, *, is_last: bool) -> bytes:
        """Count an answer and write it as it goes over the wire, `always` being the server's own headers."""
        self._meters.count_answer(PATH, reply.status)
        if always is not self._always:  # once a second, with the date
            self._always = always
            self._openings.clear()
        key = (reply.status, reply.headers)
        opening = self._openings.get(key)
        if opening is None:
            lines = _lines((*always, *reply.headers))
            opening = self._openings[key] = STATUS_LINE[reply.status] + lines + b"content-length: "
        return b"%b%d\r\nx-request-id: %b%b%b" % (
            opening,
            len(reply.body),
            request_id.encode(),
            _LAST_END if is_last or self._draining.has_begun else _END,
            reply.body,
        )


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(chain.from_iterable((name, b": ", value, b"\r\n") for name, value in headers))


_REQUEST_LINE = b"POST /graphql HTTP/1.1\r\n"
_UNSURE = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Who sends these waits for a word before the body, says nothing of its length, or wants another protocol."""
_OF_ONE_REQUEST = frozenset({"x-request-id", "traceparent", "tracestate"})
_END = b"\r\n" + _lines(SAFE) + b"\r\n"
_LAST_END = b"\r\n" + _lines((*SAFE, (b"connection", b"close"))) + b"\r\n"
