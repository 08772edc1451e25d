"""What completed runs of a name cost before."""

from datetime import datetime
from functools import partial
from typing import Self

import strawberry

from graph.context import Info
from graph.scalars import Long
from metering.quotes.history import FEWEST_RUNS, MOST_RUNS, PastRuns, Percentiles, cost_history
from metering.quotes.history import CostHistory as CostHistoryValue
from metering.quotes.history import ServiceHistory as ServiceHistoryValue
from pricing.credits import Credits
from pricing.units import ServiceType

_RANK = "Nearest rank; null where there are too few runs."


@strawberry.type(description="What one service of one provider cost the runs that used it.")
class ServiceCostHistory:
    """What one service cost the runs that used it."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    runs: Long = strawberry.field(description="How many of the runs used it.")
    enough: bool = strawberry.field(description=f"Whether these are at least {FEWEST_RUNS}.")
    p10: Credits | None = strawberry.field(description=f"A tenth of them paid so much or less. {_RANK}")
    p50: Credits | None = strawberry.field(description=f"Half of them paid so much or less. {_RANK}")
    p90: Credits | None = strawberry.field(description=f"Nine tenths of them paid so much or less. {_RANK}")

    @classmethod
    def of(cls, service: ServiceHistoryValue) -> Self:
        """Show what a service cost."""
        return cls(
            service_type=service.service_type,
            provider=service.provider,
            runs=Long(service.run_count),
            enough=service.percentiles is not None,
            **_shown(service.percentiles),
        )


@strawberry.type(
    description=(
        f"What completed runs of a name cost: the newest {MOST_RUNS:,} of a period. Voided usages do not "
        "count."
    ),
)
class CostHistory:
    """What completed runs of a name cost."""

    workflow_name: str = strawberry.field(description="The name of the runs.")
    start: datetime | None = strawberry.field(name="from", description="The period's first moment.")
    end: datetime | None = strawberry.field(
        name="to", description="The moment after the period's last; null: until now."
    )
    runs: Long = strawberry.field(description="How many runs are looked at.")
    enough: bool = strawberry.field(
        description=f"Whether these are at least {FEWEST_RUNS}: fewer say too little of the next one."
    )
    p10: Credits | None = strawberry.field(description=f"A tenth of them cost so much or less. {_RANK}")
    p50: Credits | None = strawberry.field(description=f"Half of them cost so much or less. {_RANK}")
    p90: Credits | None = strawberry.field(description=f"Nine tenths of them cost so much or less. {_RANK}")
    message: str | None = strawberry.field(
        description="How many runs there are and how many are needed; null where there are enough."
    )
    by_service: list[ServiceCostHistory] = strawberry.field(
        description="Each service of each provider by itself, that of most runs first."
    )

    @classmethod
    def of(cls, history: CostHistoryValue) -> Self:
        """Show what runs cost."""
        return cls(
            workflow_name=history.workflow_name,
            start=history.period.start,
            end=history.period.end,
            runs=Long(history.run_count),
            enough=history.percentiles is not None,
            message=history.message,
            by_service=[ServiceCostHistory.of(service) for service in history.services],
            **_shown(history.percentiles),
        )


async def history_of(info: Info, runs: PastRuns) -> CostHistory:
    """Look at what runs cost before."""
    return CostHistory.of(await info.context.snapshot.ask(partial(cost_history, runs=runs)))


def _shown(figures: Percentiles | None) -> dict[str, Credits | None]:
    if figures is None:
        return {"p10": None, "p50": None, "p90": None}
    return {"p10": figures.p10, "p50": figures.p50, "p90": figures.p90}
