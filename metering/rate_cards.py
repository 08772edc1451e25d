"""Rate cards: publishing versions of the prices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from metering.errors import InvalidRateCard
from models.identity import new_id
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from pricing.credits import Credits
from pricing.rate_card import Rate, RateCard
from pricing.rate_card_file import built_in_rate_card


def publish_rate_card(
    session: Session, *, card: RateCard, now: datetime, account_id: UUID | None = None
) -> PublishedRateCard:
    """Publish a version of the prices; usages from its date on are priced by it.

    With an account, its rates stand in place of everybody's for that account alone.
    Raises InvalidRateCard where the version exists already.
    """
    _one_at_a_time(session)
    newest = session.scalar(select(func.max(PublishedRateCard.publishing_order))) or 0
    if session.scalar(select(PublishedRateCard.id).where(PublishedRateCard.version == card.version)):
        raise InvalidRateCard(f"Version {card.version!r} is published already; a version never changes.")
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
    return published


def publish_built_in_rate_card(session: Session, *, now: datetime) -> None:
    """Publish the built-in prices as the first version, where nothing is published yet."""
    _one_at_a_time(session)
    if session.scalar(select(PublishedRateCard.id).limit(1)) is None:
        publish_rate_card(session, card=built_in_rate_card(), now=now)


def card_in_force(at: datetime) -> Select[PublishedRateCard]:
    """Select everybody's version in force at a moment: the latest date; of equal dates, the later one."""
    return (
        select(PublishedRateCard)
        .where(PublishedRateCard.effective_from <= at, PublishedRateCard.account_id.is_(None))
        .order_by(PublishedRateCard.effective_from.desc(), PublishedRateCard.publishing_order.desc())
        .limit(1)
    )


def _one_at_a_time(session: Session) -> None:
    # On SQLite there is one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_PUBLISHING_LOCK)))


def all_cards() -> Select[PublishedRateCard]:
    """Select everybody's published versions, newest first."""
    everyones = select(PublishedRateCard).where(PublishedRateCard.account_id.is_(None))
    return everyones.order_by(PublishedRateCard.publishing_order.desc())


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


# Any constant will do, as long as every process asks for the same lock.
_PUBLISHING_LOCK = 0x72617465
