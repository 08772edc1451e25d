"""What stays open: sockets and event streams, how many a key may have, and when they must end."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

import structlog
from graphql import GraphQLFormattedError

from graph.errors import ErrorCode
from models.availability import is_unavailable
from server.authentication import Authentication, Secret
from server.transport.refusals import Refused, refusal
from server.transport.sizes import LARGEST_BODY_BYTES

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much may stay open, and for how long the other side is waited for."""

    streams: int = 2_000
    sockets_per_key: int = 100
    subscriptions_per_key: int = 500
    message_bytes: int = LARGEST_BODY_BYTES
    init_seconds: float = 10.0
    slow_seconds: float = 10.0
    keep_alive_seconds: float = 12.0
    key_check_seconds: float = 0.5


class Ending(Enum):
    """Why the service ends a stream: the code that closes a socket, and the error that is told before."""

    KEY_ENDED = (4401, ErrorCode.UNAUTHENTICATED, "The API key was revoked, replaced or has expired.")
    SLOW = (
        4410,
        ErrorCode.RATE_LIMITED,
        "Events came faster than they were read. Subscribe again after the last sequence.",
    )
    GOING_AWAY = (1001, ErrorCode.UNAVAILABLE, "The service is stopping. Subscribe again in a moment.")

    @property
    def close_code(self) -> int:
        """The code that closes a socket."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """Why, in a sentence or two."""
        return self.value[2]

    @property
    def error(self) -> GraphQLFormattedError:
        """The error that a subscription ends with."""
        return refusal(self.value[1], self.reason)


class TooManyStreams(Refused):
    """The key has as many sockets or subscriptions open as it may, or the service as many streams."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, message: str) -> None:
        super().__init__(429, message)


@dataclass(eq=False, slots=True)
class OpenStream:
    """A socket or an event stream; `secret` is what its key was recognised by, once it was."""

    secret: Secret | None = None
    ending: "asyncio.Future[Ending]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def end(self, ending: Ending) -> None:
        """Have it end; the first reason counts."""
        if not self.ending.done():
            self.ending.set_result(ending)


class Streams:
    """All that is open in a process. While anything is, its keys are looked at again and again."""

    def __init__(self, authentication: Authentication, limits: StreamLimits) -> None:
        self.limits = limits
        self._authentication = authentication
        self._open: set[OpenStream] = set()
        self._sockets: Counter[UUID] = Counter()
        self._subscriptions: Counter[UUID] = Counter()
        self._stopping = False
        self._watching: asyncio.Task[None] | None = None

    @property
    def open_count(self) -> int:
        """How many sockets and event streams are open."""
        return len(self._open)

    @property
    def subscription_count(self) -> int:
        """How many subscriptions they carry."""
        return self._subscriptions.total()

    @contextmanager
    def opened(self, stream: OpenStream) -> Iterator[None]:
        """Keep a stream among the open ones for the length of the block.

        Raises TooManyStreams.
        """
        if self._stopping:
            raise TooManyStreams("The service is stopping.")
        if len(self._open) >= self.limits.streams:
            raise TooManyStreams("The service has as many streams open as it may; try again in a moment.")
        self._open.add(stream)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch_keys())
        try:
            yield
        finally:
            self._open.discard(stream)

    @contextmanager
    def socket(self, api_key_id: UUID) -> Iterator[None]:
        """Count a socket of a key for the length of the block.

        Raises TooManyStreams.
        """
        most = self.limits.sockets_per_key
        if self._sockets[api_key_id] >= most:
            raise TooManyStreams(f"An API key may have {most} sockets open.")
        with _counted(self._sockets, api_key_id):
            yield

    @contextmanager
    def subscription(self, api_key_id: UUID) -> Iterator[None]:
        """Count a subscription of a key for the length of the block.

        Raises TooManyStreams.
        """
        self.require_room(api_key_id)
        with _counted(self._subscriptions, api_key_id):
            yield

    def require_room(self, api_key_id: UUID) -> None:
        """Raise TooManyStreams where a key has as many subscriptions as it may."""
        most = self.limits.subscriptions_per_key
        if self._subscriptions[api_key_id] >= most:
            raise TooManyStreams(f"An API key may have {most} operations open; end some first.")

    def drain(self) -> None:
        """Let nothing more in, and have all end that is open."""
        self._stopping = True
        for stream in self._open:
            stream.end(Ending.GOING_AWAY)

    async def close(self) -> None:
        """Drain, and wait a little until all has ended."""
        self.drain()
        for _ in range(_CLOSING_STEPS):
            if not self._open:
                break
            await asyncio.sleep(_CLOSING_STEP_SECONDS)
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch_keys(self) -> None:
        while True:
            await asyncio.sleep(self.limits.key_check_seconds)
            try:
                await self._end_dead()
            except Exception as error:
                # Without the store nobody is told anything either; the next look decides.
                reason = "the store is unavailable" if is_unavailable(error) else None
                log.warning("keys unchecked", reason=reason, exc_info=None if reason else error)

    async def _end_dead(self) -> None:
        secrets = {stream.secret for stream in self._open if stream.secret is not None}
        if not secrets:
            return
        dead = secrets - await self._authentication.live(secrets)
        for stream in self._open:
            # One that came in the meantime has been looked at just now, and is not among them.
            if stream.secret in dead:
                stream.end(Ending.KEY_ENDED)


@contextmanager
def _counted(counter: Counter[UUID], api_key_id: UUID) -> Iterator[None]:
    counter[api_key_id] += 1
    try:
        yield
    finally:
        counter[api_key_id] -= 1
        if not counter[api_key_id]:
            del counter[api_key_id]


_CLOSING_STEPS = 40
_CLOSING_STEP_SECONDS = 0.05
