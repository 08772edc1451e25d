"""Refusals as the graph shows them: typed members of each mutation's result."""

from datetime import datetime

import strawberry

from graph.types.budget import Budget
from graph.types.fitting import FittingService, WouldFit
from graph.types.refusal_codes import RefusalCode
from graph.types.selection import SelectionCandidate
from models.hold import HoldStatus
from models.replay_job import ReplayStatus
from models.workflow import WorkflowStatus
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType


@strawberry.interface(description="An expected no: nothing was done, and the message says what would help.")
class Refusal:
    """An expected no."""

    code: RefusalCode = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people, and what would help.")


@strawberry.type(description="The rate card does not price this; an unknown thing is never a price of zero.")
class RateUnknown(Refusal):
    """The rate card does not price this."""

    service_type: ServiceType = strawberry.field(description="The service type that was asked for.")
    provider: str = strawberry.field(description="The provider that was asked for.")
    unit_type: UnitType = strawberry.field(description="The unit that was asked for.")
    known: list[str] = strawberry.field(description="What the rate card has instead.")


@strawberry.type(description="No rate card was in force when the usage happened.")
class NoRateCardInForce(Refusal):
    """No rate card was in force."""


@strawberry.type(description="No balance could hold the amount.")
class AmountTooLarge(Refusal):
    """No balance could hold the amount."""


@strawberry.type(description="A time outside the window open for recording.")
class TimeOutOfRange(Refusal):
    """A time outside the window."""

    field: str = strawberry.field(description="Which input it is.")
    earliest: datetime = strawberry.field(description="The earliest moment possible.")
    latest: datetime = strawberry.field(description="The latest moment possible.")


@strawberry.type(description="The idempotency key was used for another input; nothing was done.")
class IdempotencyConflict(Refusal):
    """The key was used for another input."""

    idempotency_key: str = strawberry.field(description="The key.")


@strawberry.type(description="Credits and credit line do not cover it; nothing was done.")
class CreditsExhausted(Refusal):
    """Credits and credit line do not cover it."""

    needed: Credits = strawberry.field(description="The credits that are needed.")
    available: Credits = strawberry.field(description="The credits that there are, the credit line included.")
    fitting: list[FittingService] = strawberry.field(
        description="The same plan, made small enough to fit; empty where no services were planned."
    )


@strawberry.type(description="A budget that blocks leaves less than is needed; nothing was done.")
class BudgetExceeded(Refusal):
    """A budget leaves less than is needed."""

    budget: Budget = strawberry.field(description="The budget.")
    subject: str | None = strawberry.field(
        description="The key, agent, user or workflow name whose budget it is; null is the account."
    )
    needed: Credits = strawberry.field(description="The credits that are needed.")
    limit: Credits = strawberry.field(description="What the budget allows in its window.")
    used: Credits = strawberry.field(description="What usages cost in the present window, or in the run.")
    held: Credits = strawberry.field(description="What open holds set aside of it.")
    left: Credits = strawberry.field(description="What may still be spent or held.")
    fitting: list[FittingService] = strawberry.field(
        description="The same plan, made small enough to fit; empty where no services were planned."
    )


@strawberry.type(description="There is no such account.")
class AccountNotFound(Refusal):
    """There is no such account."""


@strawberry.type(description="There is no such agent in this account, or it is archived.")
class AgentNotFound(Refusal):
    """There is no such agent."""


@strawberry.type(description="There is no such API key in this account.")
class ApiKeyNotFound(Refusal):
    """There is no such API key."""


@strawberry.type(description="There is no such budget in this account.")
class BudgetNotFound(Refusal):
    """There is no such budget."""


@strawberry.type(description="There is no such service usage in this account.")
class ServiceUsageNotFound(Refusal):
    """There is no such usage."""


@strawberry.type(description="There is no such workflow in this account.")
class WorkflowNotFound(Refusal):
    """There is no such workflow."""


@strawberry.type(description="The workflow ended before, in another way.")
class WorkflowAlreadyEnded(Refusal):
    """The workflow ended before."""

    status: WorkflowStatus = strawberry.field(description="How it ended.")
    ended_at: datetime = strawberry.field(description="When it ended.")


@strawberry.type(description="The service usage was voided before, under another idempotency key.")
class ServiceUsageAlreadyVoided(Refusal):
    """The usage was voided before."""

    voided_at: datetime = strawberry.field(description="When it was voided.")


@strawberry.type(description="There is no such grant in the account.")
class GrantNotFound(Refusal):
    """There is no such grant."""


@strawberry.type(description="The grant was voided before, under another idempotency key.")
class GrantAlreadyVoided(Refusal):
    """The grant was voided before."""

    voided_at: datetime = strawberry.field(description="When it was voided.")


@strawberry.type(description="There is no such hold in this account.")
class HoldNotFound(Refusal):
    """There is no such hold."""


@strawberry.type(description="The API key was revoked or has expired; no new secret brings it back.")
class ApiKeyEnded(Refusal):
    """The key was revoked or has expired."""

    ended_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="The hold was released, has expired, or its workflow has ended: it keeps nothing."
)
class HoldClosed(Refusal):
    """The hold keeps nothing any more."""

    status: HoldStatus = strawberry.field(description="How it was closed.")
    closed_at: datetime = strawberry.field(description="When it was closed.")


@strawberry.type(description="The planned services cost nothing, so that there is nothing to set aside.")
class NothingToHold(Refusal):
    """The planned services cost nothing."""


@strawberry.type(description="The plan needs services that the configuration disables.")
class ServiceDisabled(Refusal):
    """The plan needs services that are disabled."""

    services: list[ServiceType] = strawberry.field(description="The services.")
    fields: list[str] = strawberry.field(description="The fields of the configuration that enable them.")


@strawberry.type(description="No configuration chooses a provider of the service: name one in the request.")
class ProviderUnnamed(Refusal):
    """No configuration chooses a provider of the service."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    known: list[str] = strawberry.field(description="The providers that have a rate.")


@strawberry.type(description="The provider has no price or is unavailable, and nobody stands in for it.")
class NothingServes(Refusal):
    """Nobody can serve."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(
        description="The provider that was asked for, or that the configuration names."
    )
    candidates: list[SelectionCandidate] = strawberry.field(
        description="Every provider that was looked at, and why not it."
    )


@strawberry.type(
    description="Even with the cheaper providers that it may take, the plan costs more than is allowed."
)
class PlanOverLimit(Refusal):
    """The plan costs more than the configuration allows."""

    estimate: Credits = strawberry.field(description="What the plan costs as it was wanted.")
    limit: Credits = strawberry.field(description="The configuration's limit for one request.")
    would_fit: WouldFit = strawberry.field(description="What would fit.")


@strawberry.type(description="There is no such quote in this account.")
class QuoteNotFound(Refusal):
    """There is no such quote."""


@strawberry.type(description="The quote's promise is over: make a new one.")
class QuoteExpired(Refusal):
    """The quote's promise is over."""

    expired_at: datetime = strawberry.field(description="Since when.")


@strawberry.type(description="Another hold has taken the quote; one quote serves one hold.")
class QuoteTaken(Refusal):
    """Another hold has taken the quote."""

    hold_id: strawberry.ID = strawberry.field(description="That hold.")
    workflow_id: strawberry.ID = strawberry.field(description="Its run.")


@strawberry.type(description="The workflow would have more ancestors than are possible.")
class WorkflowNestedTooDeep(Refusal):
    """The workflow would have too many ancestors."""


@strawberry.type(description="A budget that does not hold together.")
class InvalidBudget(Refusal):
    """A budget that does not hold together."""

    field: str = strawberry.field(description="Which input is wrong.")


@strawberry.type(description="Adapter, preset or settings of an agent do not hold together.")
class InvalidAgent(Refusal):
    """Adapter, preset or settings do not hold together."""

    field: str = strawberry.field(description="Which of them.")


@strawberry.type(description="A configuration that cannot be tried on an agent's runs.")
class InvalidShadowPolicy(Refusal):
    """A configuration that cannot be tried."""

    field: str = strawberry.field(description="Which input is wrong, e.g. `configuration.stt_provider`.")


@strawberry.type(description="The agent has no shadow policy in force.")
class ShadowPolicyNotFound(Refusal):
    """The agent has no shadow policy in force."""


@strawberry.type(description="A key cannot give another key a scope that it does not hold itself.")
class ScopeNotHeld(Refusal):
    """A key cannot give a scope that it does not hold."""


@strawberry.type(
    description="Neither a rate card nor the catalogue knows such a provider of the service type."
)
class ProviderNotFound(Refusal):
    """Nobody knows such a provider."""

    service_type: ServiceType = strawberry.field(description="The service type that was asked for.")
    provider: str = strawberry.field(description="The provider that was asked for.")
    known: list[str] = strawberry.field(description="The providers of the service type that there are.")


@strawberry.type(description="A rate card that does not hold together, or whose version exists already.")
class InvalidRateCard(Refusal):
    """A rate card that does not hold together."""

    field: str = strawberry.field(description="Which input is wrong, e.g. `rates[3].price`.")


@strawberry.type(
    description="Usages at or after the card's date, which it would have priced, are priced already."
)
class RateCardTooEarly(Refusal):
    """Usages that the card would have priced are priced already."""

    effective_from: datetime = strawberry.field(description="The date that it should have had.")
    earliest: datetime = strawberry.field(description="The earliest date possible after it.")


@strawberry.type(description="There is no such replay job in this account.")
class ReplayJobNotFound(Refusal):
    """There is no such job."""


@strawberry.type(description="The replay job is done or has failed; nothing is left to cancel.")
class ReplayJobEnded(Refusal):
    """Nothing is left to cancel."""

    status: ReplayStatus = strawberry.field(description="Where it is.")
    finished_at: datetime = strawberry.field(description="Since when.")


@strawberry.type(description="The account has as many unfinished replay jobs as it can have.")
class TooManyReplayJobs(Refusal):
    """The account has as many jobs as it can have."""

    most: int = strawberry.field(description="How many that is.")


@strawberry.type(description="There is no such webhook endpoint in this account, or it is removed.")
class WebhookEndpointNotFound(Refusal):
    """There is no such endpoint."""


@strawberry.type(description="There is no such webhook delivery in this account.")
class WebhookDeliveryNotFound(Refusal):
    """There is no such delivery."""


@strawberry.type(description="Nothing can be sent to such an address.")
class InvalidWebhookEndpoint(Refusal):
    """Nothing can be sent to such an address."""

    field: str = strawberry.field(description="Which input it is.")


@strawberry.type(description="The account has as many webhook endpoints as it can have.")
class TooManyWebhookEndpoints(Refusal):
    """The account has as many endpoints as it can have."""

    most: int = strawberry.field(description="How many that is.")


@strawberry.type(description="Nothing is sent to the endpoint until it is enabled again.")
class WebhookEndpointDisabled(Refusal):
    """Nothing is sent to the endpoint."""

    disabled_at: datetime = strawberry.field(description="Since when.")
