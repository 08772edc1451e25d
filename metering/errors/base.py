"""What every refusal is, and those that any verb may give."""

from datetime import datetime


class Refusal(Exception):  # noqa: N818 - refusals name a state, not an error
    """An expected no. `code` is one of the closed list callers know; the message says what would help."""

    code: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TimeOutOfRange(Refusal):
    """A time outside the window that is open for recording."""

    code = "TIME_OUT_OF_RANGE"

    def __init__(self, field: str, given: datetime, earliest: datetime, latest: datetime) -> None:
        super().__init__(
            f"{field} is {given.isoformat()}; it must lie between {earliest.isoformat()} "
            f"and {latest.isoformat()}."
        )
        self.field = field
        self.earliest = earliest
        self.latest = latest


class IdempotencyConflict(Refusal):
    """The same key came with another input before."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The idempotency key {key!r} was used for another input; nothing was done. Use a new key."
        )
        self.idempotency_key = key


class ScopeNotHeld(Refusal):
    """A key cannot give another key a scope that it does not hold itself."""

    code = "SCOPE_NOT_HELD"
