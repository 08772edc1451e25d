"""The figures of runs of one name, and how they moved: whole numbers in, whole numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pricing.credits import Credits

FEWEST_RUNS_OF_A_DRIFT = 30
"""So many runs are needed on each side before a move is called a drift."""
_DRIFT_IS_MORE_THAN_ONE_IN = 10
_MICROSECONDS_PER_MINUTE = 60_000_000
_TENTHS_OF_A_PERCENT = 1_000


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """What ended runs cost together, the dearest, half and 95 of 100, and how long they took.

    Durations are microseconds. `unfinished` is how many of them failed or were cancelled.
    """

    runs: int
    unfinished: int
    total: Credits
    most: Credits
    p50: Credits
    p95: Credits
    duration: int
    p50_duration: int
    p95_duration: int

    @property
    def mean(self) -> Credits:
        """What one of them cost on the average, rounded down to a micro-credit."""
        return Credits(self.total.micros // self.runs)

    @property
    def mean_duration(self) -> int:
        """How long one of them took on the average, rounded down to a microsecond."""
        return self.duration // self.runs

    @property
    def per_minute(self) -> Credits | None:
        """What a minute of them cost, rounded down to a micro-credit; None where they took no time."""
        if not self.duration:
            return None
        return Credits(self.total.micros * _MICROSECONDS_PER_MINUTE // self.duration)


@dataclass(frozen=True, slots=True)
class NamedFigures:
    """Figures of runs of one name in one part of a period."""

    name: str
    part: int
    figures: UnitFigures


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the middle and the upper end moved, in tenths of a percent, and whether that says something.

    A move is None where there is nothing to compare with: no run, or runs that cost nothing.
    """

    p50: int | None
    p95: int | None
    is_drifting: bool


def read_figures(row: Sequence[Any]) -> NamedFigures:
    """Read a row of `figures_by_name` without its owner."""
    name, part, runs, unfinished, micros, most, p50, p95, duration, p50_duration, p95_duration = row
    figures = UnitFigures(
        runs=runs,
        unfinished=unfinished,
        total=Credits(micros),
        most=Credits(most),
        p50=Credits(p50),
        p95=Credits(p95),
        duration=duration,
        p50_duration=p50_duration,
        p95_duration=p95_duration,
    )
    return NamedFigures(name, part, figures)


def drift_between(before: UnitFigures | None, now: UnitFigures) -> Drift:
    """Compare two periods.

    It drifts where the middle run costs more than a tenth more or less than before, and there are at least 30
    runs on each side.
    """
    if before is None:
        return Drift(None, None, is_drifting=False)
    enough = min(before.runs, now.runs) >= FEWEST_RUNS_OF_A_DRIFT
    moved = abs(now.p50.micros - before.p50.micros) * _DRIFT_IS_MORE_THAN_ONE_IN
    return Drift(
        p50=_change(before.p50, now.p50),
        p95=_change(before.p95, now.p95),
        is_drifting=enough and moved > before.p50.micros,
    )


def _change(before: Credits, now: Credits) -> int | None:
    if not before:
        return None
    scaled = abs(now.micros - before.micros) * _TENTHS_OF_A_PERCENT
    tenths = (2 * scaled + before.micros) // (2 * before.micros)
    return tenths if now.micros >= before.micros else -tenths
