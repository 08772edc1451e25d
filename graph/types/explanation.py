"""Why a usage cost what it did, who paid for it, and why this provider served."""

import asyncio
from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from graph.context import Info
from graph.permissions import read_field
from graph.types.grant import Grant, grant_of
from graph.types.hold import Hold, hold_of
from graph.types.price_explanation import PriceExplanation
from graph.types.selection import SelectionDecision
from metering.explanations import Payment, PaymentSource, RateFacts, Refund, explained_usage
from metering.explanations import ProviderChoice as Choice
from metering.prices import rate_of
from models.ledger import Book
from models.rate_card import PublishedRate
from models.service_usage import ServiceUsage
from pricing.credits import Credits
from pricing.rate import Tier


@strawberry.type(description="Credits that paid for a usage, from one source.")
class UsagePayment:
    """Credits that paid for a usage."""

    source: PaymentSource = strawberry.field(description="What paid.")
    credits: Credits = strawberry.field(description="How many credits.")
    at: datetime = strawberry.field(description="When they were paid.")
    account_id: strawberry.Private[UUID]
    payment: strawberry.Private[Payment]

    @classmethod
    def of(cls, account_id: UUID, payment: Payment) -> Self:
        """Show a payment."""
        return cls(
            source=payment.source,
            credits=payment.credits,
            at=payment.at,
            account_id=account_id,
            payment=payment,
        )

    @read_field("The hold that kept them; null where none did.")
    async def hold(self, info: Info) -> Hold | None:
        """Load the hold."""
        if self.payment.hold_id is None:
            return None
        row = await info.context.loaders.hold_by_id.load((self.account_id, self.payment.hold_id))
        return None if row is None else await hold_of(info, row)

    @read_field("The grant that they came from; null for the credit line, and for what is owed.")
    async def grant(self, info: Info) -> Grant | None:
        """Load the grant."""
        return await _grant(info, self.account_id, self.payment.grant_id)


@strawberry.type(description="Credits of a voided usage that went back.")
class UsageRefund:
    """Credits of a voided usage that went back."""

    book: Book = strawberry.field(description="The book that they went back to.")
    credits: Credits = strawberry.field(description="How many credits.")
    at: datetime = strawberry.field(description="When they went back.")
    account_id: strawberry.Private[UUID]
    grant_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, account_id: UUID, refund: Refund) -> Self:
        """Show a refund."""
        return cls(
            book=refund.book,
            credits=refund.credits,
            at=refund.at,
            account_id=account_id,
            grant_id=refund.grant_id,
        )

    @read_field("The grant that had paid; null where none had.")
    async def grant(self, info: Info) -> Grant | None:
        """Load the grant."""
        return await _grant(info, self.account_id, self.grant_id)


@strawberry.type(description="Why this provider served.")
class ProviderChoice:
    """Why this provider served."""

    selected_provider: str | None = strawberry.field(
        description="The provider that was selected; null where none was for this service type by then."
    )
    as_selected: bool | None = strawberry.field(
        description="Whether the provider that served was selected; null where none was."
    )
    decision: SelectionDecision | None = strawberry.field(
        description="How the selection came about, as it was then."
    )
    sentence: str = strawberry.field(description="All this in words.")

    @classmethod
    def of(cls, choice: Choice) -> Self:
        """Show a choice."""
        decision = choice.decision
        return cls(
            selected_provider=None if decision is None else decision.provider,
            as_selected=choice.as_selected,
            decision=None if decision is None else SelectionDecision.of(decision),
            sentence=choice.sentence,
        )


@strawberry.type(
    description=(
        "Why a usage cost what it did, who paid for it, and why this provider served: from what was stored "
        "then, whatever prices, agents and adapters have become."
    )
)
class UsageExplanation:
    """The whole explanation of a usage."""

    price: PriceExplanation = strawberry.field(description="The price, step by step.")
    payments: list[UsagePayment] = strawberry.field(
        description="Who paid, in order; they add up to the credits used."
    )
    refunds: list[UsageRefund] = strawberry.field(description="What went back when the usage was voided.")
    choice: ProviderChoice = strawberry.field(description="Why this provider served.")
    text: str = strawberry.field(description="All of it in sentences, with every figure.")


async def explanation_of(info: Info, usage: ServiceUsage) -> UsageExplanation:
    """Load what explains a usage, and explain it."""
    loaders = info.context.loaders
    key = (usage.account_id, usage.id)
    rate, facts = await _facts(info, usage)
    transfers = await loaders.transfers_by_usage.load(key)
    payers = {it.grant_id for it in transfers if it.grant_id is not None}
    grants = await asyncio.gather(*(loaders.grant_by_id.load((usage.account_id, it)) for it in payers))
    kept = await loaders.selection_by_usage.load(key)
    named = {grant.id: grant for grant in grants if grant is not None}
    explanation = explained_usage(usage, facts, transfers, named, kept)
    return UsageExplanation(
        price=PriceExplanation.of(explanation, rate),
        payments=[UsagePayment.of(usage.account_id, it) for it in explanation.payments],
        refunds=[UsageRefund.of(usage.account_id, it) for it in explanation.refunds],
        choice=ProviderChoice.of(explanation.choice),
        text=explanation.text,
    )


async def _facts(info: Info, usage: ServiceUsage) -> tuple[PublishedRate, RateFacts]:
    loaders = info.context.loaders
    found = await loaders.rate_with_card_by_id.load(usage.rate_id)
    assert found is not None  # noqa: S101 - a foreign key says so
    rate, card = found
    tiers = [
        Tier(tier.up_to_micro_units, tier.price.micros)
        for tier in await loaders.tiers_by_rate.load(usage.rate_id)
    ]
    rounds = None if card.account_id is None else await loaders.rounding_card_by_usage.load(usage)
    return rate, RateFacts(rate_of(rate, tuple(tiers)), card, rounds or card)


async def _grant(info: Info, account_id: UUID, grant_id: UUID | None) -> Grant | None:
    if grant_id is None:
        return None
    row = await info.context.loaders.grant_by_id.load((account_id, grant_id))
    return None if row is None else await grant_of(info, row)
