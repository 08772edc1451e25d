"""Refusals: plans that nobody serves within their limits, and quotes that promise nothing more."""

from datetime import datetime

import strawberry

from graph.types.fitting import WouldFit
from graph.types.refusals.accounts import InvalidAgent
from graph.types.refusals.refusal import Refusal
from graph.types.selection import SelectionCandidate
from pricing.credits import Credits
from pricing.units import ServiceType


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


PlanRefusal = (
    InvalidAgent
    | ServiceDisabled
    | ProviderUnnamed
    | NothingServes
    | PlanOverLimit
    | QuoteNotFound
    | QuoteExpired
    | QuoteTaken
)
"""Why a run gets neither a selection nor what a quote promises."""
