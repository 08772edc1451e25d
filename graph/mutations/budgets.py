"""Set and remove budgets."""

from functools import partial
from typing import Annotated

import strawberry

from graph import ids, inputs
from graph.context import Info
from graph.mutations.results import result
from graph.types.budget import Budget
from graph.types.refusals import AgentNotFound, ApiKeyNotFound, BudgetNotFound, InvalidBudget
from metering.budgets import setting
from models.budget import BudgetAction, BudgetScope, BudgetWindow
from models.identity import IdKind
from models.writer import Command
from pricing.credits import Credits


@strawberry.input(description="A budget to be set.")
class SetBudgetInput:
    """A budget to be set."""

    scope: BudgetScope = strawberry.field(description="Whose spending it limits.")
    window: BudgetWindow = strawberry.field(description="Over what it counts.")
    limit: Credits = strawberry.field(description="How many credits a window allows; 0 allows nothing.")
    subject: str | None = strawberry.field(
        default=None,
        description=(
            "The one that it is for: the id of a key or an agent, a user id or a workflow name; "
            "else each of them by itself. A budget of the account has none."
        ),
    )
    name: str | None = strawberry.field(default=None, description="What to call it.")
    time_zone: str = strawberry.field(
        default="UTC", description="Whose clock its hours, days and months go by, e.g. `Europe/Vienna`."
    )
    action: BudgetAction = strawberry.field(
        default=BudgetAction.BLOCK, description="What happens beyond the limit."
    )
    thresholds: list[int] = strawberry.field(
        default_factory=lambda: [80, 100],
        description=(
            f"At most {setting.MOST_THRESHOLDS} rising percentages of the limit, up to "
            f"{setting.HIGHEST_THRESHOLD}, at which an event tells of the spending."
        ),
    )


@strawberry.input(description="A budget to be removed.")
class RemoveBudgetInput:
    """A budget to be removed."""

    budget_id: strawberry.ID = strawberry.field(description="The budget.")


@strawberry.type(
    description="A budget is in force, in place of one of the same scope, subject, window and action."
)
class BudgetSet:
    """A budget is in force."""

    budget: Budget = strawberry.field(description="The budget.")


@strawberry.type(description="A budget is in force no more.")
class BudgetRemoved:
    """A budget is in force no more."""

    budget: Budget = strawberry.field(description="The budget.")


SetBudgetResult = Annotated[
    BudgetSet | InvalidBudget | ApiKeyNotFound | AgentNotFound, result("SetBudgetResult")
]
RemoveBudgetResult = Annotated[BudgetRemoved | BudgetNotFound, result("RemoveBudgetResult")]
SetInput = Annotated[SetBudgetInput, strawberry.argument(description="The budget.")]
RemoveInput = Annotated[RemoveBudgetInput, strawberry.argument(description="The budget.")]


async def set_budget(info: Info, input: SetInput) -> SetBudgetResult:
    """Set a budget."""
    item = setting.SetBudget(
        account_id=info.context.account_id,
        scope=input.scope,
        window=input.window,
        limit=input.limit,
        subject=_subject(input),
        name=inputs.optional_name("name", input.name),
        time_zone=inputs.name("timeZone", input.time_zone),
        action=input.action,
        thresholds=tuple(input.thresholds),
    )
    verb = partial(setting.set_budget, item=item)
    return BudgetSet(budget=Budget.of(await info.context.write(Command(item.account_id, verb))))


def _subject(given: SetBudgetInput) -> str | None:
    # A subject that no run can have would be a limit that silently never applies.
    if given.scope is BudgetScope.WORKFLOW_NAME:
        return inputs.optional_name("subject", given.subject)
    return inputs.optional_text("subject", given.subject)


async def remove_budget(info: Info, input: RemoveInput) -> RemoveBudgetResult:
    """Remove a budget."""
    verb = partial(
        setting.remove_budget,
        account_id=info.context.account_id,
        budget_id=ids.read("budgetId", IdKind.BUDGET, input.budget_id),
    )
    return BudgetRemoved(budget=Budget.of(await info.context.write(Command(info.context.account_id, verb))))
