"""Time series: minutes, hours, days and months as a place's clocks and calendar have them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from metering.analytics.parts import FINEST, Grains, grains_for
from metering.analytics.scopes import Scope
from metering.windows import window_of
from models.buckets import bucket_of
from models.budget import BudgetWindow

MOST_POINTS = 1_000

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Granularity(StrEnum):
    """How long a point of a time series lasts."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"


class SeriesTooLong(ValueError):  # noqa: N818 - named for the state
    """A time series would have more points than are possible, or lie outside of all times that there are."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a time series: from one moment up to another, with what was used meanwhile."""

    start: datetime
    end: datetime
    usage_count: int
    micros: int


def edges_of(start: datetime, end: datetime, granularity: Granularity, time_zone: str) -> list[datetime]:
    """Give the moments at which points begin, and the end, in UTC; the first and last may be cut short.

    Points are the windows of budgets: a day lasts 23 or 25 hours where clocks change.

    Raises SeriesTooLong beyond 1,000 points.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if start >= end:
        return []
    if start < _FIRST or end > _LAST:
        raise SeriesTooLong(f"a time series lies between {_FIRST.year} and {_LAST.year}.")
    edges = [start]
    for edge in _edges_after(start, granularity, time_zone):
        if edge >= end:
            return [*edges, end]
        if len(edges) == MOST_POINTS:
            raise SeriesTooLong(
                f"it has more than {MOST_POINTS:,} points: choose longer ones, or a shorter period."
            )
        edges.append(edge)
    return edges  # never reached: there is always another edge


def stretches_for(scope: Scope, edges: Sequence[datetime]) -> tuple[Grains, timedelta]:
    """Give the rollups whose stretches no edge cuts, and what usages without a rollup are told apart by."""
    inner = edges[1:-1]
    grains = tuple(
        grain for grain in grains_for(scope) if all(edge == bucket_of(edge, grain.length) for edge in inner)
    )
    is_fine = all(edge == bucket_of(edge, FINEST) for edge in inner)
    return grains, FINEST if is_fine else _MINUTE


def points(rows: Iterable[tuple[datetime, int, int]], edges: Sequence[datetime]) -> list[Point]:
    """Put rows of stretches between two edges and more; where nothing was used stands a point of nothing."""
    counts, micros = [0] * len(edges), [0] * len(edges)
    for at, count, amount in rows:
        # The first stretch may begin before the period does, and a usage be dated a little ahead of its end.
        place = min(max(bisect_right(edges, at) - 1, 0), len(edges) - 2)
        counts[place] += count
        micros[place] += amount
    return [
        Point(start, end, counts[place], micros[place]) for place, (start, end) in enumerate(pairwise(edges))
    ]


def _edges_after(start: datetime, granularity: Granularity, time_zone: str) -> Iterator[datetime]:
    edge: datetime | None = start
    while edge is not None:
        window = _WINDOWS.get(granularity)
        edge = (
            bucket_of(edge, _MINUTE) + _MINUTE if window is None else window_of(window, time_zone, edge).end
        )
        if edge is not None:
            yield edge


_WINDOWS = {
    Granularity.HOUR: BudgetWindow.HOUR,
    Granularity.DAY: BudgetWindow.DAY,
    Granularity.MONTH: BudgetWindow.MONTH,
}
