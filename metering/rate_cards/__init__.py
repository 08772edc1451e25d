"""Rate cards: published with a date, compared, and tried on the past before they are published."""

from metering.rate_cards.dates import earliest_date
from metering.rate_cards.past_cost import CardsOfAccounts, PastCost, ServiceCost
from metering.rate_cards.preview import Preview, Problem, preview_rate_card
from metering.rate_cards.publishing import (
    PublishRateCard,
    publish_built_in_rate_card,
    publish_first_rate_card,
    publish_rate_card,
    publish_rate_cards,
)
from metering.rate_cards.versions import (
    UnknownVersion,
    card_named,
    card_with_id,
    cards_seen_by,
    every_card,
    joint_id,
)

__all__ = [
    "CardsOfAccounts",
    "PastCost",
    "Preview",
    "Problem",
    "PublishRateCard",
    "ServiceCost",
    "UnknownVersion",
    "card_named",
    "card_with_id",
    "cards_seen_by",
    "earliest_date",
    "every_card",
    "joint_id",
    "preview_rate_card",
    "publish_built_in_rate_card",
    "publish_first_rate_card",
    "publish_rate_card",
    "publish_rate_cards",
]
