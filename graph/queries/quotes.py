"""What a plan would cost, who would serve it, what was promised and how that came out."""

from datetime import datetime
from functools import partial
from typing import Annotated, TypeVar

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.inputs import bad_input, not_found
from graph.queries.nodes import ById
from graph.queries.plans import CHOOSERS, ServicePlanInput, chosen_by, read_plan, read_run
from graph.types.cost_history import CostHistory, history_of
from graph.types.quote import Quote
from graph.types.quote_accuracy import OfWorkflowName, QuoteAccuracy, accuracy_of
from graph.types.selection import ServiceSelection
from graph.types.stored_quote import StoredQuote
from graph.types.usage import From, To
from metering.errors import AgentNotFound
from metering.quotes import PlannedRun, quote_plan, quote_within_limits
from metering.quotes.history import PastRuns, recent
from models.database import Question
from models.identity import IdKind

Answer = TypeVar("Answer")
PlanInput = Annotated[ServicePlanInput, strawberry.argument(description="The plan.")]


async def quote(info: Info, input: PlanInput) -> Quote:
    """Price a plan."""
    plan, run, now = read_plan(info, input), read_run(info, input), info.context.now()
    limited = await _asked(info, partial(quote_within_limits, plan=plan, run=run, now=now))
    return Quote.of(limited, _past_runs(info, run, now))


async def select_services(info: Info, input: PlanInput) -> ServiceSelection:
    """Choose providers for a plan."""
    if not chosen_by(input):
        raise bad_input("agentId", f"give one of {CHOOSERS}: they say who may serve.")
    plan = read_plan(info, input)
    quoted = await _asked(info, partial(quote_plan, plan=plan, now=info.context.now()))
    assert quoted.selection is not None  # noqa: S101 - there is one wherever something chooses
    return ServiceSelection.of(quoted.selection, quoted.over_limit)


async def stored_quote(info: Info, id: ById) -> StoredQuote | None:
    """Find a stored quote."""
    key = (info.context.account_id, ids.read("id", IdKind.QUOTE, id))
    row = await info.context.loaders.quote_by_id.load(key)
    return None if row is None else StoredQuote.of(row, info.context.now())


async def quote_accuracy(
    info: Info, start: From = None, end: To = None, workflow_name: OfWorkflowName = None
) -> QuoteAccuracy:
    """Say how the account's quotes came out."""
    return await accuracy_of(info, info.context.account_id, start, end, workflow_name)


async def cost_history(
    info: Info,
    *,
    workflow_name: Annotated[str, strawberry.argument(description="The name of the runs.")],
    agent_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only runs of this agent.")
    ] = None,
    user_id: Annotated[
        str | None, strawberry.argument(description="Only runs for this user of yours.")
    ] = None,
    start: Annotated[
        datetime | None,
        strawberry.argument(name="from", description="The first start; null: 90 days before the last."),
    ] = None,
    end: To = None,
) -> CostHistory:
    """Look at what runs cost before."""
    wanted = inputs.period(start, end)
    runs = PastRuns(
        account_id=info.context.account_id,
        workflow_name=inputs.name("workflowName", workflow_name),
        started=recent(info.context.now(), wanted.start, wanted.end),
        agent_id=ids.read_optional("agentId", IdKind.AGENT, agent_id),
        user_id=inputs.optional_text("userId", user_id),
    )
    return await history_of(info, runs)


def _past_runs(info: Info, run: PlannedRun, now: datetime) -> PastRuns | None:
    account_id = info.context.api_key.account_id
    if account_id is None or run.workflow_name is None:
        return None
    return PastRuns(account_id, run.workflow_name, recent(now))


async def _asked(info: Info, question: Question[Answer]) -> Answer:
    try:
        return await info.context.snapshot.ask(question)
    except AgentNotFound as error:
        raise not_found("agentId", str(error)) from error
