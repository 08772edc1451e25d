"""Analytics: where credits went, added up from rollups and usages, exactly and to the last usage."""

from metering.analytics.breakdowns import (
    Dimension,
    by_service,
    by_service_and_period,
    by_workflow_name,
    ranked,
    runs_by_workflow_name,
    series,
    services,
    services_of_run,
    totals,
)
from metering.analytics.calendar import (
    MOST_POINTS,
    Granularity,
    Point,
    SeriesTooLong,
    edges_of,
    points,
    stretches_for,
)
from metering.analytics.parts import Grains
from metering.analytics.scopes import Level, Owner, Period, RunsLike, Scope

__all__ = [
    "MOST_POINTS",
    "Dimension",
    "Grains",
    "Granularity",
    "Level",
    "Owner",
    "Period",
    "Point",
    "RunsLike",
    "Scope",
    "SeriesTooLong",
    "by_service",
    "by_service_and_period",
    "by_workflow_name",
    "edges_of",
    "points",
    "ranked",
    "runs_by_workflow_name",
    "series",
    "services",
    "services_of_run",
    "stretches_for",
    "totals",
]
