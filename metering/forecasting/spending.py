"""What subjects spent on each of the last days: one question for all of one scope and time zone."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from metering.analytics import Grains, Level, Period, RunsLike, Scope
from metering.analytics.edges import edge_values, part_of
from metering.analytics.parts import grains_for
from metering.analytics.shapes import Shape, shape_of, values_of
from metering.analytics.sources import usages_by_time
from metering.forecasting.days import LastDays
from models.asking import Asked
from models.base import total
from models.buckets import bucket_of
from models.budget import BudgetScope
from models.reading import any_of

Subject = UUID | str
"""The id of an account, a key or an agent, a user id, or a workflow name."""


def daily_totals(scope: BudgetScope, days: LastDays, subjects: list[tuple[UUID, Subject]]) -> Asked:
    """Ask for owner, subject, number of the day from 0 for the oldest, and micro-credits.

    The owner is the one that `owner_of` names. Days on which nothing was used have no row, and voided usages
    count nowhere.
    """
    named = _NAMED.get(scope)
    wanted = Scope(_LEVELS.get(scope, Level.ACCOUNT), Period(days.edges[0], days.edges[-1]), RunsLike())
    owners = [(account_id, owner_of(scope, account_id, subject)) for account_id, subject in subjects]
    grains = _grains(wanted, days, users_apart=named == "user_id")
    values = values_of(wanted, owners, grains)
    values |= edge_values(days.edges)
    values["subjects"] = list({subject for _, subject in subjects})
    return Asked(_by_day, (shape_of(wanted, owners, grains), named, len(days.edges)), values)


def owner_of(scope: BudgetScope, account_id: UUID, subject: Subject) -> UUID:
    """Name what a subject's usages are found by: its own id, or the account's where it has none."""
    return subject if isinstance(subject, UUID) and scope in _LEVELS else account_id


def _by_day(shape: Shape, named: str | None, edges: int) -> Select[Any]:
    rows = usages_by_time(shape, () if named is None else (named,))
    who = (rows.c.owner if named is None else rows.c[named]).label("who")
    day = part_of(rows.c.at, edges).label("day")
    statement = select(rows.c.owner, who, day, total(rows.c.micros)).group_by(rows.c.owner, "who", "day")
    return statement if named is None else statement.where(rows.c[named].in_(any_of("subjects")))


def _grains(wanted: Scope, days: LastDays, *, users_apart: bool) -> Grains:
    return tuple(
        grain
        for grain in grains_for(wanted, users_apart=users_apart)
        if all(edge == bucket_of(edge, grain.length) for edge in days.edges)
    )


_LEVELS = {
    BudgetScope.ACCOUNT: Level.ACCOUNT,
    BudgetScope.API_KEY: Level.API_KEY,
    BudgetScope.AGENT: Level.AGENT,
}
_NAMED = {BudgetScope.USER: "user_id", BudgetScope.WORKFLOW_NAME: "workflow_name"}
