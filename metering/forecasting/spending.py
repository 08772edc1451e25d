"""What subjects spent on each of the last days: one statement for all of one scope and time zone."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, select

from metering.analytics import Grains, Level, Owner, Period, RunsLike, Scope
from metering.analytics.sources import grains_for, usages
from metering.forecasting.days import LastDays
from models.base import total
from models.buckets import bucket_of
from models.budget import BudgetScope

Subject = UUID | str
"""The id of an account, a key or an agent, a user id, or a workflow name."""


def daily_totals(scope: BudgetScope, days: LastDays, subjects: list[tuple[UUID, Subject]]) -> Select[Any]:
    """Select owner, subject, number of the day from 0 for the oldest, and micro-credits.

    The owner is the one that `owner_of` names. Days on which nothing was used have no row, and voided usages
    count nowhere.
    """
    named = _NAMED.get(scope)
    wanted = Scope(_LEVELS.get(scope, Level.ACCOUNT), Period(days.edges[0], days.edges[-1]), RunsLike())
    owners = [(account_id, owner_of(scope, account_id, subject)) for account_id, subject in subjects]
    rows = _usages(wanted, days, owners, named)
    who = rows.c.owner if named is None else rows.c[named]
    passed = case(
        *((rows.c.at < edge, number) for number, edge in enumerate(days.edges[1:-1])),
        else_=len(days.edges) - 2,
    )
    # By its name: PostgreSQL would take the same expression with other parameters for another expression.
    statement = select(rows.c.owner, who.label("who"), passed.label("day"), total(rows.c.micros)).group_by(
        rows.c.owner, who, "day"
    )
    return statement if named is None else statement.where(who.in_({subject for _, subject in subjects}))


def owner_of(scope: BudgetScope, account_id: UUID, subject: Subject) -> UUID:
    """Name what a subject's usages are found by: its own id, or the account's where it has none."""
    return subject if isinstance(subject, UUID) and scope in _LEVELS else account_id


def _usages(wanted: Scope, days: LastDays, owners: list[Owner], named: str | None) -> Any:  # noqa: ANN401 - rows of a statement
    grains: Grains = tuple(
        grain
        for grain in grains_for(wanted, users_apart=named == "user_id")
        if all(edge == bucket_of(edge, grain.length) for edge in days.edges)
    )
    columns = ("at", "micros") if named is None else ("at", "micros", named)
    return usages(wanted, owners, columns, grains)


_LEVELS = {
    BudgetScope.ACCOUNT: Level.ACCOUNT,
    BudgetScope.API_KEY: Level.API_KEY,
    BudgetScope.AGENT: Level.AGENT,
}
_NAMED = {BudgetScope.USER: "user_id", BudgetScope.WORKFLOW_NAME: "workflow_name"}
