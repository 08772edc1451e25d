"""The prices that a usage was charged by: its rate, the card on which it stands, and the card that rounds."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.rate_card import PublishedRateCard
from models.service_usage import ServiceUsage
from pricing.rate import Rate
from pricing.rate_card import MADE_UP_OF


@dataclass(frozen=True, slots=True)
class RateFacts:
    """A rate with its card; `rounds` is everybody's card, another where the rate is the account's own."""

    rate: Rate
    card: PublishedRateCard
    rounds: PublishedRateCard

    @property
    def overridden(self) -> bool:
        """Whether the rate is the account's own, in place of everybody's."""
        return self.card.account_id is not None

    @property
    def version(self) -> str:
        """The version that priced, of two cards where the rate is the account's own."""
        if not self.overridden:
            return self.card.version
        return f"{self.rounds.version}{MADE_UP_OF}{self.card.version}"

    @property
    def in_words(self) -> str:
        """By which card, for a sentence."""
        since = f"in force since {self.card.effective_from.isoformat()}"
        if not self.overridden:
            return f"by rate card {self.card.version}, {since}"
        return (
            f"by the account's own rate card {self.card.version}, {since}, in place of everybody's "
            f"{self.rounds.version}, which rounds"
        )


def card_that_rounded(usage: ServiceUsage, cards: Iterable[PublishedRateCard]) -> PublishedRateCard | None:
    """Give everybody's card that was in force for a usage when it was recorded; None where there is none.

    Cards that were published later priced nothing then, whatever their date.
    """
    then = [
        card
        for card in cards
        if card.account_id is None
        and card.effective_from <= usage.used_at
        and card.published_at <= usage.recorded_at
    ]
    return max(then, key=lambda card: (card.effective_from, card.publishing_order), default=None)
