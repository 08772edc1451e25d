"""Where credits went: questions that add up usages by account, agent, key or user, exactly.

Credits count in the period in which they were used, runs in the period in which they started; so the
figures of adjoining periods add up. Voided usages count nowhere. Every figure is asked for many owners at
once: the first column of each answer names the owner.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, bindparam, func, select, union_all

from metering.analytics.parts import Grains, grains_for, grains_for_runs
from metering.analytics.scopes import Level, Owner, Period, RunsLike, Scope
from metering.analytics.shapes import OwnerColumns, Shape, shape_of, values_of
from metering.analytics.sources import COUNTED, runs, usages, usages_by_time
from models.asking import Asked, fixed
from models.base import Id, total
from models.text_order import by_code_point

_SERVICE = ("service_type", "provider", "unit_type")


class Dimension(StrEnum):
    """What credits are grouped by."""

    SERVICE = "SERVICE"
    WORKFLOW_NAME = "WORKFLOW_NAME"
    AGENT = "AGENT"
    API_KEY = "API_KEY"
    USER = "USER"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell a row from others."""
        return {
            Dimension.SERVICE: ("service_type", "provider"),
            Dimension.WORKFLOW_NAME: ("workflow_name",),
            Dimension.AGENT: ("agent_id",),
            Dimension.API_KEY: ("api_key_id",),
            Dimension.USER: ("user_id",),
        }[self]


def totals(scope: Scope, owners: Sequence[Owner]) -> Asked:
    """Ask for owner, usage count and micro-credits."""
    return _asked(_totals, scope, owners)


def by_service(scope: Scope, owners: Sequence[Owner]) -> Asked:
    """Ask for owner, service type, provider, unit type, usage count, units, their millionths, micros."""
    return _asked(_by_service, scope, owners)


def services(scope: Scope, owners: Sequence[Owner]) -> Asked:
    """Ask for owner, service type, provider, usage count and micro-credits, the dearest first.

    What costs the same stands by its names.
    """
    return _asked(_services, scope, owners)


def services_of_run(around: OwnerColumns) -> Select[Any]:
    """Select as `services` does for one run, whose account and id are columns of the rows around."""
    run = Scope(Level.WORKFLOW, Period(), RunsLike())
    return _services(replace(shape_of(run, (), grains_for(run)), around=around))


def by_workflow_name(scope: Scope, owners: Sequence[Owner]) -> Asked:
    """Ask for owner, workflow name and micro-credits."""
    return _asked(_by_workflow_name, scope, owners)


def ranked(scope: Scope, owners: Sequence[Owner], by: Dimension, first: int) -> Asked:
    """Ask for owner, how many rows there are, the dimension's columns, usage count and micro-credits.

    They are each owner's `first` rows, the dearest first, and those that cost the same by their names.
    """
    grains = grains_for(scope, users_apart=by is Dimension.USER)
    values = values_of(scope, owners, grains)
    return Asked(_ranked, (shape_of(scope, owners, grains), by), values | {"first": first})


def by_service_and_period(scope: Scope, owners: Sequence[Owner], edges: tuple[datetime, ...]) -> Asked:
    """Ask as `by_service` does without the count, apart between the (ascending) edges.

    Before the units stands how many of the edges had passed when they were used.
    """
    shapes, values = list[Shape](), dict[str, Any]()
    for passed, (start, end) in enumerate(pairwise((scope.period.start, *edges, scope.period.end))):
        apart = replace(scope, period=Period(start, end))
        grains = grains_for(apart)
        shapes.append(shape_of(apart, owners, grains, passed))
        values |= values_of(apart, owners, grains, passed)
    return Asked(_by_service_and_period, tuple(shapes), values)


def runs_by_workflow_name(scope: Scope, owners: Sequence[Owner]) -> Asked:
    """Ask for owner, workflow name, number of runs, of ended ones, their seconds and microseconds beside."""
    grains = grains_for_runs(scope)
    return Asked(_runs_by_name, (shape_of(scope, owners, grains),), values_of(scope, owners, grains))


def series(scope: Scope, owners: Sequence[Owner], grains: Grains, length: timedelta) -> Asked:
    """Ask for owner, when a stretch of time begins, usage count and micro-credits; one may come twice.

    Stretches are those of the grains, and of `length` where usages are read one by one.
    """
    shape = shape_of(scope, owners, grains)
    return Asked(_series, (shape, length), values_of(scope, owners, grains))


def _asked(make: Callable[[Shape], Select[Any]], scope: Scope, owners: Sequence[Owner]) -> Asked:
    grains = grains_for(scope)
    return Asked(make, (shape_of(scope, owners, grains),), values_of(scope, owners, grains))


def _totals(shape: Shape) -> Select[Any]:
    return _added_up(shape, (), COUNTED)


def _by_service(shape: Shape) -> Select[Any]:
    return _added_up(shape, _SERVICE, ("usage_count", "units", "millionths", "micros"))


def _services(shape: Shape) -> Select[Any]:
    added = _added_up(shape, Dimension.SERVICE.columns, COUNTED)
    columns = added.selected_columns
    names = (_by_name(columns[name]) for name in Dimension.SERVICE.columns)
    return added.order_by(columns["micros"].desc(), *names)


def _by_workflow_name(shape: Shape) -> Select[Any]:
    return _added_up(shape, ("workflow_name",), ("micros",))


def _ranked(shape: Shape, by: Dimension) -> Select[Any]:
    added = _added_up(shape, by.columns, COUNTED).subquery()
    names = [added.c[name] for name in by.columns]
    order = (added.c.micros.desc(), *(_by_name(name).nulls_first() for name in names))
    numbered = select(
        added.c.owner,
        func.count().over(partition_by=added.c.owner).label("row_count"),
        *names,
        added.c.usage_count,
        added.c.micros,
        func.row_number().over(partition_by=added.c.owner, order_by=order).label("place"),
    ).subquery()
    shown = [column for column in numbered.c if column.key != "place"]
    is_first = numbered.c.place <= bindparam("first")
    return select(*shown).where(is_first).order_by(numbered.c.owner, numbered.c.place)


def _by_service_and_period(*shapes: Shape) -> Select[Any]:
    apart = [_by_service(shape).subquery() for shape in shapes]
    rows = union_all(
        *(
            select(
                used.c.owner,
                *(used.c[name] for name in _SERVICE),
                fixed(passed).label("edges_passed"),
                *(used.c[name] for name in ("units", "millionths", "micros")),
            )
            for passed, used in enumerate(apart)
        )
    )
    return select(rows.subquery())


def _runs_by_name(shape: Shape) -> Select[Any]:
    figures = ("run_count", "ended_count", "seconds", "microseconds")
    rows = runs(shape, ("workflow_name", *figures))
    names = [rows.c.owner, rows.c.workflow_name]
    return select(*names, *(total(rows.c[name]) for name in figures)).group_by(*names)


def _series(shape: Shape, length: timedelta) -> Select[Any]:
    rows = usages_by_time(shape, length=length)
    return select(rows).where(rows.c.usage_count > 0)


def _added_up(shape: Shape, names: Sequence[str], figures: Sequence[str]) -> Select[Any]:
    return _summed(shape, usages(shape, (*names, "usage_count", *_other(figures))), names, figures)


def _summed(shape: Shape, rows: Subquery, names: Sequence[str], figures: Sequence[str]) -> Select[Any]:
    owner, keys = shape.grouped_by(rows, names)
    columns = [rows.c[name] for name in names]
    sums = [total(rows.c[name]).label(name) for name in figures]
    # What was used and voided again has left rows that count nothing.
    return select(owner, *columns, *sums).group_by(*keys).having(total(rows.c.usage_count) > 0)


def _other(figures: Sequence[str]) -> list[str]:
    return [name for name in figures if name != "usage_count"]


def _by_name(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column if isinstance(column.type, Id) else by_code_point(column)
