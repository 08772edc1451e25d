"""What a budget counts and allows: pure functions over its row and a run."""

from models.budget import Budget, BudgetScope, BudgetWindow
from models.identity import IdKind, format_id
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS

Subjects = dict[BudgetScope, str | None]
Thresholds = tuple[tuple[int, Credits], ...]


def subjects_of(workflow: Workflow) -> Subjects:
    """Say as whose spending each scope counts a run; None where the run has no such thing."""
    agent_id = workflow.agent_id
    return {
        BudgetScope.ACCOUNT: "",
        BudgetScope.API_KEY: format_id(IdKind.API_KEY, workflow.api_key_id),
        BudgetScope.AGENT: None if agent_id is None else format_id(IdKind.AGENT, agent_id),
        BudgetScope.USER: workflow.user_id,
        BudgetScope.WORKFLOW_NAME: workflow.workflow_name,
    }


def left(limit: Credits, used: Credits, held: Credits) -> Credits:
    """Give what may still be spent or held; never below zero."""
    return max(limit - used - held, Credits.ZERO)


def amount_at(limit: Credits, percent: int) -> Credits:
    """Give the credits at which spending reaches a threshold: something even of a limit of 0."""
    # No account can spend as much as the highest amount here, so that is out of reach.
    return Credits(min(max(-(-limit.micros * percent // 100), 1), LIMIT_MICROS))


def amounts_of(budget: Budget) -> Thresholds:
    """Give a budget's thresholds in percent, each with the credits at which it is reached."""
    return tuple((percent, amount_at(budget.limit, percent)) for percent in budget.thresholds)


def reached(thresholds: Thresholds, used: Credits, *, above: int) -> list[int]:
    """Give the thresholds above a percentage that spending has reached, the lowest first."""
    return [percent for percent, amount in thresholds if percent > above and used >= amount]


def worded(budget: Budget, subject: str) -> str:
    """Say in words what a budget allows a subject: its name, whose it is, the limit and the window."""
    whose = f"{_WHOSE[budget.scope]} {subject!r}" if subject else _WHOSE[budget.scope]
    window = _WINDOWS[budget.window].format(zone=budget.time_zone)
    return f"The budget {_title(budget)} allows {whose} {budget.limit} credits {window}"


def _title(budget: Budget) -> str:
    return format_id(IdKind.BUDGET, budget.id) if budget.name is None else repr(budget.name)


_WHOSE = {
    BudgetScope.ACCOUNT: "the account",
    BudgetScope.API_KEY: "the API key",
    BudgetScope.AGENT: "the agent",
    BudgetScope.USER: "the user",
    BudgetScope.WORKFLOW_NAME: "workflows named",
}
_WINDOWS = {
    BudgetWindow.REQUEST: "for each run",
    BudgetWindow.HOUR: "an hour ({zone})",
    BudgetWindow.DAY: "a day ({zone})",
    BudgetWindow.MONTH: "a month ({zone})",
    BudgetWindow.LIFETIME: "for ever",
}
