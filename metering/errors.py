"""Every refusal, drawn as a tree: what the business says no to, and what the caller can do about it.

Refusal
├── RateUnknown               no rate for the service, provider or unit
├── NoRateCardInForce         no card has come into force at the usage's time
├── AmountTooLarge            no balance could hold the amount
├── TimeOutOfRange            a time too far back or ahead, or an end before its start
├── IdempotencyConflict       the key was used for another input
├── CreditsExhausted          what is available does not cover it
│   └── OverdraftLimitReached a prepaid account with nothing left starts no workflow
├── BudgetExceeded            a blocking budget leaves less than it
├── NotFound                  no such thing in this account
│   ├── AccountNotFound
│   ├── AgentNotFound
│   ├── ApiKeyNotFound
│   ├── GrantNotFound
│   ├── HoldNotFound
│   ├── BudgetNotFound
│   ├── ServiceUsageNotFound
│   ├── WebhookDeliveryNotFound
│   ├── WebhookEndpointNotFound
│   └── WorkflowNotFound
├── WorkflowAlreadyEnded      it ended before, in another way
├── WorkflowNestedTooDeep     more runs within runs than anyone needs
├── ServiceUsageAlreadyVoided
├── GrantAlreadyVoided
├── HoldClosed                it was released, has expired, or its run has ended
├── NothingToHold             the planned services cost nothing
├── InvalidBudget             a limit that does not hold together
├── InvalidAgent              settings that an adapter or a preset does not know
├── InvalidRateCard           a version that is taken already
├── InvalidWebhookEndpoint    an address that nothing can be sent to
├── TooManyWebhookEndpoints   as many as an account can have
├── WebhookEndpointDisabled   nothing is sent to it until it is enabled again
└── ScopeNotHeld              a key cannot give what it does not have
"""

from datetime import datetime

from metering.budgets.rules import left, worded
from models.budget import Budget
from models.hold import HoldStatus
from models.workflow import WorkflowStatus
from pricing.credits import Credits
from pricing.quote import PricedUsage
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

    def __init__(self, needed: Credits, available: Credits, fitting: tuple[PricedUsage, ...] = ()) -> None:
        super().__init__(f"{needed} credits are needed and {available} are available; nothing was recorded.")
        self.needed = needed
        self.available = available
        self.fitting = fitting


class OverdraftLimitReached(CreditsExhausted):
    """A prepaid account has used up its credits and its credit line."""

    def __init__(self, available: Credits) -> None:
        Refusal.__init__(
            self,
            f"The account has {available} credits left, credit line included: no workflow can start.",
        )
        self.needed = Credits(1)
        self.available = available
        self.fitting = ()


class BudgetExceeded(Refusal):
    """A blocking budget leaves less than is needed; `fitting` is the same plan, smaller, that would fit.

    `subject` is whose budget it is: None for the account's.
    """

    code = "BUDGET_EXCEEDED"

    def __init__(
        self,
        budget: Budget,
        subject: str,
        *,
        needed: Credits,
        used: Credits,
        held: Credits,
        fitting: tuple[PricedUsage, ...] = (),
    ) -> None:
        self.budget = budget
        self.subject = subject or None
        self.needed = needed
        self.limit = budget.limit
        self.used = used
        self.held = held
        self.left = left(budget.limit, used, held)
        self.fitting = fitting
        super().__init__(
            f"{worded(budget, subject)}: {used} used, {held} held, {self.left} left; nothing was done."
        )


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


class BudgetNotFound(NotFound):
    """No such budget."""

    code, noun = "BUDGET_NOT_FOUND", "budget"


class GrantNotFound(NotFound):
    """No such grant."""

    code, noun = "GRANT_NOT_FOUND", "grant"


class HoldNotFound(NotFound):
    """No such hold."""

    code, noun = "HOLD_NOT_FOUND", "hold"


class ServiceUsageNotFound(NotFound):
    """No such service usage."""

    code, noun = "SERVICE_USAGE_NOT_FOUND", "service usage"


class WebhookDeliveryNotFound(NotFound):
    """No such delivery."""

    code, noun = "WEBHOOK_DELIVERY_NOT_FOUND", "webhook delivery"


class WebhookEndpointNotFound(NotFound):
    """No such endpoint, or it is removed."""

    code, noun = "WEBHOOK_ENDPOINT_NOT_FOUND", "webhook endpoint"


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


class WorkflowNestedTooDeep(Refusal):
    """The run would have more ancestors than are possible."""

    code = "WORKFLOW_NESTED_TOO_DEEP"

    def __init__(self, most: int) -> None:
        super().__init__(f"A workflow may have at most {most} ancestors; start this one without its parent.")


class ServiceUsageAlreadyVoided(Refusal):
    """The service usage was voided before, under another key."""

    code = "SERVICE_USAGE_ALREADY_VOIDED"

    def __init__(self, voided_at: datetime) -> None:
        super().__init__(f"The service usage was already voided at {voided_at.isoformat()}.")
        self.voided_at = voided_at


class InvalidBudget(Refusal):
    """A limit that does not hold together; `field` names what is wrong with it."""

    code = "INVALID_BUDGET"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class GrantAlreadyVoided(Refusal):
    """The grant was voided before, under another key."""

    code = "GRANT_ALREADY_VOIDED"

    def __init__(self, voided_at: datetime) -> None:
        super().__init__(f"The grant was already voided at {voided_at.isoformat()}.")
        self.voided_at = voided_at


class HoldClosed(Refusal):
    """The hold keeps nothing any more."""

    code = "HOLD_CLOSED"

    def __init__(self, status: HoldStatus, closed_at: datetime) -> None:
        super().__init__(f"The hold is {status} since {closed_at.isoformat()}; make a new one.")
        self.status = status
        self.closed_at = closed_at


class NothingToHold(Refusal):
    """The planned services cost nothing, so that there is nothing to set aside."""

    code = "NOTHING_TO_HOLD"

    def __init__(self) -> None:
        super().__init__("The planned services cost nothing: there is nothing to hold.")


class InvalidAgent(Refusal):
    """Settings, adapter or preset of an agent that do not hold together; `field` names which."""

    code = "INVALID_AGENT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidRateCard(Refusal):
    """A rate card that cannot be published."""

    code = "INVALID_RATE_CARD"


class InvalidWebhookEndpoint(Refusal):
    """An address that nothing can be sent to; `field` names the input."""

    code = "INVALID_WEBHOOK_ENDPOINT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyWebhookEndpoints(Refusal):
    """The account has as many endpoints as it can have."""

    code = "TOO_MANY_WEBHOOK_ENDPOINTS"

    def __init__(self, most: int) -> None:
        super().__init__(f"An account has at most {most} webhook endpoints; remove one first.")
        self.most = most


class WebhookEndpointDisabled(Refusal):
    """Nothing is sent to the endpoint until it is enabled again."""

    code = "WEBHOOK_ENDPOINT_DISABLED"

    def __init__(self, disabled_at: datetime) -> None:
        super().__init__(
            f"The endpoint is disabled since {disabled_at.isoformat()}; enable it by updateWebhookEndpoint."
        )
        self.disabled_at = disabled_at


class ScopeNotHeld(Refusal):
    """A key cannot give another key a scope that it does not hold itself."""

    code = "SCOPE_NOT_HELD"


def _unknown_code(cause: UnknownRate) -> str:
    if isinstance(cause, UnknownService):
        return "UNKNOWN_SERVICE"
    return "UNKNOWN_PROVIDER" if isinstance(cause, UnknownProvider) else "UNKNOWN_UNIT"
