"""Keep rollups: what a batch adds to them, in one statement for usages and one for runs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.base import Base, table_of
from models.buckets import bucket_of
from models.prepared import PreparedWrite
from models.rollup import (
    NO_AGENT,
    NOBODY,
    RUN_DIMENSIONS,
    RUN_FIGURES,
    USAGE_DIMENSIONS,
    USAGE_FIGURES,
    Grain,
    RunRollup,
    UsageRollup,
    series_of,
)
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.decimal_text import MICROS

_Row = tuple[UUID, Grain, datetime, tuple[Any, ...]]
RUN_GRAINS = (Grain.HOUR, Grain.DAY)


@dataclass(slots=True)
class UsageCounts:
    """What the usages of a batch add to the rollups; nothing reaches the store before `write`."""

    _figures: dict[_Row, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))

    def add(self, usage: ServiceUsage, workflow: Workflow) -> None:
        """Count a usage of a run in the stretches in which it was used."""
        self._count(usage, workflow, 1)

    def take_back(self, usage: ServiceUsage, workflow: Workflow) -> None:
        """Count a usage that was counted no more."""
        self._count(usage, workflow, -1)

    def write(self, session: Session) -> None:
        """Add the figures to the rollups in one statement; the accounts concerned are locked."""
        _ADD_USAGES.write(session, _rows(self._figures))
        self._figures.clear()

    def _count(self, usage: ServiceUsage, workflow: Workflow, times: int) -> None:
        run, user = _of_run(workflow), workflow.user_id or NOBODY
        service = (usage.service_type, usage.provider, usage.unit_type)
        day = bucket_of(usage.used_at, Grain.DAY.length)
        hour = bucket_of(usage.used_at, Grain.HOUR.length)
        units, millionths = divmod(usage.micro_units, MICROS)
        for grain, bucket, of_user in (
            (Grain.HOUR, hour, NOBODY),
            (Grain.DAY, day, NOBODY),
            (Grain.USER_DAY, day, user),
        ):
            figures = self._figures[workflow.account_id, grain, bucket, (*run, of_user, *service)]
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
        for grain in RUN_GRAINS:
            bucket = bucket_of(workflow.started_at, grain.length)
            yield self._figures[workflow.account_id, grain, bucket, dimensions]


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


def _adding(rollup: type[Base], dimensions: Iterable[str], figures: Sequence[str]) -> PreparedWrite:
    table = table_of(rollup)
    names = ("account_id", "grain", "bucket", "series_id", *dimensions, *figures)
    return PreparedWrite.adding(table, names, sums=figures)


_ADD_USAGES = _adding(UsageRollup, USAGE_DIMENSIONS, USAGE_FIGURES)
_ADD_RUNS = _adding(RunRollup, RUN_DIMENSIONS, RUN_FIGURES)
