"""Quotes: what a plan would cost, line by line."""

from typing import Self

import strawberry

from graph.context import Info
from graph.permissions import read_field
from graph.types.cost_history import CostHistory, history_of
from graph.types.fitting import PricedService, WouldFit
from graph.types.quote_obstacle import QuoteObstacle
from graph.types.selection import ServiceSelection
from metering.quotes import LimitedQuote
from metering.quotes.history import PastRuns
from pricing.credits import Credits


@strawberry.type(description="What a planned workflow would cost by the rate card in force, line by line.")
class Quote:
    """What a planned workflow would cost."""

    total_credits: Credits = strawberry.field(description="The sum of the rounded lines.")
    lines: list[PricedService] = strawberry.field(
        description="Each service with the provider that would serve it, in the order of the request."
    )
    requested_credits: Credits | None = strawberry.field(
        description="What the request costs as made; null where the rate card does not price all of it."
    )
    saved_credits: Credits | None = strawberry.field(
        description="What the selection saves against the request, negative where it costs more."
    )
    limit: Credits | None = strawberry.field(
        description="The configuration's limit for one request; null is none."
    )
    within_limits: bool = strawberry.field(
        description=(
            "Whether nothing is in the way: neither the configuration's limit nor the credits nor a budget. "
            "Beyond the configuration's limit, the plan is shown as it was wanted."
        )
    )
    obstacles: list[QuoteObstacle] = strawberry.field(
        description="Each limit that leaves less than the plan needs: a hold of it would be refused."
    )
    would_fit: WouldFit | None = strawberry.field(
        description="What would fit, where the total is over the configuration's limit."
    )
    rate_card_version: str = strawberry.field(description="The rate card that priced it.")
    catalogue_version: str | None = strawberry.field(
        description="The catalogue that says how good each provider is; null where nothing is selected."
    )
    selection: ServiceSelection | None = strawberry.field(
        description="Why these providers; null where no configuration chooses, since the request names each."
    )

    past_runs: strawberry.Private[PastRuns | None]

    @classmethod
    def of(cls, limited: LimitedQuote, past_runs: PastRuns | None) -> Self:
        """Show a quote, with the runs that its history looks at."""
        quote = limited.quote
        selection, over = quote.selection, quote.over_limit
        return cls(
            total_credits=quote.total,
            lines=[PricedService.of(line) for line in quote.lines],
            requested_credits=selection.requested_total if selection else quote.total,
            saved_credits=selection.saved if selection else Credits.ZERO,
            limit=selection.limit if selection else None,
            within_limits=not limited.obstacles,
            obstacles=[QuoteObstacle.of(obstacle) for obstacle in limited.obstacles],
            would_fit=None if over is None else WouldFit.of(over),
            rate_card_version=quote.card_version,
            catalogue_version=selection.catalogue_version if selection else None,
            selection=None if selection is None else ServiceSelection.of(selection, over),
            past_runs=past_runs,
        )

    @read_field("What runs of the plan's workflow name cost in the last 90 days; null where it names none.")
    async def history(self, info: Info) -> CostHistory | None:
        """Look at what runs cost before."""
        return None if self.past_runs is None else await history_of(info, self.past_runs)
