"""What finished runs cost and how long they took, by name and by parts of a period, in one statement.

Percentiles are of the nearest rank: whole ranks of whole micro-credits and microseconds, so that both
databases give the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, bindparam, case, func, select, type_coerce

from metering.analytics import Level, Owner, Period, RunsLike, Scope
from metering.analytics.edges import edge_values, part_of
from metering.analytics.parts import ONE_BY_ONE
from metering.analytics.shapes import Shape, shape_of, values_of
from models.asking import Asked, fixed
from models.base import BigInt, table_of, total
from models.reading import any_of
from models.sums import wide_total
from models.text_order import by_code_point
from models.workflow import Workflow, WorkflowStatus

PERCENTS = (50, 95)


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """The runs of a level that started between the first and the last edge and have ended.

    Each edge but the first begins a new part after the one before it. `first` keeps only so many names of
    each owner: those which cost most in the last part, and of those that cost the same the first by name.
    """

    level: Level
    edges: tuple[datetime, ...]
    runs: RunsLike = field(default_factory=RunsLike)
    first: int | None = None
    names: frozenset[str] | None = None


def figures_by_name(runs: FinishedRuns, owners: Sequence[Owner]) -> Asked:
    """Ask for owner, workflow name, number of the part, and the figures that `read_figures` reads."""
    scope = Scope(runs.level, Period(runs.edges[0], runs.edges[-1]), runs.runs)
    values = values_of(scope, owners, ONE_BY_ONE) | edge_values(runs.edges)
    values["first"], values["names"] = runs.first, sorted(runs.names or ())
    shape = _Shape(
        shape_of(scope, owners, ONE_BY_ONE),
        len(runs.edges),
        has_first=runs.first is not None,
        has_names=runs.names is not None,
    )
    return Asked(_figures, (shape,), values)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the statement depends on; all else are its parameters."""

    runs: Shape
    edges: int
    has_first: bool
    has_names: bool


def _figures(shape: _Shape) -> Select[Any]:
    grouped = _grouped(_ranked(_finished(shape)))
    return _dearest(grouped, last=shape.edges - 2) if shape.has_first else select(grouped)


def _finished(shape: _Shape) -> Subquery:
    known: dict[str, ColumnElement[Any]] = {
        "name": table_of(Workflow).c.workflow_name,
        "part": part_of(table_of(Workflow).c.started_at, shape.edges),
        "micros": type_coerce(Workflow.total_credits, BigInt()),
        "duration": table_of(Workflow).c.duration_micros,
        "unfinished": case((Workflow.status == WorkflowStatus.COMPLETED, fixed(0)), else_=fixed(1)),
    }
    finished = shape.runs.of(Workflow, known, table_of(Workflow), tuple(known)).where(
        Workflow.ended_at.is_not(None), *shape.runs.contains(0, Workflow.started_at)
    )
    if shape.has_names:
        finished = finished.where(Workflow.workflow_name.in_(any_of("names")))
    return finished.subquery()


def _ranked(finished: Subquery) -> Subquery:
    group = (finished.c.owner, finished.c.name, finished.c.part)
    return select(
        finished,
        func.count().over(partition_by=group).label("runs"),
        func.row_number().over(partition_by=group, order_by=finished.c.micros).label("micros_rank"),
        func.row_number().over(partition_by=group, order_by=finished.c.duration).label("duration_rank"),
    ).subquery()


def _grouped(ranked: Subquery) -> Subquery:
    group = (ranked.c.owner, ranked.c.name, ranked.c.part)
    return (
        select(
            *group,
            func.count().label("runs"),
            func.sum(ranked.c.unfinished).label("unfinished"),
            # No account can spend more than 64 bits hold; its runs may take longer.
            total(ranked.c.micros).label("micros"),
            func.max(ranked.c.micros).label("most"),
            *_at_ranks(ranked, ranked.c.micros, ranked.c.micros_rank, "micros"),
            wide_total(ranked.c.duration).label("duration"),
            *_at_ranks(ranked, ranked.c.duration, ranked.c.duration_rank, "duration"),
        )
        .group_by(*group)
        .subquery()
    )


def _at_ranks(
    ranked: Subquery, column: ColumnElement[int], rank: ColumnElement[int], name: str
) -> list[ColumnElement[int]]:
    # The nearest rank of p percent is p·n/100, rounded up. Equal values may stand in any order.
    return [
        func.max(case((rank == (ranked.c.runs * fixed(percent) + fixed(99)) // fixed(100), column))).label(
            f"{name}_p{percent}"
        )
        for percent in PERCENTS
    ]


def _dearest(grouped: Subquery, *, last: int) -> Select[Any]:
    """Keep the names of the first places; a name that is not in the last part has none."""
    order = (grouped.c.micros.desc(), by_code_point(grouped.c.name))
    place = func.row_number().over(partition_by=(grouped.c.owner, grouped.c.part), order_by=order)
    placed = select(grouped, case((grouped.c.part == fixed(last), place)).label("place")).subquery()
    of_name = func.min(placed.c.place).over(partition_by=(placed.c.owner, placed.c.name))
    kept = select(placed, of_name.label("name_place")).subquery()
    return select(*(kept.c[column.name] for column in grouped.c)).where(
        kept.c.name_place <= bindparam("first")
    )
