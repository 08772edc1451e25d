"""The rows of breakdowns: what credits went to, one row each."""

from typing import Any, NamedTuple

import strawberry

from graph.context import Info
from graph.loaders.forms import CREDITS
from graph.loaders.usage import Figures, UsageKey
from graph.permissions import operator_field
from graph.scalars import DecimalText, Long
from graph.types.computed import column, read, showing
from graph.types.margin import Margin
from pricing.credits import Credits
from pricing.decimal_text import MICROS, text_from_micros
from pricing.units import ServiceType, UnitType


@strawberry.type(description="Units of one type, added up.")
class UnitTotal:
    """Units of one type, added up."""

    unit_type: UnitType = strawberry.field(description="The unit.")
    units: DecimalText = strawberry.field(description="How many.")


class ServiceSums(NamedTuple):
    """What is added up of one service of one provider."""

    service_type: ServiceType
    provider: str
    usage_count: int
    micros: int


@showing
@strawberry.type(description="What one service of one provider was used for.")
class ServiceBreakdown:
    """What one service of one provider was used for."""

    service_type: ServiceType = column("service_type", "The kind of service.")
    provider: str = column("provider", "The provider or model.")
    usage_count: Long = column("usage_count", "How many usages.")
    units: list[UnitTotal] = read(
        lambda service: _units(service.rows), "The units used, each unit type by itself."
    )
    total_credits: Credits = column("micros", "The credits charged.", CREDITS)
    key: strawberry.Private[UsageKey]
    row: strawberry.Private[ServiceSums]
    rows: strawberry.Private[Figures]

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


def breakdown_of_services(key: UsageKey, rows: Figures) -> list[ServiceBreakdown]:
    """Fold rows of one unit type each into one row a service, dearest first."""
    services: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        services.setdefault(row[:2], []).append(row)
    found = [_service(key, of_one) for of_one in services.values()]
    return sorted(found, key=lambda each: (-each.row.micros, each.row.service_type, each.row.provider))


def breakdown_of_runs(name: str, runs: list[Any], micros: int) -> WorkflowBreakdown:
    """Join what runs of a name cost with how many there were and how long they took."""
    count, ended, seconds, microseconds = runs
    average = (seconds * MICROS + microseconds) // ended if ended else None
    return WorkflowBreakdown(
        workflow_name=name,
        count=Long(count),
        total_credits=Credits(micros),
        average_duration_seconds=None if average is None else DecimalText(text_from_micros(average)),
    )


def _service(key: UsageKey, rows: list[tuple[Any, ...]]) -> ServiceBreakdown:
    service_type, provider, _, count, _, _, micros = rows[0]
    for row in rows[1:]:
        count += row[3]
        micros += row[6]
    return ServiceBreakdown(key=key, row=ServiceSums(service_type, provider, count, micros), rows=rows)


def _units(rows: Figures) -> list[UnitTotal]:
    return [
        _unit_total(unit_type, units * MICROS + millionths)
        for _, _, unit_type, _, units, millionths, _ in sorted(rows)
    ]


def _unit_total(unit_type: UnitType, micro_units: int) -> UnitTotal:
    return UnitTotal(unit_type=unit_type, units=DecimalText(text_from_micros(micro_units)))
