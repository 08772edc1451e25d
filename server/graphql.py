"""`POST /graphql`: one operation, its answer, and nothing internal in either."""

from starlette.types import ASGIApp, Receive, Scope, Send

from models.actor import Origin
from server.answers import answer_to
from server.authentication import Unauthenticated
from server.operations import Operation, Operations
from server.reception import Reception
from server.subscriptions.sse import EventStream
from server.subscriptions.streams import Streams, TooManyStreams
from server.transport.heads import Head, head_of
from server.transport.origins import origin_of
from server.transport.replies import Reply, answered, failed, unauthenticated


class GraphqlEndpoint:
    """The endpoint, an ASGI application behind the gate: bodies come whole.

    Requests and responses are no objects here: to make them takes as long as a small query.
    """

    def __init__(self, reception: Reception, streams: Streams) -> None:
        self._reception = reception
        self._streams = streams
        self._operations = Operations(reception.trusted_documents)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an operation, at once or event by event."""
        head, body = head_of(scope), (await receive())["body"]
        answer: ASGIApp
        if head.wants_events:
            answer = await self._opened(head, body, origin_of(scope))
        else:
            answer = await self.reply(head, body, origin_of(scope))
        await answer(scope, receive, send)

    async def reply(self, head: Head, body: bytes, origin: Origin) -> Reply:
        """Answer an operation at once; whatever goes wrong is told in the answer."""
        reception = self._reception
        try:
            with reception.observer.observed(headers=head.named) as observation:
                async with reception.context(head.secret, origin) as context:
                    operation = self._operation(head, body)
                    answer = await answer_to(operation, context, reception, observation)
            return answered(answer, strict=head.is_strict)
        except Unauthenticated:
            return unauthenticated()
        except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, the caller sees no internals
            return failed(error)

    async def _opened(self, head: Head, body: bytes, origin: Origin) -> ASGIApp:
        reception = self._reception
        try:
            async with reception.context(head.secret, origin) as context:
                operation = self._operation(head, body)
                return _Streamed(
                    EventStream(reception, self._streams, operation, head.secret, context.api_key.id)
                )
        except Unauthenticated:
            return unauthenticated()
        except Exception as error:  # noqa: BLE001 - as above
            return failed(error)

    def _operation(self, head: Head, body: bytes) -> Operation:
        head.require_json()
        return self._operations.of(body)


class _Streamed:
    """The place of an answer that is still to come, piece by piece."""

    def __init__(self, events: EventStream) -> None:
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._events(scope, receive, send)
        except TooManyStreams as error:  # which comes before its first byte
            await failed(error)(scope, receive, send)
