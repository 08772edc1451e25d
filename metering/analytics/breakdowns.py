"""Where credits went: statements that add up usages by account, agent, key or user, exactly.

Credits count in the period in which they were used, runs in the period in which they started; so the
figures of adjoining periods add up. Voided usages count nowhere. Every figure is asked for many owners at
once: the first column of each statement names the owner.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal_column, select, union_all

from metering.analytics.scopes import Owner, Period, Scope
from metering.analytics.sources import Grains, grains_for, runs, usages
from models.base import BigInt, Id, total
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


def totals(scope: Scope, owners: Sequence[Owner]) -> Select[Any]:
    """Select owner, usage count and micro-credits."""
    return _added_up(scope, owners, (), ("usage_count", "micros"))


def by_service(scope: Scope, owners: Sequence[Owner]) -> Select[Any]:
    """Select owner, service type, provider, unit type, usage count, units, their millionths, micros."""
    return _added_up(scope, owners, _SERVICE, ("usage_count", "units", "millionths", "micros"))


def services(scope: Scope, owners: Sequence[Owner]) -> Select[Any]:
    """Select owner, service type, provider, usage count and micro-credits, the dearest first.

    What costs the same stands by its names.
    """
    added = _added_up(scope, owners, Dimension.SERVICE.columns, ("usage_count", "micros"))
    columns = added.selected_columns
    names = (_by_name(columns[name]) for name in Dimension.SERVICE.columns)
    return added.order_by(columns["micros"].desc(), *names)


def by_workflow_name(scope: Scope, owners: Sequence[Owner]) -> Select[Any]:
    """Select owner, workflow name and micro-credits."""
    return _added_up(scope, owners, ("workflow_name",), ("micros",))


def ranked(scope: Scope, owners: Sequence[Owner], by: Dimension, first: int) -> Select[Any]:
    """Select owner, how many rows there are, the dimension's columns, usage count and micro-credits.

    They are each owner's `first` rows, the dearest first, and those that cost the same by their names.
    """
    added = _added_up(
        scope, owners, by.columns, ("usage_count", "micros"), users_apart=by is Dimension.USER
    ).subquery()
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
    return select(*shown).where(numbered.c.place <= first).order_by(numbered.c.owner, numbered.c.place)


def by_service_and_period(scope: Scope, owners: Sequence[Owner], edges: tuple[datetime, ...]) -> Select[Any]:
    """Select as `by_service` without the count, apart between the (ascending) edges.

    Before the units stands how many of the edges had passed when they were used.
    """
    moments = (scope.period.start, *edges, scope.period.end)
    apart = [
        by_service(replace(scope, period=Period(start, end)), owners).subquery()
        for start, end in pairwise(moments)
    ]
    rows = union_all(
        *(
            select(
                used.c.owner,
                *(used.c[name] for name in _SERVICE),
                literal_column(str(passed), BigInt()).label("edges_passed"),
                *(used.c[name] for name in ("units", "millionths", "micros")),
            )
            for passed, used in enumerate(apart)
        )
    )
    return select(rows.subquery())


def runs_by_workflow_name(scope: Scope, owners: Sequence[Owner]) -> Select[Any]:
    """Select owner, workflow name, number of runs, of ended ones, their seconds and microseconds beside."""
    figures = ("run_count", "ended_count", "seconds", "microseconds")
    rows = runs(scope, owners, ("workflow_name", *figures))
    names = [rows.c.owner, rows.c.workflow_name]
    return select(*names, *(total(rows.c[name]) for name in figures)).group_by(*names)


def series(scope: Scope, owners: Sequence[Owner], grains: Grains, length: timedelta) -> Select[Any]:
    """Select owner, when a stretch of time begins, usage count and micro-credits.

    Stretches are those of the grains, and of `length` where usages are read one by one.
    """
    rows = usages(scope, owners, ("at", *_COUNTED), grains, length=length)
    return _summed(rows, ("at",), _COUNTED)


def _added_up(
    scope: Scope,
    owners: Sequence[Owner],
    names: Sequence[str],
    figures: Sequence[str],
    *,
    users_apart: bool = False,
) -> Select[Any]:
    grains = grains_for(scope, users_apart=users_apart)
    return _summed(usages(scope, owners, (*names, "usage_count", *_other(figures)), grains), names, figures)


def _summed(rows: Subquery, names: Sequence[str], figures: Sequence[str]) -> Select[Any]:
    keys = [rows.c.owner, *(rows.c[name] for name in names)]
    sums = [total(rows.c[name]).label(name) for name in figures]
    # What was used and voided again has left rows that count nothing.
    return select(*keys, *sums).group_by(*keys).having(total(rows.c.usage_count) > 0)


def _other(figures: Sequence[str]) -> list[str]:
    return [name for name in figures if name != "usage_count"]


def _by_name(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column if isinstance(column.type, Id) else by_code_point(column)


_COUNTED = ("usage_count", "micros")
