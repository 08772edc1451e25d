"""What finished runs cost, name by name: one statement for all owners that ask alike, and one for trends."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from graph.context import Snapshot
from metering.analytics import Level, RunsLike
from metering.unit_economics import (
    Drift,
    FinishedRuns,
    NamedFigures,
    Span,
    UnitFigures,
    drift_between,
    equal_parts,
    figures_by_name,
    read_figures,
    span_of,
)

PARTS_OF_A_TREND = 12
PREVIOUS, PRESENT = 0, 1
Owner = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Question:
    """Which runs of a level are looked at: null starts and ends are those of `span_of`."""

    level: Level
    start: datetime | None
    end: datetime | None
    runs: RunsLike
    first: int


@dataclass(frozen=True, slots=True)
class EconomicsKey:
    """One owner (its account and its id) and what is asked about it."""

    question: Question
    owner: Owner


@dataclass(frozen=True, slots=True)
class NameEconomics:
    """What runs of one name cost in a period, and in the one before where there were some."""

    name: str
    present: UnitFigures
    previous: UnitFigures | None

    @property
    def drift(self) -> Drift:
        """How the two differ."""
        return drift_between(self.previous, self.present)


@dataclass(frozen=True, slots=True)
class Economics:
    """The names that cost most in a period, the dearest first."""

    span: Span
    names: tuple[NameEconomics, ...]


@dataclass(frozen=True, slots=True)
class TrendKey:
    """One name of one owner, and the period whose parts are looked at."""

    level: Level
    span: Span
    runs: RunsLike
    owner: Owner
    name: str


Trend = tuple[UnitFigures | None, ...]
"""Figures of each part of a period, None where no run of it has ended."""


def economics_by_owner(snapshot: Snapshot) -> Callable[[list[EconomicsKey]], Awaitable[list[Economics]]]:
    """Load a period and the one before it; all that end now end at the same moment."""

    async def load(keys: list[EconomicsKey]) -> list[Economics]:
        now = snapshot.now()
        owners: dict[Question, list[Owner]] = defaultdict(list)
        for key in keys:
            owners[key.question].append(key.owner)
        found: dict[EconomicsKey, Economics] = {}
        for question, group in owners.items():
            span = span_of(question.start, question.end, now)
            edges = (span.previous_start, span.start, span.end)
            runs = FinishedRuns(question.level, edges, question.runs, first=question.first)
            rows = await _by_owner(snapshot, runs, group)
            for owner in group:
                found[EconomicsKey(question, owner)] = Economics(span, _names(rows[owner[1]]))
        return [found[key] for key in keys]

    return load


def trend_by_name(snapshot: Snapshot) -> Callable[[list[TrendKey]], Awaitable[list[Trend]]]:
    """Load the parts of periods."""

    async def load(keys: list[TrendKey]) -> list[Trend]:
        groups: dict[tuple[Level, Span, RunsLike], list[TrendKey]] = defaultdict(list)
        for key in keys:
            groups[key.level, key.span, key.runs].append(key)
        found: dict[TrendKey, Trend] = {}
        for (level, span, like), group in groups.items():
            edges = equal_parts(span, PARTS_OF_A_TREND)
            names = frozenset(key.name for key in group)
            rows = await _by_owner(
                snapshot, FinishedRuns(level, edges, like, names=names), [key.owner for key in group]
            )
            for key in group:
                of_name = {row.part: row.figures for row in rows[key.owner[1]] if row.name == key.name}
                found[key] = tuple(map(of_name.get, range(PARTS_OF_A_TREND)))
        return [found[key] for key in keys]

    return load


async def _by_owner(
    snapshot: Snapshot, runs: FinishedRuns, owners: list[Owner]
) -> dict[UUID, list[NamedFigures]]:
    found: dict[UUID, list[NamedFigures]] = defaultdict(list)
    for owner, *row in await snapshot.ask(figures_by_name(runs, owners).rows):
        found[owner].append(read_figures(row))
    return found


def _names(rows: list[NamedFigures]) -> tuple[NameEconomics, ...]:
    previous = {row.name: row.figures for row in rows if row.part == PREVIOUS}
    present = [row for row in rows if row.part == PRESENT]
    dearest = sorted(present, key=lambda row: (-row.figures.total.micros, row.name))
    return tuple(NameEconomics(row.name, row.figures, previous.get(row.name)) for row in dearest)
