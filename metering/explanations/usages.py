"""The whole explanation of a usage: its price worked out again, who paid, and why this provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from metering.explanations.choices import ProviderChoice, choice_of
from metering.explanations.payments import (
    Payment,
    Refund,
    paid_in_words,
    payments_of,
    refunded_in_words,
    refunds_of,
)
from metering.explanations.rates import RateFacts
from metering.selections.keeping import KeptSelection
from models.ledger import Grant, LedgerTransfer
from models.service_usage import ServiceUsage
from pricing.explanation import (
    PriceExplanation,
    credits_in_words,
    explained_price,
    number_in_words,
    price_in_words,
)
from pricing.units import Quantity


@dataclass(frozen=True, slots=True)
class UsageExplanation:
    """Why a usage cost what it did. `text` tells all of it in sentences.

    `price` is worked out again from the rate that is stored; `reproduced` says that it gives the stored
    figures, which count whatever comes out.
    """

    usage: ServiceUsage
    facts: RateFacts
    price: PriceExplanation
    reproduced: bool
    payments: tuple[Payment, ...]
    refunds: tuple[Refund, ...]
    choice: ProviderChoice
    text: str


def explained_usage(
    usage: ServiceUsage,
    facts: RateFacts,
    transfers: Sequence[LedgerTransfer],
    grants: Mapping[UUID, Grant],
    kept: KeptSelection | None,
) -> UsageExplanation:
    """Explain a usage from what is stored; `transfers` are its own, in their order.

    Today's prices, agents and adapters have no part in it: asked again in a year, it says the same.
    """
    price = explained_price(
        facts.rate,
        usage.service_type,
        usage.provider,
        Quantity(usage.micro_units, usage.unit_type),
        rounding=facts.rounds.rounding,
        precision=facts.rounds.precision,
    )
    reproduced = (price.exact, price.credits) == (usage.exact_credits, usage.credits)
    payments, refunds = payments_of(transfers), refunds_of(transfers)
    choice = choice_of(usage, kept)
    sentences = [
        price_in_words(price, facts.in_words),
        None if reproduced else _differing(usage),
        paid_in_words(payments, grants),
        choice.sentence,
        refunded_in_words(usage, refunds, grants),
    ]
    text = " ".join(sentence for sentence in sentences if sentence is not None)
    return UsageExplanation(usage, facts, price, reproduced, payments, refunds, choice, text)


def _differing(usage: ServiceUsage) -> str:
    exact = number_in_words(usage.exact_credits)
    return (
        f"The record says {credits_in_words(usage.credits)}, exactly {exact}, which the rate does not "
        "reproduce; the record counts."
    )
