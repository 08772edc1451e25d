"""Store quotes."""

from dataclasses import replace
from functools import partial
from typing import Annotated

import strawberry

from graph.context import Info
from graph.inputs import bad_input, optional_name
from graph.mutations.hold_plans import DEFAULT_SECONDS, MOST_SECONDS, read_expiry
from graph.mutations.results import result
from graph.queries.plans import ServicePlanInput, read_plan, read_run
from graph.types.quote_obstacle import QuoteObstacle
from graph.types.refusals import AgentNotFound, PlanOverLimit
from graph.types.stored_quote import StoredQuote
from metering import quotes as verbs
from metering.quotes import PlannedRun
from models.writer import Command


@strawberry.input(description="A plan whose price is to be promised.")
class CreateQuoteInput:
    """A plan whose price is to be promised."""

    plan: ServicePlanInput = strawberry.field(description="The plan.")
    workflow_name: str | None = strawberry.field(
        default=None, description="The name of the run that it is for, where the plan does not say it."
    )
    expires_in_seconds: int = strawberry.field(
        default=DEFAULT_SECONDS,
        description=f"How long the promise holds: 1 to {MOST_SECONDS:,} seconds.",
    )


@strawberry.type(description="A price is promised.")
class QuoteCreated:
    """A price is promised."""

    quote: StoredQuote = strawberry.field(description="The quote.")
    within_limits: bool = strawberry.field(
        description="Whether it could be held at once: a quote promises a price, not the credits for it."
    )
    obstacles: list[QuoteObstacle] = strawberry.field(
        description="What a hold of it would be refused for at this moment."
    )


CreateQuoteResult = Annotated[QuoteCreated | PlanOverLimit | AgentNotFound, result("CreateQuoteResult")]
CreateInput = Annotated[CreateQuoteInput, strawberry.argument(description="The plan, and for how long.")]


async def create_quote(info: Info, input: CreateInput) -> CreateQuoteResult:
    """Store a quote."""
    item = verbs.CreateQuote(
        account_id=info.context.account_id,
        plan=read_plan(info, input.plan, "plan."),
        run=_run(info, input),
        expires_in=read_expiry("", input.expires_in_seconds),
    )
    made = await info.context.write(Command(item.account_id, partial(verbs.create_quote, item=item)))
    return QuoteCreated(
        quote=StoredQuote.of(made.quote, info.context.now()),
        within_limits=not made.obstacles,
        obstacles=[QuoteObstacle.of(obstacle) for obstacle in made.obstacles],
    )


def _run(info: Info, given: CreateQuoteInput) -> PlannedRun:
    run = read_run(info, given.plan, "plan.")
    name = optional_name("workflowName", given.workflow_name)
    if name is not None and run.workflow_name not in {None, name}:
        raise bad_input("workflowName", f"the plan is for {run.workflow_name!r}: say the name once.")
    return run if name is None else replace(run, workflow_name=name)
