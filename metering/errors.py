"""Every refusal, drawn as a tree: what the business says no to, and what the caller can do about it.

Refusal
├── RateUnknown               no rate for the service, provider or unit
├── NoRateCardInForce         no card has come into force at the usage's time
├── AmountTooLarge            no balance could hold the amount
├── TimeOutOfRange            a time too far back or ahead, or an end before its start
├── IdempotencyConflict       the key was used for another input
├── CreditsExhausted          what is available does not cover it
│   └── OverdraftLimitReached a prepaid account with nothing left starts no workflow
├── NotFound                  no such thing in this account
│   ├── AccountNotFound
│   ├── AgentNotFound
│   ├── ApiKeyNotFound
│   ├── ServiceUsageNotFound
│   └── WorkflowNotFound
├── WorkflowAlreadyEnded      it ended before, in another way
├── ServiceUsageAlreadyVoided
├── InvalidAgent              settings that an adapter or a preset does not know
├── InvalidRateCard           a version that is taken already
└── ScopeNotHeld              a key cannot give what it does not have
"""

from datetime import datetime

from models.workflow import WorkflowStatus
from pricing.credits import Credits
from pricing.rate_card import UnknownProvider, UnknownRate, UnknownService
from pricing.units import ServiceType, UnitType


class Refusal(Exception):  # noqa: N818 - refusals name a state, not an error
    """An expected no. `code` is one of the closed list callers know; the message says what would help."""

    code: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RateUnknown(Refusal):
    """The rate card does not price this; an unknown thing is never a price of zero."""

    def __init__(self, cause: UnknownRate) -> None:
        super().__init__(str(cause))
        self.code = _unknown_code(cause)
        self.service_type: ServiceType = cause.service_type
        self.provider: str = cause.provider
        self.unit_type: UnitType = cause.unit_type
        self.known: list[str] = list(cause.known)


class NoRateCardInForce(Refusal):
    """No rate card was in force when the usage happened."""

    code = "NO_RATE_CARD_IN_FORCE"

    def __init__(self, at: datetime) -> None:
        super().__init__(f"No rate card is in force at {at.isoformat()}; the operator publishes one.")


class AmountTooLarge(Refusal):
    """The amount has more than 12 digits before the point."""

    code = "AMOUNT_TOO_LARGE"


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


class CreditsExhausted(Refusal):
    """The account's credits and credit line do not cover the amount."""

    code = "CREDITS_EXHAUSTED"

    def __init__(self, needed: Credits, available: Credits) -> None:
        super().__init__(f"{needed} credits are needed and {available} are available; nothing was recorded.")
        self.needed = needed
        self.available = available


class OverdraftLimitReached(CreditsExhausted):
    """A prepaid account has used up its credits and its credit line."""

    def __init__(self, available: Credits) -> None:
        Refusal.__init__(
            self,
            f"The account has {available} credits left, credit line included: no workflow can start.",
        )
        self.needed = Credits(1)
        self.available = available


class NotFound(Refusal):
    """No such thing in this account; another account's things are not told apart from missing ones."""

    noun: str

    def __init__(self) -> None:
        super().__init__(f"There is no such {self.noun} in this account.")


class AccountNotFound(NotFound):
    """No such account."""

    code, noun = "ACCOUNT_NOT_FOUND", "account"

    def __init__(self) -> None:
        Refusal.__init__(self, "There is no such account.")


class AgentNotFound(NotFound):
    """No such agent, or it is archived."""

    code, noun = "AGENT_NOT_FOUND", "agent"


class ApiKeyNotFound(NotFound):
    """No such API key, or it is revoked."""

    code, noun = "API_KEY_NOT_FOUND", "API key"


class ServiceUsageNotFound(NotFound):
    """No such service usage."""

    code, noun = "SERVICE_USAGE_NOT_FOUND", "service usage"


class WorkflowNotFound(NotFound):
    """No such workflow."""

    code, noun = "WORKFLOW_NOT_FOUND", "workflow"


class WorkflowAlreadyEnded(Refusal):
    """The workflow ended before, in another way."""

    code = "WORKFLOW_ALREADY_ENDED"

    def __init__(self, status: WorkflowStatus, ended_at: datetime) -> None:
        super().__init__(f"The workflow already ended as {status} at {ended_at.isoformat()}.")
        self.status = status
        self.ended_at = ended_at


class ServiceUsageAlreadyVoided(Refusal):
    """The service usage was voided before, under another key."""

    code = "SERVICE_USAGE_ALREADY_VOIDED"

    def __init__(self, voided_at: datetime) -> None:
        super().__init__(f"The service usage was already voided at {voided_at.isoformat()}.")
        self.voided_at = voided_at


class InvalidAgent(Refusal):
    """Settings, adapter or preset of an agent that do not hold together; `field` names which."""

    code = "INVALID_AGENT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidRateCard(Refusal):
    """A rate card that cannot be published."""

    code = "INVALID_RATE_CARD"


class ScopeNotHeld(Refusal):
    """A key cannot give another key a scope that it does not hold itself."""

    code = "SCOPE_NOT_HELD"


def _unknown_code(cause: UnknownRate) -> str:
    if isinstance(cause, UnknownService):
        return "UNKNOWN_SERVICE"
    return "UNKNOWN_PROVIDER" if isinstance(cause, UnknownProvider) else "UNKNOWN_UNIT"
