"""Where figures are read: whole days and hours from rollups, the rest from usages and runs themselves.

The parts of a period are laid end to end, so that each usage counts once, and the last one that was recorded
counts too.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Select,
    Subquery,
    Text,
    bindparam,
    case,
    func,
    select,
    type_coerce,
    union_all,
)

from metering.analytics.parts import FINEST
from metering.analytics.shapes import Shape
from models.asking import fixed
from models.base import BigInt, Id, table_of, total
from models.buckets import bucket_column
from models.rollup import NO_AGENT, NOBODY, RunRollup, UsageRollup
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.decimal_text import MICROS


def usages(shape: Shape, names: Sequence[str], *, length: timedelta = FINEST) -> Subquery:
    """Lay usages and rollups of them end to end, with `owner` and the columns of these names.

    They are those of a rollup, and `at`: when the stretch begins in which they were used, of `length` where
    no rollup tells it.
    """
    return _laid([_usages(shape, place, names, length) for place in range(len(shape.stretches))])


def usages_by_time(shape: Shape, names: Sequence[str] = (), *, length: timedelta = FINEST) -> Subquery:
    """Lay them end to end as `usages` does, each part added up by owner, `at` and these names.

    The rows of a rollup stand in the order of time: where an owner is asked for alone, none are sorted, as
    they would be if all parts were added up together.
    """
    keys = ("owner", "at", *names)
    parts = []
    for place in range(len(shape.stretches)):
        rows = _usages(shape, place, (*keys[1:], *COUNTED), length).subquery()
        columns = [rows.c[name] for name in keys]
        sums = [total(rows.c[name]).label(name) for name in COUNTED]
        parts.append(select(*columns, *sums).group_by(*columns))
    return _laid(parts)


def runs(shape: Shape, names: Sequence[str]) -> Subquery:
    """Lay runs and rollups of them end to end by their starts, as `usages` does."""
    return _laid([_runs(shape, place, names) for place in range(len(shape.stretches))])


def _usages(shape: Shape, place: int, names: Sequence[str], length: timedelta) -> Select[Any]:
    if shape.stretches[place].grain is not None:
        return _rolled_up(UsageRollup, shape, place, names)
    used = table_of(ServiceUsage)
    of_run = (Workflow.account_id == used.c.account_id) & (Workflow.id == used.c.workflow_id)
    known: dict[str, Any] = {
        "at": bucket_column(used.c.used_at, length),
        "workflow_name": Workflow.workflow_name,
        "agent_id": Workflow.agent_id,
        "api_key_id": Workflow.api_key_id,
        "user_id": Workflow.user_id,
        "service_type": used.c.service_type,
        "provider": used.c.provider,
        "unit_type": used.c.unit_type,
        "usage_count": _ONE,
        "units": used.c.micro_units // _MICROS,
        "millionths": used.c.micro_units % _MICROS,
        "micros": type_coerce(used.c.credits, BigInt()),
    }
    return shape.of(Workflow, known, used.join(table_of(Workflow), of_run), names).where(
        used.c.voided_at.is_(None), *shape.contains(place, ServiceUsage.used_at)
    )


def _runs(shape: Shape, place: int, names: Sequence[str]) -> Select[Any]:
    if shape.stretches[place].grain is not None:
        return _rolled_up(RunRollup, shape, place, names)
    known: dict[str, Any] = {
        "workflow_name": Workflow.workflow_name,
        "run_count": _ONE,
        "ended_count": case((Workflow.ended_at.is_not(None), _ONE), else_=_NONE),
        "seconds": func.coalesce(Workflow.duration_micros // _MICROS, _NONE),
        "microseconds": func.coalesce(Workflow.duration_micros % _MICROS, _NONE),
    }
    return shape.of(Workflow, known, table_of(Workflow), names).where(
        *shape.contains(place, Workflow.started_at)
    )


def _rolled_up(
    rollup: type[UsageRollup | RunRollup], shape: Shape, place: int, names: Sequence[str]
) -> Select[Any]:
    known: dict[str, Any] = {column.key: column for column in table_of(rollup).columns}
    known["at"] = known["bucket"]
    known["agent_id"] = func.nullif(known["agent_id"], bindparam("no_agent", NO_AGENT, Id()), type_=Id())
    if "user_id" in known:
        known["user_id"] = func.nullif(known["user_id"], NOBODY, type_=Text())
    chosen = shape.of(rollup, known, table_of(rollup), names).where(
        rollup.grain == shape.stretches[place].grain, *shape.contains(place, rollup.bucket)
    )
    return chosen.where(rollup.agent_id != NO_AGENT) if shape.misses_no_agent else chosen


def _laid(parts: Sequence[Select[Any]]) -> Subquery:
    return (parts[0] if len(parts) == 1 else union_all(*parts)).subquery()


COUNTED = ("usage_count", "micros")
_NONE, _ONE, _MICROS = fixed(0), fixed(1), fixed(MICROS)
