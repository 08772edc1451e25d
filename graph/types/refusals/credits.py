"""Refusals: credits that are not there, and what gives, keeps or limits them."""

from datetime import datetime

import strawberry

from graph.types.budget import Budget
from graph.types.fitting import FittingService
from graph.types.refusals.refusal import Refusal
from models.hold import HoldStatus
from pricing.credits import Credits


@strawberry.type(description="No balance could hold the amount.")
class AmountTooLarge(Refusal):
    """No balance could hold the amount."""


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


@strawberry.type(description="There is no such budget in this account.")
class BudgetNotFound(Refusal):
    """There is no such budget."""


@strawberry.type(description="A budget that does not hold together.")
class InvalidBudget(Refusal):
    """A budget that does not hold together."""

    field: str = strawberry.field(description="Which input is wrong.")


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
