"""Time series: credits by minute, hour, day or month of a place's calendar, without gaps."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph.context import Info
from graph.inputs import bad_input, time_zone
from graph.loaders.usage import SeriesKey, UsageKey
from graph.scalars import Long
from metering.analytics import MOST_POINTS, Granularity, SeriesTooLong, edges_of, points, stretches_for
from pricing.credits import Credits

InPointsOf = Annotated[Granularity, strawberry.argument(description="How long each point lasts.")]
InZone = Annotated[
    str,
    strawberry.argument(name="timeZone", description="Whose clock the points go by, e.g. `Europe/Vienna`."),
]


@strawberry.type(description="What was used in one stretch of time.")
class TimePoint:
    """What was used in one stretch of time."""

    start: datetime = strawberry.field(description="The first moment.")
    end: datetime = strawberry.field(description="The moment after the last.")
    usage_count: Long = strawberry.field(description="How many usages.")
    total_credits: Credits = strawberry.field(description="The credits charged.")


async def series_of(info: Info, key: UsageKey, granularity: Granularity, zone: str) -> list[TimePoint]:
    """Give the points of a period; BAD_USER_INPUT for one without a beginning or with too many points."""
    period, place = key.scope.period, time_zone("timeZone", zone)
    if period.start is None:
        raise bad_input("from", "a time series needs the first moment of its period.")
    try:
        edges = edges_of(period.start, period.end or info.context.now(), granularity, place)
    except SeriesTooLong as error:
        raise bad_input("granularity", str(error)) from error
    if not edges:
        return []
    grains, length = stretches_for(key.scope, edges)
    rows = await info.context.loaders.series_by_owner.load(SeriesKey(key.scope, key.owner, grains, length))
    return [
        TimePoint(
            start=point.start,
            end=point.end,
            usage_count=Long(point.usage_count),
            total_credits=Credits(point.micros),
        )
        for point in points(((at, count, micros) for at, count, micros in rows), edges)
    ]


SERIES = (
    f"By minute, hour, day or month, at most {MOST_POINTS:,} points, oldest first; where nothing was used "
    "stands a point of nothing. A day lasts 23 or 25 hours where clocks change. The first and the last point "
    "are cut to the period, which needs a `from`; without a `to` it ends now, and what is dated a little "
    "later counts in the last point."
)
