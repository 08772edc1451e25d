"""The parts of a period, laid end to end, and the rollup that tells each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from metering.analytics.scopes import Level, Period, Scope
from models.buckets import bucket_of
from models.rollup import Grain

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


def grains_for_runs(scope: Scope) -> Grains:
    """Give the rollups of runs that can answer for a scope."""
    is_told = scope.level is not Level.WORKFLOW and scope.runs.user_id is None
    return ALL_USERS if is_told else ONE_BY_ONE


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


def _whole(period: Period, length: timedelta) -> Period:
    start = period.start
    if start is not None and start != bucket_of(start, length):
        begun = bucket_of(start, length)
        start = begun + length if begun < _LAST - length else _LAST
    return Period(start, None if period.end is None else bucket_of(period.end, length))


_LAST = datetime.max.replace(tzinfo=UTC)
