"""Where credits went: figures of an account, an agent, an API key or one workflow."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from graph.context import Info
from graph.inputs import period
from graph.loaders.usage import RankingKey, UsageKey
from graph.permissions import operator_field
from graph.scalars import Long
from graph.types.margin import Margin
from graph.types.run_filter import UsageFilter
from graph.types.usage_ranking import TopRows, UsageRanking, ranking_of, rows_at_most
from graph.types.usage_rows import (
    ServiceBreakdown,
    ServiceCredits,
    UserBreakdown,
    WorkflowBreakdown,
    WorkflowCredits,
    breakdown_of_runs,
    breakdown_of_services,
)
from graph.types.usage_series import SERIES, InPointsOf, InZone, TimePoint, series_of
from metering.analytics import Dimension, Level, RunsLike, Scope
from pricing.credits import Credits

From = Annotated[
    datetime | None,
    strawberry.argument(name="from", description="The period's first moment; null: from the start."),
]
To = Annotated[
    datetime | None,
    strawberry.argument(name="to", description="The moment after the period's last; null: until now."),
]
OfRuns = Annotated[
    UsageFilter | None,
    strawberry.argument(name="filter", description="Count only usages of runs like these."),
]


@strawberry.type(
    description=(
        "Where credits went in a period. Credits count when they were used, runs when they started; voided "
        "usages count nowhere. All breakdowns add up to the same total."
    )
)
class UsageAnalytics:
    """Where credits went in a period."""

    key: strawberry.Private[UsageKey]

    @strawberry.field(description="All credits charged.")
    async def total_credits(self, info: Info) -> Credits:
        """Add up the credits."""
        rows = await info.context.loaders.totals_by_owner.load(self.key)
        return Credits(rows[0][1]) if rows else Credits.ZERO

    @strawberry.field(description="How many usages.")
    async def usage_count(self, info: Info) -> Long:
        """Count the usages."""
        rows = await info.context.loaders.totals_by_owner.load(self.key)
        return Long(rows[0][0] if rows else 0)

    @strawberry.field(description="By name of the runs, dearest first.")
    async def workflow_breakdown(self, info: Info) -> list[WorkflowBreakdown]:
        """Join what runs cost with how many there were."""
        loaders = info.context.loaders
        credits_of = {row[0]: row[1] for row in await loaders.workflow_names_by_owner.load(self.key)}
        runs_of = {name: figures for name, *figures in await loaders.runs_by_owner.load(self.key)}
        rows = [
            breakdown_of_runs(name, runs_of.get(name, [0, 0, 0, 0]), credits_of.get(name, 0))
            for name in credits_of.keys() | runs_of.keys()
        ]
        return sorted(rows, key=lambda row: (-row.total_credits.micros, row.workflow_name))

    @strawberry.field(description="By service and provider, dearest first.")
    async def service_breakdown(self, info: Info) -> list[ServiceBreakdown]:
        """Add up by service."""
        return breakdown_of_services(self.key, await info.context.loaders.services_by_owner.load(self.key))

    @operator_field("What usages sold for, what they cost and what is left.")
    async def margin(self, info: Info) -> Margin | None:
        """Set revenue against cost."""
        return Margin.of(await info.context.loaders.units_used_by_owner.load(self.key), info.context)

    @strawberry.field(description="By user, dearest first.")
    async def user_breakdown(
        self,
        info: Info,
        first: TopRows = 20,
    ) -> list[UserBreakdown]:
        """Add up by user."""
        ranking = RankingKey(self.key.scope, self.key.owner, Dimension.USER, rows_at_most(first))
        return [
            UserBreakdown(user_id=user, usage_count=Long(count), total_credits=Credits(micros))
            for _, user, count, micros in await info.context.loaders.ranking_by_owner.load(ranking)
        ]

    @strawberry.field(description="What runs of each name cost, dearest first.")
    async def workflows_used(self, info: Info) -> list[WorkflowCredits]:
        """Add up by name of the runs."""
        rows = await info.context.loaders.workflow_names_by_owner.load(self.key)
        ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
        return [
            WorkflowCredits(workflow_name=name, total_credits=Credits(micros)) for name, micros in ordered
        ]

    @strawberry.field(description=SERIES)
    async def time_series(
        self, info: Info, granularity: InPointsOf, time_zone: InZone = "UTC"
    ) -> list[TimePoint]:
        """Add up by stretches of time."""
        return await series_of(info, self.key, granularity, time_zone)

    @strawberry.field(description="The dearest of one dimension, and all the others in one row.")
    async def ranking(
        self,
        info: Info,
        by: Annotated[Dimension, strawberry.argument(description="What credits are grouped by.")],
        first: TopRows = 5,
    ) -> UsageRanking:
        """Add up by a dimension and keep the dearest."""
        return await ranking_of(info, self.key, by, first)

    @strawberry.field(
        description="The same figures of the period of the same length right before; null for an open period."
    )
    def previous_period(self) -> Self | None:
        """Look one period back."""
        before = self.key.scope.period.before()
        if before is None:
            return None
        return type(self)(key=UsageKey(replace(self.key.scope, period=before), self.key.owner))

    @strawberry.field(description="The services that cost most.")
    async def top_consuming_services(
        self,
        info: Info,
        first: TopRows = 5,
    ) -> list[ServiceCredits]:
        """Add up by service and keep the dearest."""
        rows = await info.context.loaders.services_by_owner.load(self.key)
        return [
            ServiceCredits(
                service=f"{row.service_type.value.lower()}_{row.provider}", total_credits=row.total_credits
            )
            for row in breakdown_of_services(self.key, rows)[: rows_at_most(first)]
        ]


def usage_of(
    level: Level,
    owner: tuple[UUID, UUID],
    start: datetime | None,
    end: datetime | None,
    narrowed: UsageFilter | None = None,
) -> UsageAnalytics:
    """Give the figures of an owner in a period; BAD_USER_INPUT where the period ends before it begins."""
    runs = narrowed.runs() if narrowed else RunsLike()
    return UsageAnalytics(key=UsageKey(Scope(level, period(start, end), runs), owner))
