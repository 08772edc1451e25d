"""What a plan would cost, and who would serve it."""

from functools import partial
from typing import Annotated

import strawberry
from graphql import GraphQLError

from graph.context import Info
from graph.inputs import bad_input
from graph.queries.plans import CHOOSERS, ServicePlanInput, chosen_by, read_plan
from graph.types.quote import Quote
from graph.types.selection import ServiceSelection
from metering.errors import AgentNotFound
from metering.plan_prices import InvalidPlan
from metering.quoting import PlanQuote, quote_plan

PlanInput = Annotated[ServicePlanInput, strawberry.argument(description="The plan.")]


async def quote(info: Info, input: PlanInput) -> Quote:
    """Price a plan."""
    return Quote.of(await _quoted(info, input))


async def select_services(info: Info, input: PlanInput) -> ServiceSelection:
    """Choose providers for a plan."""
    if not chosen_by(input):
        raise bad_input("agentId", f"give one of {CHOOSERS}: they say who may serve.")
    quoted = await _quoted(info, input)
    assert quoted.selection is not None  # noqa: S101 - there is one wherever something chooses
    return ServiceSelection.of(quoted.selection, quoted.over_limit)


async def _quoted(info: Info, given: ServicePlanInput) -> PlanQuote:
    plan = read_plan(info, given)
    try:
        return await info.context.snapshot.ask(partial(quote_plan, plan=plan, now=info.context.now()))
    except InvalidPlan as error:
        raise bad_input(error.field, str(error)) from error
    except AgentNotFound as error:
        raise GraphQLError(
            f"agentId: {error}", extensions={"code": "NOT_FOUND", "field": "agentId"}
        ) from error
