"""A draft before it is published: what is wrong with it, what changes, and what the past would have cost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from metering.errors import AccountNotFound, InvalidRateCard, NoRateCardInForce, RateCardTooEarly
from metering.prices import PriceBook, price_book
from metering.rate_cards.dates import require_date
from metering.rate_cards.past_cost import Ask, CardsOfAccounts, PastCost, past_cost
from metering.rate_cards.publishing import card_of_draft, require_new_version
from models.account import Account
from pricing.rate_card import NoRateCard, RateCard
from pricing.rate_card_diff import RateCardDiff, diff
from pricing.rate_card_draft import RateCardDraft

PREVIEWED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a draft cannot be published as it is; `field` leads to what is wrong."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing a draft would mean.

    `effective_from` is its date, or the earliest possible where it has none. `diff` compares all prices,
    everybody's and an account's own together, with those in force at that date; None where none are.
    """

    effective_from: datetime
    problems: tuple[Problem, ...]
    diff: RateCardDiff | None
    cost: PastCost


async def preview_rate_card(
    ask: Ask, *, draft: RateCardDraft, account_id: UUID | None, now: datetime
) -> Preview:
    """Try a draft on the last 30 days; every question must be asked of the same snapshot.

    Raises AccountNotFound.
    """
    trial = await ask(partial(_trial, draft=draft, account_id=account_id, now=now))
    cost = await past_cost(ask, trial.cards, start=now - PREVIEWED, end=now)
    return Preview(trial.effective_from, trial.problems, trial.diff, cost)


@dataclass(frozen=True, slots=True)
class _Trial:
    effective_from: datetime
    problems: tuple[Problem, ...]
    diff: RateCardDiff | None
    cards: CardsOfAccounts


def _trial(session: Session, *, draft: RateCardDraft, account_id: UUID | None, now: datetime) -> _Trial:
    if account_id is not None and session.get(Account, account_id) is None:
        raise AccountNotFound
    book = price_book(session)
    card = card_of_draft(session, draft, account_id=account_id, now=now)
    at = max(now, card.effective_from)
    cards = _everybodys(book, card, at) if account_id is None else _own(book, card, account_id, at)
    before = _in_force(book, account_id, at)
    after = card if account_id is None else cards.of(account_id)
    return _Trial(
        card.effective_from,
        tuple(_problems(session, card, account_id)),
        None if before is None else diff(before, after),
        cards,
    )


def _problems(session: Session, card: RateCard, account_id: UUID | None) -> list[Problem]:
    problems = []
    try:
        require_new_version(session, card.version)
    except InvalidRateCard as error:
        problems.append(Problem(error.field, error.fix))
    try:
        require_date(session, card.effective_from, account_id=account_id)
    except RateCardTooEarly as error:
        problems.append(Problem("effectiveFrom", error.message))
    return problems


def _everybodys(book: PriceBook, card: RateCard, at: datetime) -> CardsOfAccounts:
    others = {}
    for account_id, own in book.overrides.items():
        try:
            others[account_id] = card.overridden_by(own.in_force(at))
        except NoRateCard:
            continue
    return CardsOfAccounts(card, others)


def _own(book: PriceBook, card: RateCard, account_id: UUID, at: datetime) -> CardsOfAccounts:
    everybodys = _in_force(book, None, at)
    whole = card if everybodys is None else everybodys.overridden_by(card)
    return CardsOfAccounts(None, {account_id: whole})


def _in_force(book: PriceBook, account_id: UUID | None, at: datetime) -> RateCard | None:
    try:
        return book.in_force(at, account_id=account_id)
    except NoRateCardInForce:
        return None
