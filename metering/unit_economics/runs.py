"""What finished runs cost and how long they took, by name and by parts of a period, in one statement.

Percentiles are of the nearest rank: whole ranks of whole micro-credits and microseconds, so that both
databases give the same.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from metering.analytics import Level, RunsLike
from models.base import BigInt, total
from models.sums import wide_total
from models.text_order import by_code_point
from models.workflow import Workflow, WorkflowStatus

PERCENTS = (50, 95)
_Owners = list[tuple[UUID, UUID]]


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


def figures_by_name(runs: FinishedRuns, owners: _Owners) -> Select[Any]:
    """Select owner, workflow name, number of the part, and the figures that `read_figures` reads."""
    grouped = _grouped(_ranked(_finished(runs, owners)))
    if runs.first is None:
        return select(grouped)
    return _dearest(grouped, last=len(runs.edges) - 2, first=runs.first)


def _finished(runs: FinishedRuns, owners: _Owners) -> Subquery:
    owner = _OWNERS[runs.level]
    conditions: list[ColumnElement[bool]] = [
        Workflow.account_id.in_({account_id for account_id, _ in owners}),
        Workflow.started_at >= runs.edges[0],
        Workflow.started_at < runs.edges[-1],
        Workflow.ended_at.is_not(None),
        *runs.runs.conditions(),
    ]
    if runs.level is not Level.ACCOUNT:
        conditions.append(owner.in_({owner_id for _, owner_id in owners}))
    if runs.names is not None:
        conditions.append(Workflow.workflow_name.in_(runs.names))
    return (
        select(
            owner.label("owner"),
            Workflow.workflow_name.label("name"),
            _part(runs.edges).label("part"),
            type_coerce(Workflow.total_credits, BigInt()).label("micros"),
            Workflow.duration_micros.label("duration"),
            case((Workflow.status == WorkflowStatus.COMPLETED, 0), else_=1).label("unfinished"),
        )
        .where(*conditions)
        .subquery()
    )


def _part(edges: tuple[datetime, ...]) -> ColumnElement[int]:
    ends = [(Workflow.started_at < edge, number) for number, edge in enumerate(edges[1:-1])]
    return case(*ends, else_=len(ends)) if ends else func.abs(0)


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
        func.max(case((rank == (ranked.c.runs * percent + 99) // 100, column))).label(f"{name}_p{percent}")
        for percent in PERCENTS
    ]


def _dearest(grouped: Subquery, *, last: int, first: int) -> Select[Any]:
    """Keep the names of the first places; a name that is not in the last part has none."""
    order = (grouped.c.micros.desc(), by_code_point(grouped.c.name))
    place = func.row_number().over(partition_by=(grouped.c.owner, grouped.c.part), order_by=order)
    placed = select(grouped, case((grouped.c.part == last, place)).label("place")).subquery()
    of_name = func.min(placed.c.place).over(partition_by=(placed.c.owner, placed.c.name))
    kept = select(placed, of_name.label("name_place")).subquery()
    return select(*(kept.c[column.name] for column in grouped.c)).where(kept.c.name_place <= first)


_OWNERS: dict[Level, InstrumentedAttribute[Any]] = {
    Level.ACCOUNT: Workflow.account_id,
    Level.AGENT: Workflow.agent_id,
    Level.API_KEY: Workflow.api_key_id,
}
