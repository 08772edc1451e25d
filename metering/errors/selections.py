"""Why nothing was chosen for a run, and why a quote cannot be taken."""

from datetime import datetime
from uuid import UUID

from metering.errors.absences import NotFound
from metering.errors.base import Refusal
from models.identity import IdKind, format_id
from pricing import selection


class ServiceDisabled(Refusal):
    """The request needs services that the configuration disables; `fields` would enable them."""

    code = "SERVICE_DISABLED"

    def __init__(self, cause: selection.ServiceDisabled) -> None:
        super().__init__(str(cause))
        self.services = cause.services
        self.fields = cause.fields


class ProviderUnnamed(Refusal):
    """No configuration chooses a provider of the service type; the request must name one."""

    code = "PROVIDER_UNNAMED"

    def __init__(self, cause: selection.ProviderUnnamed) -> None:
        super().__init__(str(cause))
        self.service_type = cause.service_type
        self.known = cause.known


class NothingServes(Refusal):
    """The provider cannot serve, and no fallback can; `candidates` say why of each."""

    code = "NOTHING_SERVES"

    def __init__(self, cause: selection.NothingServes) -> None:
        super().__init__(str(cause))
        self.service_type = cause.service_type
        self.provider = cause.provider
        self.candidates = cause.candidates


class PlanOverLimit(Refusal):
    """Even with every allowed alternative the plan costs more than the limit; `would_fit` says what helps."""

    code = "PLAN_OVER_LIMIT"

    def __init__(self, cause: selection.OverLimit) -> None:
        super().__init__(str(cause))
        self.estimate = cause.estimate
        self.limit = cause.limit
        self.would_fit = cause


class QuoteNotFound(NotFound):
    """No such quote."""

    code, noun = "QUOTE_NOT_FOUND", "quote"


class QuoteExpired(Refusal):
    """The quote's promise is over."""

    code = "QUOTE_EXPIRED"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"The quote expired at {expired_at.isoformat()}; make a new one.")
        self.expired_at = expired_at


class QuoteTaken(Refusal):
    """Another hold has taken the quote: one quote serves one hold."""

    code = "QUOTE_TAKEN"

    def __init__(self, hold_id: UUID, workflow_id: UUID) -> None:
        self.hold_id = format_id(IdKind.HOLD, hold_id)
        self.workflow_id = format_id(IdKind.WORKFLOW, workflow_id)
        super().__init__(f"The quote was taken by {self.hold_id}; one quote serves one hold.")


def not_selected(cause: selection.SelectionRefused) -> Refusal:
    """Say in the business's words why nothing was selected."""
    match cause:
        case selection.ServiceDisabled():
            return ServiceDisabled(cause)
        case selection.ProviderUnnamed():
            return ProviderUnnamed(cause)
        case selection.NothingServes():
            return NothingServes(cause)
        case selection.OverLimit():
            return PlanOverLimit(cause)
        case _:
            raise TypeError(f"There is no word for {type(cause).__name__}.") from cause
