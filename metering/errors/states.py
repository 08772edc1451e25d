"""Things that are past what is asked of them, or do not hold together."""

from datetime import datetime

from metering.errors.base import Refusal
from models.hold import HoldStatus
from models.workflow import WorkflowStatus


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


class GrantAlreadyVoided(Refusal):
    """The grant was voided before, under another key."""

    code = "GRANT_ALREADY_VOIDED"

    def __init__(self, voided_at: datetime) -> None:
        super().__init__(f"The grant was already voided at {voided_at.isoformat()}.")
        self.voided_at = voided_at


class ApiKeyEnded(Refusal):
    """The key was revoked or has expired; no new secret brings it back."""

    code = "API_KEY_ENDED"

    def __init__(self, ended_at: datetime) -> None:
        super().__init__(f"The key was revoked or expired at {ended_at.isoformat()}; issue another.")
        self.ended_at = ended_at


class HoldClosed(Refusal):
    """The hold keeps nothing any more."""

    code = "HOLD_CLOSED"

    def __init__(self, status: HoldStatus, closed_at: datetime) -> None:
        super().__init__(f"The hold is {status} since {closed_at.isoformat()}; make a new one.")
        self.status = status
        self.closed_at = closed_at


class InvalidBudget(Refusal):
    """A limit that does not hold together; `field` names what is wrong with it."""

    code = "INVALID_BUDGET"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidAgent(Refusal):
    """Settings, adapter or preset of an agent that do not hold together; `field` names which."""

    code = "INVALID_AGENT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidShadowPolicy(Refusal):
    """A configuration that cannot be tried on an agent's runs; `field` names what is wrong with it."""

    code = "INVALID_SHADOW_POLICY"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
