"""Store quotes: a price that is promised until a moment, for one hold to take."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metering.errors import PlanOverLimit
from metering.ledger import locked_account
from metering.plans import InvalidPlan, Plan
from metering.prices import PriceBook, price_book
from metering.quotes.limits import LimitedQuote, Obstacle, PlannedRun, quote_within_limits
from metering.quotes.quoting import PlanQuote
from metering.selections.record import written
from models.base import table_of
from models.identity import new_id
from models.quote import QuoteLine, StoredQuote
from pricing.quote import PricedUsage
from pricing.rate_card import RateCard

DEFAULT_EXPIRY = timedelta(hours=1)


class QuoteStatus(StrEnum):
    """Where a quote is at a moment."""

    OPEN = "OPEN"
    EXPIRED = "EXPIRED"
    TAKEN = "TAKEN"


@dataclass(frozen=True, slots=True)
class CreateQuote:
    """A plan whose price is to be kept, and the run that it is for."""

    account_id: UUID
    plan: Plan
    run: PlannedRun
    expires_in: timedelta = DEFAULT_EXPIRY


@dataclass(frozen=True, slots=True)
class QuoteCreation:
    """A stored quote, and what would refuse a hold of it now: a price is promised, not the credits for it."""

    quote: StoredQuote
    obstacles: tuple[Obstacle, ...]


def create_quote(session: Session, *, item: CreateQuote, now: datetime) -> QuoteCreation:
    """Quote a plan and keep the price, with the reasons of the choice where there was one.

    Raises AccountNotFound, AgentNotFound, PlanOverLimit, and InvalidPlan for what cannot be priced or served.
    """
    account = locked_account(session, item.account_id)
    limited = _limited(session, item, now)
    if limited.quote.over_limit is not None:
        raise PlanOverLimit(limited.quote.over_limit)
    prices = price_book(session)
    card = prices.by_version(limited.quote.card_version)
    quote = _quote(account.id, item, limited.quote, now=now)
    ids = prices.ids_of(card)
    quote.rate_card_id, quote.override_card_id = ids.card_id, ids.override_id
    session.add(quote)
    session.flush()
    lines = enumerate(limited.quote.lines)
    session.execute(_INSERT_LINES, [_line(quote, number, each, card, prices) for number, each in lines])
    return QuoteCreation(quote, limited.obstacles)


def status_of(quote: StoredQuote, now: datetime) -> QuoteStatus:
    """Say where a quote is: one that was taken in time stays taken."""
    if quote.hold_id is not None:
        return QuoteStatus.TAKEN
    return QuoteStatus.EXPIRED if quote.expires_at <= now else QuoteStatus.OPEN


def _limited(session: Session, item: CreateQuote, now: datetime) -> LimitedQuote:
    try:
        return quote_within_limits(session, plan=item.plan, run=item.run, now=now)
    except InvalidPlan as error:
        raise error.under("plan.") from error


def _quote(account_id: UUID, item: CreateQuote, priced: PlanQuote, *, now: datetime) -> StoredQuote:
    agent = priced.agent
    return StoredQuote(
        account_id=account_id,
        id=new_id(),
        workflow_name=item.run.workflow_name,
        agent_id=agent.id if agent else None,
        agent_version=agent.version if agent else None,
        preset=agent.preset if agent else item.plan.preset,
        total_credits=priced.total,
        selection=None if priced.selection is None else written(priced.selection),
        created_at=now,
        expires_at=now + item.expires_in,
        hold_id=None,
        workflow_id=None,
        taken_at=None,
    )


def _line(
    quote: StoredQuote, number: int, priced: PricedUsage, card: RateCard, prices: PriceBook
) -> dict[str, object]:
    return {
        "account_id": quote.account_id,
        "quote_id": quote.id,
        "line": number,
        "service_type": priced.service_type,
        "provider": priced.provider,
        "unit_type": priced.quantity.unit_type,
        "micro_units": priced.quantity.micro_units,
        "rate_id": prices.rate_id_of(card, priced.rate),
        "credits": priced.credits,
    }


_INSERT_LINES = insert(table_of(QuoteLine))
