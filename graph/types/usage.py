"""Where credits went: figures of an account, an agent, an API key or one workflow."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from graph.context import Info
from graph.inputs import bad_input, period
from graph.loaders.usage import Figures, UsageKey
from graph.permissions import operator_field
from graph.scalars import DecimalText, Long
from graph.types.margin import Margin
from graph.types.run_filter import UsageFilter
from metering.analytics import Level, RunsLike, Scope
from pricing.credits import Credits
from pricing.decimal_text import MICROS, text_from_micros
from pricing.units import ServiceType, UnitType

MOST_ROWS = 100

TopRows = Annotated[int, strawberry.argument(description=f"How many rows, 1 to {MOST_ROWS}.")]
From = Annotated[
    datetime | None,
    strawberry.argument(name="from", description="The period's first moment; null: from the start."),
]
To = Annotated[
    datetime | None,
    strawberry.argument(name="to", description="The moment after the period's last; null: until now."),
]


@strawberry.type(description="Units of one type, added up.")
class UnitTotal:
    """Units of one type, added up."""

    unit_type: UnitType = strawberry.field(description="The unit.")
    units: DecimalText = strawberry.field(description="How many.")


@strawberry.type(description="What one service of one provider was used for.")
class ServiceBreakdown:
    """What one service of one provider was used for."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    usage_count: Long = strawberry.field(description="How many usages.")
    units: list[UnitTotal] = strawberry.field(description="The units used, each unit type by itself.")
    total_credits: Credits = strawberry.field(description="The credits charged.")
    key: strawberry.Private[UsageKey]

    @operator_field("What these usages sold for, what they cost and what is left.")
    async def margin(self, info: Info) -> Margin | None:
        """Set revenue against cost, for this service only."""
        used = await info.context.loaders.units_used_by_owner.load(self.key)
        own = [
            units
            for units in used
            if (units.service_type, units.provider) == (self.service_type, self.provider)
        ]
        return Margin.of(own, info.context)


@strawberry.type(description="What runs of one name used.")
class WorkflowBreakdown:
    """What runs of one name used."""

    workflow_name: str = strawberry.field(description="The name of the runs.")
    count: Long = strawberry.field(description="How many runs started in the period.")
    total_credits: Credits = strawberry.field(description="The credits that usages in the period cost.")
    average_duration_seconds: DecimalText | None = strawberry.field(
        description="How long those runs took on average, to the microsecond; null while none has ended."
    )


@strawberry.type(description="What the runs for one user used.")
class UserBreakdown:
    """What the runs for one user used."""

    user_id: str | None = strawberry.field(description="The user; null for runs that name none.")
    usage_count: Long = strawberry.field(description="How many usages.")
    total_credits: Credits = strawberry.field(description="The credits charged.")


@strawberry.type(description="What runs of one name cost.")
class WorkflowCredits:
    """What runs of one name cost."""

    workflow_name: str = strawberry.field(description="The name of the runs.")
    total_credits: Credits = strawberry.field(description="The credits charged.")


@strawberry.type(description="What one service cost.")
class ServiceCredits:
    """What one service cost."""

    service: str = strawberry.field(description="Service type and provider in one word, e.g. `phone_twilio`.")
    total_credits: Credits = strawberry.field(description="The credits charged.")


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
            _workflow_breakdown(name, runs_of.get(name, [0, 0, 0]), credits_of.get(name, 0))
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
        rows = await info.context.loaders.users_by_owner.load(self.key)
        ordered = sorted(rows, key=lambda row: (-row[2], row[0] or ""))
        return [
            UserBreakdown(user_id=user, usage_count=Long(count), total_credits=Credits(micros))
            for user, count, micros in ordered[: _at_most(first)]
        ]

    @strawberry.field(description="What runs of each name cost, dearest first.")
    async def workflows_used(self, info: Info) -> list[WorkflowCredits]:
        """Add up by name of the runs."""
        rows = await info.context.loaders.workflow_names_by_owner.load(self.key)
        ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
        return [
            WorkflowCredits(workflow_name=name, total_credits=Credits(micros)) for name, micros in ordered
        ]

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
            for row in breakdown_of_services(self.key, rows)[: _at_most(first)]
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


def breakdown_of_services(key: UsageKey, rows: Figures) -> list[ServiceBreakdown]:
    """Fold rows of one unit type each into one row a service, dearest first."""
    services: dict[tuple[ServiceType, str], ServiceBreakdown] = {}
    for service_type, provider, unit_type, count, units, millionths, micros in sorted(rows):
        row = services.setdefault(
            (service_type, provider),
            ServiceBreakdown(
                service_type=service_type,
                provider=provider,
                usage_count=Long(0),
                units=[],
                total_credits=Credits.ZERO,
                key=key,
            ),
        )
        row.usage_count = Long(row.usage_count + count)
        row.units.append(_unit_total(unit_type, units * MICROS + millionths))
        row.total_credits += Credits(micros)
    return sorted(
        services.values(), key=lambda row: (-row.total_credits.micros, row.service_type, row.provider)
    )


def _unit_total(unit_type: UnitType, micro_units: int) -> UnitTotal:
    return UnitTotal(unit_type=unit_type, units=DecimalText(text_from_micros(micro_units)))


def _workflow_breakdown(name: str, runs: list[Any], micros: int) -> WorkflowBreakdown:
    count, ended, microseconds = runs
    average = microseconds // ended if ended else None
    return WorkflowBreakdown(
        workflow_name=name,
        count=Long(count),
        total_credits=Credits(micros),
        average_duration_seconds=None if average is None else DecimalText(text_from_micros(average)),
    )


def _at_most(first: int) -> int:
    if not 1 <= first <= MOST_ROWS:
        raise bad_input("first", f"1 to {MOST_ROWS} is possible, not {first}.")
    return first
