"""The accumulator of a replay: runs are added one by one, and tallies of parts of the past are merged."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

from metering.replaying.charged import ChargedRun
from metering.replaying.figures import (
    MOST_EXAMPLES,
    MOST_ROWS,
    AgentFigures,
    ChangedChoice,
    Figures,
    RefusalFigures,
    RefusedRun,
    Replay,
    ServiceFigures,
    WorkflowNameFigures,
)
from metering.replaying.repricing import ReplayRefusalKind, RepricedUsage, RunRefused
from pricing.units import ServiceType

Key = TypeVar("Key", bound=Hashable)


class Tally:
    """Adds up outcomes; what it keeps does not grow with the number of runs."""

    def __init__(self) -> None:
        self.names = _Rows[str](7, MOST_ROWS)
        self.agents = _Rows[UUID | None](7, MOST_ROWS)
        self.services = _Rows[tuple[ServiceType, str]](6)
        self.changes = _Rows[tuple[ServiceType, str, str]](3)
        self.refusals = _Rows[ReplayRefusalKind](3)
        self.examples: list[RefusedRun] = []

    def add(self, run: ChargedRun, outcome: tuple[RepricedUsage, ...] | RunRefused) -> None:
        """Count a run with what would become of it."""
        if isinstance(outcome, RunRefused):
            self._add_refused(run, outcome)
        else:
            self._add_repriced(run, outcome)

    def merge(self, other: "Tally") -> None:
        """Count what another tally counted, as if it came after."""
        self.names.merge(other.names)
        self.agents.merge(other.agents)
        self.services.merge(other.services)
        self.changes.merge(other.changes)
        self.refusals.merge(other.refusals)
        self.examples = [*self.examples, *other.examples][:MOST_EXAMPLES]

    def replay(self) -> Replay:
        """Give the figures so far."""
        names = [WorkflowNameFigures(name, Figures(*row)) for name, row in self.names.items()]
        agents = [
            AgentFigures(agent, is_rest=False, figures=Figures(*row)) for agent, row in self.agents.items()
        ]
        names.sort(key=lambda row: (-row.figures.actual_micros, row.workflow_name or ""))
        agents.sort(key=lambda row: (-row.figures.actual_micros, str(row.agent_id or "")))
        if self.names.rest is not None:
            names.append(WorkflowNameFigures(None, Figures(*self.names.rest)))
        if self.agents.rest is not None:
            agents.append(AgentFigures(None, is_rest=True, figures=Figures(*self.agents.rest)))
        services = [ServiceFigures(*key, *row) for key, row in self.services.items()]
        changes = [ChangedChoice(*key, *row) for key, row in self.changes.items()]
        refusals = [RefusalFigures(kind, *row) for kind, row in self.refusals.items()]
        return Replay(
            totals=sum((row.figures for row in names), Figures()),
            by_workflow_name=tuple(names),
            by_agent=tuple(agents),
            by_service=tuple(sorted(services, key=_dearest_service)),
            changed_choices=tuple(sorted(changes, key=_dearest_change)),
            refusals=tuple(sorted(refusals, key=_dearest_refusal)),
            refused_runs=tuple(self.examples),
        )

    def _add_refused(self, run: ChargedRun, refused: RunRefused) -> None:
        micros, count = run.micros, len(run.usages)
        self._add_run(run, (1, count, micros, 1, count, micros, 0))
        self.refusals.add(refused.kind, (1, count, micros))
        for usage in run.usages:
            self.services.add((usage.service_type, usage.provider), (1, usage.micros, 1, usage.micros, 0, 0))
        if len(self.examples) < MOST_EXAMPLES:
            sentence = refused.sentence
            self.examples.append(RefusedRun(run.id, run.workflow_name, refused.kind, sentence, micros))

    def _add_repriced(self, run: ChargedRun, outcome: tuple[RepricedUsage, ...]) -> None:
        replayed = sum(again.micros for again in outcome)
        self._add_run(run, (1, len(run.usages), run.micros, 0, 0, 0, replayed))
        for usage, again in zip(run.usages, outcome, strict=True):
            service_type = usage.service_type
            self.services.add((service_type, usage.provider), (1, usage.micros, 0, 0, 0, 0))
            self.services.add((service_type, again.provider), (0, 0, 0, 0, 1, again.micros))
            if again.provider != usage.provider:
                change = (service_type, usage.provider, again.provider)
                self.changes.add(change, (1, usage.micros, again.micros))

    def _add_run(self, run: ChargedRun, figures: tuple[int, ...]) -> None:
        self.names.add(run.workflow_name, figures)
        self.agents.add(run.agent_id, figures)


class _Rows(Generic[Key]):
    """Sums by key, column by column; keys beyond the most share one row, the rest."""

    def __init__(self, columns: int, most: int | None = None) -> None:
        self._sums: dict[Key, list[int]] = {}
        self._columns = columns
        self._most = most
        self.rest: list[int] | None = None

    def add(self, key: Key, figures: Iterable[int]) -> None:
        row = self._sums.get(key)
        if row is None:
            row = self._new_row(key)
        for column, figure in enumerate(figures):
            row[column] += figure

    def merge(self, other: "_Rows[Key]") -> None:
        for key, figures in other.items():
            self.add(key, figures)
        if other.rest is not None:
            self._add_to_rest(other.rest)

    def items(self) -> Iterable[tuple[Key, list[int]]]:
        return self._sums.items()

    def _new_row(self, key: Key) -> list[int]:
        if self._most is not None and len(self._sums) >= self._most:
            return self._shared()
        self._sums[key] = row = [0] * self._columns
        return row

    def _shared(self) -> list[int]:
        if self.rest is None:
            self.rest = [0] * self._columns
        return self.rest

    def _add_to_rest(self, figures: Iterable[int]) -> None:
        row = self._shared()
        for column, figure in enumerate(figures):
            row[column] += figure


def _dearest_service(row: ServiceFigures) -> tuple[int, int, str, str]:
    return -row.actual_micros, -row.replayed_micros, row.service_type, row.provider


def _dearest_change(row: ChangedChoice) -> tuple[int, str, str, str]:
    return -row.actual_micros, row.service_type, row.from_provider, row.to_provider


def _dearest_refusal(row: RefusalFigures) -> tuple[int, str]:
    return -row.actual_micros, row.kind
