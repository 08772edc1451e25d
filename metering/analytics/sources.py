"""Where figures are read: whole days and hours from rollups, the rest from usages and runs themselves.

The parts of a period are laid end to end, so that each usage counts once, and the last one that was recorded
counts too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    bindparam,
    case,
    func,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from metering.analytics.scopes import Level, Owner, Period, Scope
from models.base import BigInt, Id, table_of
from models.buckets import bucket_column, bucket_of
from models.rollup import NO_AGENT, NOBODY, Grain, RunRollup, UsageRollup
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.decimal_text import MICROS

Grains = tuple[Grain, ...]
"""The rollups that may be read, the coarsest first; none: usage by usage."""

ALL_USERS: Grains = (Grain.DAY, Grain.HOUR)
EACH_USER: Grains = (Grain.USER_DAY,)
ONE_BY_ONE: Grains = ()

FINEST = timedelta(minutes=15)
"""What usages that no rollup tells are told apart by; time zones differ by whole multiples of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a period, and the rollup that tells it; None: usage by usage."""

    grain: Grain | None
    period: Period


def grains_for(scope: Scope, *, users_apart: bool = False) -> Grains:
    """Give the rollups that can answer for a scope."""
    if scope.level is Level.WORKFLOW:
        return ONE_BY_ONE
    return EACH_USER if users_apart or scope.runs.user_id is not None else ALL_USERS


def parts_of(period: Period, grains: Sequence[Grain]) -> list[Part]:
    """Cut a period into parts, each told by the coarsest rollup whose stretches fit into it."""
    if period.is_empty:
        return []
    if not grains:
        return [Part(None, period)]
    coarsest, *finer = grains
    whole = _whole(period, coarsest.length)
    if whole.is_empty:
        return parts_of(period, finer)
    before = [] if whole.start is None else parts_of(Period(period.start, whole.start), finer)
    after = [] if whole.end is None else parts_of(Period(whole.end, period.end), finer)
    return [*before, Part(coarsest, whole), *after]


def usages(
    scope: Scope,
    owners: Iterable[Owner],
    columns: Sequence[str],
    grains: Grains,
    *,
    length: timedelta = FINEST,
) -> Subquery:
    """Lay usages and rollups of them end to end, with `owner` and the columns asked for.

    The columns are those of a rollup, and `at`: when the stretch begins in which they were used, of `length`
    where no rollup tells it.
    """
    wanted = _Wanted(scope, tuple(owners), tuple(columns))
    return _laid([_usages(part, wanted, length) for part in _parts(scope, grains)])


def runs(scope: Scope, owners: Iterable[Owner], columns: Sequence[str]) -> Subquery:
    """Lay runs and rollups of them end to end by their starts, with `owner` and the columns asked for."""
    wanted = _Wanted(scope, tuple(owners), tuple(columns))
    is_told = scope.level is not Level.WORKFLOW and scope.runs.user_id is None
    return _laid([_runs(part, wanted) for part in _parts(scope, ALL_USERS if is_told else ONE_BY_ONE)])


@dataclass(frozen=True, slots=True)
class _Wanted:
    scope: Scope
    owners: tuple[Owner, ...]
    columns: tuple[str, ...]

    def of(self, kept: Any, known: Mapping[str, Any], rows: FromClause) -> Select[Any]:  # noqa: ANN401 - a mapped class
        """Select the columns; `kept` names account, agent, key and what runs are like."""
        owner = getattr(kept, _OWNER[self.scope.level])
        columns = [known[name].label(name) for name in self.columns]
        conditions = [kept.account_id.in_({account_id for account_id, _ in self.owners})]
        if self.scope.level is not Level.ACCOUNT:
            conditions.append(owner.in_({owner_id for _, owner_id in self.owners}))
        chosen = select(owner.label("owner"), *columns).select_from(rows)
        return chosen.where(*conditions, *self.scope.runs.conditions(kept))


def _parts(scope: Scope, grains: Grains) -> list[Part]:
    # An empty period has no parts, and still is a question.
    return parts_of(scope.period, grains) or [Part(None, scope.period)]


def _usages(part: Part, wanted: _Wanted, length: timedelta) -> Select[Any]:
    if part.grain is not None:
        return _rolled_up(UsageRollup, part, wanted)
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
        "units": used.c.micro_units // MICROS,
        "millionths": used.c.micro_units % MICROS,
        "micros": type_coerce(used.c.credits, BigInt()),
    }
    return wanted.of(Workflow, known, used.join(table_of(Workflow), of_run)).where(
        used.c.voided_at.is_(None), *part.period.contains(ServiceUsage.used_at)
    )


def _runs(part: Part, wanted: _Wanted) -> Select[Any]:
    if part.grain is not None:
        return _rolled_up(RunRollup, part, wanted)
    known: dict[str, Any] = {
        "workflow_name": Workflow.workflow_name,
        "run_count": _ONE,
        "ended_count": case((Workflow.ended_at.is_not(None), 1), else_=0),
        "seconds": func.coalesce(Workflow.duration_micros // MICROS, 0),
        "microseconds": func.coalesce(Workflow.duration_micros % MICROS, 0),
    }
    return wanted.of(Workflow, known, table_of(Workflow)).where(*part.period.contains(Workflow.started_at))


def _rolled_up(rollup: type[UsageRollup | RunRollup], part: Part, wanted: _Wanted) -> Select[Any]:
    known: dict[str, Any] = {column.key: column for column in table_of(rollup).columns}
    known["at"] = known["bucket"]
    known["agent_id"] = func.nullif(known["agent_id"], bindparam("no_agent", NO_AGENT, Id()), type_=Id())
    if "user_id" in known:
        known["user_id"] = func.nullif(known["user_id"], NOBODY)
    chosen = wanted.of(rollup, known, table_of(rollup)).where(
        rollup.grain == part.grain, *part.period.contains(rollup.bucket)
    )
    if NO_AGENT in {wanted.scope.runs.agent_id, *(owner_id for _, owner_id in wanted.owners)}:
        # Whoever asks for an agent with the id that stands for none asks for one that is not there.
        chosen = chosen.where(rollup.agent_id != NO_AGENT)
    return chosen


def _laid(parts: Sequence[Select[Any]]) -> Subquery:
    return (parts[0] if len(parts) == 1 else union_all(*parts)).subquery()


def _whole(period: Period, length: timedelta) -> Period:
    start = period.start
    if start is not None and start != bucket_of(start, length):
        begun = bucket_of(start, length)
        start = begun + length if begun < _LAST - length else _LAST
    return Period(start, None if period.end is None else bucket_of(period.end, length))


_LAST = datetime.max.replace(tzinfo=UTC)
_ONE: ColumnElement[int] = literal_column("1", BigInt())
_OWNER = {
    Level.ACCOUNT: "account_id",
    Level.AGENT: "agent_id",
    Level.API_KEY: "api_key_id",
    Level.WORKFLOW: "id",
}
