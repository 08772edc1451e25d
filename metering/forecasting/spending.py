"""What subjects spent on each of the last days: one statement for all of one scope and time zone."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, select
from sqlalchemy.orm import InstrumentedAttribute

from metering.forecasting.days import LastDays
from models.budget import BudgetScope
from models.service_usage import ServiceUsage
from models.sums import wide_total
from models.workflow import Workflow

Subject = UUID | str
"""The id of an account, a key or an agent, a user id, or a workflow name."""


def daily_totals(scope: BudgetScope, days: LastDays, subjects: list[tuple[UUID, Subject]]) -> Select[Any]:
    """Select account, subject, number of the day from 0 for the oldest, and micro-credits.

    Days on which nothing was used have no row, and voided usages count nowhere.
    """
    column = _SUBJECTS[scope]
    passed = case(
        *((ServiceUsage.used_at < edge, number) for number, edge in enumerate(days.edges[1:-1])),
        else_=len(days.edges) - 2,
    )
    statement = select(
        ServiceUsage.account_id, column.label("who"), passed.label("day"), wide_total(ServiceUsage.credits)
    ).where(
        ServiceUsage.account_id.in_({account_id for account_id, _ in subjects}),
        ServiceUsage.used_at >= days.edges[0],
        ServiceUsage.used_at < days.edges[-1],
        ServiceUsage.voided_at.is_(None),
    )
    # By their names: PostgreSQL would take the same expression with other parameters for another expression.
    statement = statement.group_by(ServiceUsage.account_id, "who", "day")
    if scope is BudgetScope.ACCOUNT:
        return statement
    of_run = and_(Workflow.account_id == ServiceUsage.account_id, Workflow.id == ServiceUsage.workflow_id)
    return (
        statement.select_from(ServiceUsage)
        .join(Workflow, of_run)
        .where(column.in_({subject for _, subject in subjects}))
    )


_SUBJECTS: dict[BudgetScope, InstrumentedAttribute[Any]] = {
    BudgetScope.ACCOUNT: ServiceUsage.account_id,
    BudgetScope.API_KEY: Workflow.api_key_id,
    BudgetScope.AGENT: Workflow.agent_id,
    BudgetScope.USER: Workflow.user_id,
    BudgetScope.WORKFLOW_NAME: Workflow.workflow_name,
}
