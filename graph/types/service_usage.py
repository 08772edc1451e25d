"""Service usages: what was metered, and what it cost."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from graph.context import Info
from graph.execution.many import of_many
from graph.loaders.forms import MICROS, PRESENCE, id_of
from graph.loaders.nest_rows import RateRow
from graph.permissions import read_field
from graph.scalars import LONGEST_FRACTION, DecimalText, exact_text
from graph.types.computed import column, computed, showing
from graph.types.explanation import UsageExplanation, explanation_of
from graph.types.nesting import nesting
from graph.types.node import ID, Node
from graph.types.rate_card import Rate
from metering.explanations import is_as_selected
from models.identity import IdKind
from models.service_usage import ServiceUsage as ServiceUsageRow
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType

if TYPE_CHECKING:
    from graph.types.workflow import Workflow


@showing
@strawberry.type(
    description="One metered use of a service: a fact, priced once, never repriced and never deleted."
)
class ServiceUsage(Node):
    """One metered use of a service."""

    id: strawberry.ID = column("id", ID, id_of(IdKind.SERVICE_USAGE))
    service_type: ServiceType = column("service_type", "The kind of service.")
    provider: str = column("provider", "The provider or model that served.")
    units_consumed: DecimalText = column("micro_units", "How many units were used.", MICROS)
    unit_type: UnitType = column("unit_type", "The unit that was metered.")
    credits_used: Credits = column("credits", "What was charged, rounded once by the rate card.")
    exact_credits: DecimalText = computed(
        lambda usage: exact_text(usage.row.exact_credits),
        f"The amount before rounding; an endless fraction is shown to {LONGEST_FRACTION} places.",
    )
    used_at: datetime = column("used_at", "When the service was used.")
    recorded_at: datetime = column("recorded_at", "When the usage was recorded.")
    late: bool = column("late", "Whether it was recorded after its workflow had ended.")
    voided: bool = column(
        "voided_at", "Whether it was voided: its credits went back, totals leave it out.", PRESENCE
    )
    voided_at: datetime | None = column("voided_at", "When it was voided.")
    void_reason: str | None = column("void_reason", "Why it was voided.")
    row: strawberry.Private[ServiceUsageRow]

    @classmethod
    def of(cls, row: ServiceUsageRow) -> Self:
        """Show a usage."""
        return cls(row=row)

    @strawberry.field(description="The rate that priced it.")
    @nesting(lambda _: RateRow())
    @of_many(lambda *given: _rates(*given))  # noqa: PLW0108 - it stands below
    async def rate(self, info: Info) -> Rate:
        """Load the rate."""
        found = await info.context.loaders.rate_with_card_by_id.load(self.row.rate_id)
        assert found is not None  # noqa: S101 - a foreign key says so
        return Rate.of(*found)

    @strawberry.field(
        description=(
            "Whether its provider is one that was selected for the run; null where none had been selected "
            "for its service type by the time the usage was recorded."
        )
    )
    async def as_selected(self, info: Info) -> bool | None:
        """Look into the newest selection of the run that decides the service type."""
        kept = await info.context.loaders.selection_by_usage.load((self.row.account_id, self.row.id))
        return is_as_selected(self.row, kept)

    @read_field("Why it cost what it did, who paid for it, and why this provider served.")
    async def explanation(self, info: Info) -> UsageExplanation:
        """Explain it from what was stored then."""
        return await explanation_of(info, self.row)

    @strawberry.field(description="The workflow that it belongs to.")
    async def workflow(self, info: Info) -> Annotated["Workflow", strawberry.lazy("graph.types.workflow")]:
        """Load the workflow."""
        from graph.types.workflow import Workflow  # noqa: PLC0415 - the two types name each other

        row = await info.context.loaders.workflow_by_id.load((self.row.account_id, self.row.workflow_id))
        assert row is not None  # noqa: S101 - a foreign key says so
        return Workflow.of(row)


async def _rates(usages: Sequence[ServiceUsage], info: Info) -> list[Rate | None]:
    found = await info.context.loaders.rate_with_card_by_id.load_named([each.row.rate_id for each in usages])
    return [None if rate is None else Rate.of(*rate) for rate in found]
