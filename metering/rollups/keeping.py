"""Keep rollups: what a batch adds to them, in one statement for usages and one for runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import add
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.base import table_of
from models.buckets import bucket_of
from models.prepared import PreparedWrite
from models.rollup import NO_AGENT, NOBODY, Grain, Rollup, RunRollup, UsageRollup, series_of
from models.rows import loaded
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.decimal_text import MICROS
from pricing.units import ServiceType, UnitType

_Row = tuple[UUID, Grain, datetime, tuple[Any, ...]]
_Hour = tuple[Workflow, ServiceType, str, UnitType, datetime]
"""A run, a service and the hour, in UTC."""
_KEY = 4
"""Columns by which a row is known: account, grain, bucket and series."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class UsageCounts:
    """What the usages of a batch add to the rollups; nothing reaches the store before `write`.

    They are added up by run, service and hour first: what else a row is of is looked at once for many usages.
    """

    _figures: dict[_Hour, list[int]] = field(default_factory=dict)
    _last: tuple[datetime, datetime] = (NEVER, NEVER)

    def add(self, usage: ServiceUsage, workflow: Workflow) -> None:
        """Count a usage of a run in the stretches in which it was used."""
        self._count(usage, workflow, 1)

    def take_back(self, usage: ServiceUsage, workflow: Workflow) -> None:
        """Count a usage that was counted no more."""
        self._count(usage, workflow, -1)

    def write(self, session: Session) -> None:
        """Add the figures to the rollups in one statement; the accounts concerned are locked."""
        rows: dict[tuple[object, ...], tuple[object, ...]] = {}
        sums: dict[tuple[object, ...], Iterable[int]] = {}
        for hour, figures in self._figures.items():
            for row in _stretches(*hour):
                key = row[:_KEY]
                rows[key] = row
                sums[key] = [*map(add, sums[key], figures)] if key in sums else figures
        _ADD_USAGES.write(session, [(*row, *sums[key]) for key, row in rows.items()])
        self._figures.clear()

    def _count(self, usage: ServiceUsage, workflow: Workflow, times: int) -> None:
        # Most usages of a batch were used when it is recorded: their hour is worked out once.
        *service, used_at, micro_units, credits_ = _COUNTED(usage)
        last_used_at, begin = self._last
        if used_at is not last_used_at:
            begin = used_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            self._last = used_at, begin
        hour = (workflow, *service, begin)
        figures = self._figures.get(hour)
        if figures is None:
            self._figures[hour] = figures = [0, 0, 0, 0]
        units, millionths = divmod(micro_units, MICROS)
        figures[0] += times
        figures[1] += times * units
        figures[2] += times * millionths
        figures[3] += times * credits_.micros


@dataclass(slots=True)
class RunCounts:
    """What runs that start or end add to the rollups; nothing reaches the store before `write`."""

    _figures: dict[_Row, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))

    def add_started(self, workflows: Iterable[Workflow]) -> None:
        """Count new runs in the stretches in which they started, ended or not."""
        for workflow in workflows:
            for figures in self._figures_of(workflow):
                figures[0] += 1
            if workflow.ended_at is not None:
                self.add_ended([workflow])

    def add_ended(self, workflows: Iterable[Workflow]) -> None:
        """Count that runs have ended and how long they took, in the stretches in which they started."""
        for workflow in workflows:
            seconds, microseconds = divmod(workflow.duration_micros or 0, MICROS)
            for figures in self._figures_of(workflow):
                figures[1] += 1
                figures[2] += seconds
                figures[3] += microseconds

    def write(self, session: Session) -> None:
        """Add the figures to the rollups in one statement; the accounts concerned are locked."""
        _ADD_RUNS.write(session, _rows(self._figures))
        self._figures.clear()

    def _figures_of(self, workflow: Workflow) -> Iterable[list[int]]:
        dimensions = _of_run(workflow)
        for grain in RunRollup.grains:
            bucket = bucket_of(workflow.started_at, grain.length)
            yield self._figures[workflow.account_id, grain, bucket, dimensions]


def _stretches(
    workflow: Workflow, service_type: ServiceType, provider: str, unit_type: UnitType, hour: datetime
) -> Iterable[tuple[object, ...]]:
    account_id, user = _WHOSE(workflow)
    run, service, day = _of_run(workflow), (service_type, provider, unit_type), hour.replace(hour=0)
    of_all = _series(*run, NOBODY, *service)
    of_user = _series(*run, user, *service) if user else of_all
    return (
        (account_id, Grain.HOUR, hour, *of_all),
        (account_id, Grain.DAY, day, *of_all),
        (account_id, Grain.USER_DAY, day, *of_user),
    )


def _of_run(workflow: Workflow) -> tuple[str, str, UUID, UUID]:
    name, adapter, agent_id, api_key_id = _RUN(workflow)
    return name, adapter or NOBODY, agent_id or NO_AGENT, api_key_id


def _series(*dimensions: str | UUID) -> tuple[str | UUID, ...]:
    return series_of(*dimensions), *dimensions


def _rows(figures: Mapping[_Row, Iterable[int]]) -> list[tuple[object, ...]]:
    return [
        (account_id, grain, bucket, *_series(*dimensions), *of_row)
        for (account_id, grain, bucket, dimensions), of_row in figures.items()
    ]


def _adding(rollup: Rollup) -> PreparedWrite:
    names = ("account_id", "grain", "bucket", "series_id", *rollup.dimensions, *rollup.figures)
    return PreparedWrite.adding(table_of(rollup), names, sums=rollup.figures)


_COUNTED = loaded("service_type", "provider", "unit_type", "used_at", "micro_units", "credits")
_WHOSE = loaded("account_id", "user_id")
_RUN = loaded("workflow_name", "business_adapter", "agent_id", "api_key_id")
_ADD_USAGES = _adding(UsageRollup)
_ADD_RUNS = _adding(RunRollup)
