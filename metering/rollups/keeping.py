"""Keep rollups: what a batch adds to them, in one statement for usages and one for runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.base import table_of
from models.buckets import bucket_of
from models.prepared import PreparedWrite
from models.rollup import NO_AGENT, NOBODY, Grain, Rollup, RunRollup, UsageRollup, series_of
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.decimal_text import MICROS
from pricing.units import ServiceType, UnitType

_Row = tuple[UUID, Grain, datetime, tuple[Any, ...]]
_Hour = tuple[int, ServiceType, str, UnitType, datetime]
"""A run, by its place in memory, a service and the hour, in UTC."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class UsageCounts:
    """What the usages of a batch add to the rollups; nothing reaches the store before `write`.

    They are added up by run, service and hour first: what else a row is of is looked at once for many usages.
    """

    _runs: dict[_Hour, Workflow] = field(default_factory=dict)
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
        rolled_up: dict[_Row, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for hour, figures in self._figures.items():
            for row in _stretches(self._runs[hour], hour):
                rolled_up[row] = [old + new for old, new in zip(rolled_up[row], figures, strict=True)]
        _ADD_USAGES.write(session, _rows(rolled_up))
        self._runs.clear()
        self._figures.clear()

    def _count(self, usage: ServiceUsage, workflow: Workflow, times: int) -> None:
        # Most usages of a batch were used when it is recorded: their hour is worked out once.
        used_at, begin = self._last
        if usage.used_at is not used_at:
            begin = usage.used_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            self._last = usage.used_at, begin
        hour = (id(workflow), usage.service_type, usage.provider, usage.unit_type, begin)
        figures = self._figures.get(hour)
        if figures is None:
            self._runs[hour] = workflow
            self._figures[hour] = figures = [0, 0, 0, 0]
        units, millionths = divmod(usage.micro_units, MICROS)
        figures[0] += times
        figures[1] += times * units
        figures[2] += times * millionths
        figures[3] += times * usage.credits.micros


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


def _stretches(workflow: Workflow, of: _Hour) -> Iterable[_Row]:
    _, *service, hour = of
    run, user, day = _of_run(workflow), workflow.user_id or NOBODY, bucket_of(hour, Grain.DAY.length)
    yield workflow.account_id, Grain.HOUR, hour, (*run, NOBODY, *service)
    yield workflow.account_id, Grain.DAY, day, (*run, NOBODY, *service)
    yield workflow.account_id, Grain.USER_DAY, day, (*run, user, *service)


def _of_run(workflow: Workflow) -> tuple[str, str, UUID, UUID]:
    return (
        workflow.workflow_name,
        workflow.business_adapter or NOBODY,
        workflow.agent_id or NO_AGENT,
        workflow.api_key_id,
    )


def _rows(figures: Mapping[_Row, Iterable[int]]) -> list[tuple[object, ...]]:
    return [
        (account_id, grain, bucket, series_of(*dimensions), *dimensions, *of_row)
        for (account_id, grain, bucket, dimensions), of_row in figures.items()
    ]


def _adding(rollup: Rollup) -> PreparedWrite:
    names = ("account_id", "grain", "bucket", "series_id", *rollup.dimensions, *rollup.figures)
    return PreparedWrite.adding(table_of(rollup), names, sums=rollup.figures)


_ADD_USAGES = _adding(UsageRollup)
_ADD_RUNS = _adding(RunRollup)
