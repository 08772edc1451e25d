"""Quotes: what a plan would cost, line by line."""

from typing import Self

import strawberry

from graph.types.fitting import PricedService, WouldFit
from graph.types.selection import ServiceSelection
from metering.quoting import PlanQuote
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
        description="Whether the total is within the limit; where not, the plan is shown as it was wanted."
    )
    would_fit: WouldFit | None = strawberry.field(
        description="What would fit, where the total is over the limit."
    )
    rate_card_version: str = strawberry.field(description="The rate card that priced it.")
    catalogue_version: str | None = strawberry.field(
        description="The catalogue that says how good each provider is; null where nothing is selected."
    )
    selection: ServiceSelection | None = strawberry.field(
        description="Why these providers; null where no configuration chooses, since the request names each."
    )

    @classmethod
    def of(cls, quote: PlanQuote) -> Self:
        """Show a quote."""
        selection, over = quote.selection, quote.over_limit
        return cls(
            total_credits=quote.total,
            lines=[PricedService.of(line) for line in quote.lines],
            requested_credits=selection.requested_total if selection else quote.total,
            saved_credits=selection.saved if selection else Credits.ZERO,
            limit=selection.limit if selection else None,
            within_limits=over is None,
            would_fit=None if over is None else WouldFit.of(over),
            rate_card_version=quote.card_version,
            catalogue_version=selection.catalogue_version if selection else None,
            selection=None if selection is None else ServiceSelection.of(selection, over),
        )
