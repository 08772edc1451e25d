"""Publish rate cards, for operators."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.mutations.results import one, result
from graph.types.rate_card import RateCard
from graph.types.rate_card_input import RateCardInput, owner_of
from graph.types.rate_card_preview import RateCardPreview, previewed, publishable_draft
from graph.types.refusals import AccountNotFound, InvalidRateCard, RateCardTooEarly
from metering import rate_cards as verbs
from models.writer import SetCommand


@strawberry.input(description="A rate card to be published, or an account's own rates.")
class PublishRateCardInput(RateCardInput):
    """A rate card to be published."""

    dry_run: bool = strawberry.field(
        default=False, description="True publishes nothing and answers what publishing would mean."
    )


@strawberry.type(description="A rate card was published, or in a dry run only tried.")
class RateCardPublished:
    """A rate card was published, or only tried."""

    rate_card: RateCard | None = strawberry.field(
        description="The card, as it was published; null in a dry run, which publishes nothing."
    )
    preview: RateCardPreview | None = strawberry.field(
        description="What publishing it would mean; null where it was published."
    )


PublishRateCardResult = Annotated[
    RateCardPublished | AccountNotFound | InvalidRateCard | RateCardTooEarly,
    result("PublishRateCardResult"),
]
PublishInput = Annotated[PublishRateCardInput, strawberry.argument(description="The card.")]


async def publish_rate_card(info: Info, input: PublishInput) -> PublishRateCardResult:
    """Publish a card, or say what that would mean."""
    if input.dry_run:
        return RateCardPublished(rate_card=None, preview=await previewed(info, input))
    item = verbs.PublishRateCard(publishable_draft(input), owner_of(input))
    answers = await info.context.write(SetCommand(None, verbs.publish_rate_cards, (item,)))
    return RateCardPublished(rate_card=RateCard.of(one(answers)), preview=None)
