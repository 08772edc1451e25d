"""Rate cards: global, the same for every account."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph.context import Info
from graph.types.rate_card import RateCard
from metering.rate_cards import all_cards, card_in_force


async def rate_card(
    info: Info,
    at: Annotated[datetime | None, strawberry.argument(description="The moment; null is now.")] = None,
) -> RateCard | None:
    """Find the card in force."""
    rows = await info.context.snapshot.scalars(card_in_force(at or info.context.now()))
    return RateCard.of(rows[0]) if rows else None


async def rate_cards(info: Info) -> list[RateCard]:
    """List every published version."""
    return [RateCard.of(row) for row in await info.context.snapshot.scalars(all_cards())]
