"""Rate cards as operators publish them: drafts, everybody's or an account's own."""

from datetime import datetime

from metering.rate_cards import PublishRateCard, publish_rate_cards
from models.database import Database
from models.rate_card import PublishedRateCard
from models.writer import SetCommand
from pricing.credits import RoundingMode
from pricing.rate import Rate
from pricing.rate_card_draft import RateCardDraft
from tests.tenant import Tenant, given


def draft(version: str, *rates: Rate, effective_from: datetime | None = None) -> RateCardDraft:
    """Write down everybody's next card."""
    return RateCardDraft(version, effective_from, RoundingMode.UP, 0, rates)


def own(version: str, *rates: Rate, effective_from: datetime | None = None) -> RateCardDraft:
    """Write down an account's own rates."""
    return RateCardDraft(version, effective_from, None, None, rates)


async def publish_draft(
    database: Database, published: RateCardDraft, tenant: Tenant | None = None
) -> PublishedRateCard:
    """Publish a draft, for everybody or for one account, or raise the refusal."""
    item = PublishRateCard(published, None if tenant is None else tenant.account_id)
    [answer] = await database.write(SetCommand(None, publish_rate_cards, (item,)))
    row: PublishedRateCard = given(answer)
    return row
