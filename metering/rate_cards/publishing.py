"""Publishing: another version of the prices, in force from its date on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import InvalidRateCard, NoRateCardInForce, Refusal
from metering.prices import price_book
from metering.rate_cards.dates import earliest_date, keep_usages_out, require_date
from models.audit_entry import AuditAct
from models.identity import IdKind, new_id
from models.lane import MOST_ITEMS_IN_A_TRANSACTION
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from pricing.credits import Credits, RoundingMode
from pricing.rate_card import Rate, RateCard
from pricing.rate_card_draft import RateCardDraft
from pricing.rate_card_file import built_in_rate_card


@dataclass(frozen=True, slots=True)
class PublishRateCard:
    """A draft to be published: everybody's, or the account's own rates."""

    draft: RateCardDraft
    account_id: UUID | None = None

    @property
    def weight(self) -> int:
        """As much as a transaction takes, so that it has no neighbour whose locks are in its way."""
        return MOST_ITEMS_IN_A_TRANSACTION


def publish_rate_cards(
    session: Session, items: Sequence[PublishRateCard], *, now: datetime
) -> list[PublishedRateCard | Exception]:
    """Publish drafts; one without a date is in force as soon as it may be.

    Refusals: AccountNotFound, InvalidRateCard where the version exists already, RateCardTooEarly.
    """
    answers: list[PublishedRateCard | Exception] = []
    for position, item in enumerate(items):
        try:
            answers.append(_published(session, item, now, position))
        except Refusal as refusal:
            answers.append(refusal)
    return answers


def publish_rate_card(
    session: Session,
    *,
    card: RateCard,
    now: datetime,
    account_id: UUID | None = None,
    position: int = 0,
) -> PublishedRateCard:
    """Publish a version of the prices; usages from its date on are priced by it.

    With an account, its rates stand in place of everybody's for that account alone. `position` is that of a
    set verb's item. Raises AccountNotFound, InvalidRateCard where the version exists already, and
    RateCardTooEarly.
    """
    keep_usages_out(session, account_id)
    require_new_version(session, card.version)
    require_date(session, card.effective_from, account_id=account_id)
    newest = session.scalar(select(func.max(PublishedRateCard.publishing_order))) or 0
    published = PublishedRateCard(
        id=new_id(),
        account_id=account_id,
        publishing_order=newest + 1,
        version=card.version,
        effective_from=card.effective_from,
        rounding=card.rounding,
        precision=card.precision,
        published_at=now,
    )
    session.add(published)
    session.flush()
    for rate in card.rates:
        _add_rate(session, published.id, rate)
    log_act(
        session,
        AuditAct.PUBLISH_RATE_CARD,
        account_id=account_id,
        subject=(IdKind.RATE_CARD, published.id),
        details={"version": card.version, "effectiveFrom": card.effective_from.isoformat()},
        now=now,
        position=position,
    )
    return published


def publish_first_rate_card(session: Session, *, card: RateCard, now: datetime) -> bool:
    """Publish a card where nothing is published yet, and say whether that was so."""
    keep_usages_out(session, None)
    if session.scalar(select(PublishedRateCard.id).limit(1)) is not None:
        return False
    publish_rate_card(session, card=card, now=now)
    return True


def publish_built_in_rate_card(session: Session, *, now: datetime) -> None:
    """Publish the built-in prices as the first version, where nothing is published yet."""
    publish_first_rate_card(session, card=built_in_rate_card(), now=now)


def require_new_version(session: Session, version: str) -> None:
    """Raise InvalidRateCard where the version exists, whoever's it is."""
    if session.scalar(select(PublishedRateCard.id).where(PublishedRateCard.version == version)):
        raise InvalidRateCard("version", f"{version!r} is published already; a version never changes.")


def card_of_draft(
    session: Session, draft: RateCardDraft, *, account_id: UUID | None, now: datetime
) -> RateCard:
    """Date a draft, and have an account's own rates rounded as everybody's card says at that date."""
    effective_from = draft.effective_from or earliest_date(session, account_id=account_id, now=now)
    rounding, precision = RoundingMode.UP, 0
    try:
        everybodys = price_book(session).in_force(effective_from, account_id=None)
        rounding, precision = everybodys.rounding, everybodys.precision
    except NoRateCardInForce:
        pass  # and so nothing is rounded yet
    return draft.dated(effective_from, rounding=rounding, precision=precision)


def _published(session: Session, item: PublishRateCard, now: datetime, position: int) -> PublishedRateCard:
    keep_usages_out(session, item.account_id)
    card = card_of_draft(session, item.draft, account_id=item.account_id, now=now)
    return publish_rate_card(session, card=card, now=now, account_id=item.account_id, position=position)


def _add_rate(session: Session, card_id: UUID, rate: Rate) -> None:
    rate_id = new_id()
    session.execute(
        insert(PublishedRate).values(
            id=rate_id,
            rate_card_id=card_id,
            service_type=rate.service_type,
            provider=rate.provider,
            unit_type=rate.unit_type,
            price=Credits(rate.price_micros),
            per=rate.per,
            minimum=Credits(rate.minimum_micros),
            increment_micro_units=rate.increment_micro_units,
            free=rate.free,
        )
    )
    for position, tier in enumerate(rate.tiers):
        session.execute(
            insert(PublishedTier).values(
                rate_id=rate_id,
                position=position,
                up_to_micro_units=tier.up_to_micro_units,
                price=Credits(tier.price_micros),
            )
        )
