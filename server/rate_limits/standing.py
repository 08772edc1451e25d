"""What rate limits tell: where a key stands, and that it has to wait."""

import math
from typing import ClassVar, NamedTuple, Protocol
from uuid import UUID

from graph.errors import ErrorCode
from server.transport.refusals import Refused


class Standing(NamedTuple):
    """Where a key stands: its limit and what is left of it, in points, and the points of a second.

    A limit of 0 says that there is none.
    """

    limit: int
    remaining: int
    restore_rate: int


class RateLimited(Refused):
    """The key has used up its points; it has them again after `retry_after_seconds`, which are whole."""

    code: ClassVar[ErrorCode] = ErrorCode.RATE_LIMITED

    def __init__(self, retry_after_seconds: float, standing: Standing) -> None:
        self.retry_after_seconds = max(1, math.ceil(retry_after_seconds))
        self.standing = standing
        unit = "second" if self.retry_after_seconds == 1 else "seconds"
        super().__init__(
            429, f"This key has used up its points; try again in {self.retry_after_seconds} {unit}."
        )

    @property
    def extensions(self) -> dict[str, object]:
        """Say when to try again, too."""
        return {**super().extensions, "retryAfterSeconds": self.retry_after_seconds}


class TooDear(Refused):
    """An operation costs more than a key may ever have at once: trying again would not help."""

    code: ClassVar[ErrorCode] = ErrorCode.QUERY_TOO_COMPLEX

    def __init__(self, points: int, standing: Standing) -> None:
        self.standing = standing
        super().__init__(
            400, f"This costs {points} points; a key has at most {standing.limit}: ask for less at once."
        )


class RateLimits(Protocol):
    """The points of every key, in one process or shared between several."""

    async def take(self, api_key_id: UUID, points: int) -> Standing:
        """Take points, and tell what is left.

        Raises RateLimited where the key must wait, TooDear where waiting would not help; neither takes any.
        """

    def give_back(self, api_key_id: UUID, points: int) -> None:
        """Give back what was taken and not needed."""

    def charge(self, api_key_id: UUID, points: int) -> None:
        """Take points afterwards, or what is there of them."""

    def start(self) -> None:
        """Begin the work in the background, where there is any."""

    async def close(self) -> None:
        """Stop; what other processes can use is given back."""


class Unlimited:
    """No limits: everything passes."""

    async def take(self, api_key_id: UUID, points: int) -> Standing:  # noqa: ARG002 - the protocol's signature
        """Let it pass."""
        return Standing(limit=0, remaining=0, restore_rate=0)

    def give_back(self, api_key_id: UUID, points: int) -> None:
        """Nothing was taken."""

    def charge(self, api_key_id: UUID, points: int) -> None:
        """Take nothing."""

    def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""
