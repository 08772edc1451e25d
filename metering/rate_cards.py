"""Rate cards: published versions, and the prices in force at a moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from metering.errors import AmountTooLarge, InvalidRateCard, NoRateCardInForce, RateUnknown
from models.identity import new_id
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from pricing import quote
from pricing.credits import Credits
from pricing.quote import PlannedService, PricedUsage
from pricing.rate_card import NoRateCard, Rate, RateCard, RateCards, Tier, UnknownRate
from pricing.rate_card_file import built_in_rate_card
from pricing.units import Quantity, ServiceType

_RateKey = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All published versions as values, and which row of the store each rate is."""

    newest: UUID | None
    cards: RateCards
    rate_ids: dict[_RateKey, UUID]
    card_ids: dict[str, UUID]

    def price(
        self, service_type: ServiceType, provider: str, quantity: Quantity, *, at: datetime
    ) -> tuple[PricedUsage, UUID]:
        """Price one usage by the card in force; give the id of the rate that priced it too.

        Raises RateUnknown where that card has no rate, AmountTooLarge where no balance could hold the price.
        """
        return self.price_by(self.in_force(at), PlannedService(service_type, provider, quantity))

    def price_by(self, card: RateCard, planned: PlannedService) -> tuple[PricedUsage, UUID]:
        """Price one usage by a version, whether it is in force or not; the refusals are those of `price`."""
        try:
            priced = quote.price(card, planned.service_type, planned.provider, planned.quantity)
        except UnknownRate as error:
            raise RateUnknown(error) from error
        except quote.AmountTooLarge as error:
            raise AmountTooLarge(str(error)) from error
        return priced, self.rate_ids[_key(card.version, priced.rate)]

    def in_force(self, at: datetime) -> RateCard:
        """Give the version in force at a moment.

        Raises NoRateCardInForce.
        """
        try:
            return self.cards.in_force(at)
        except NoRateCard as error:
            raise NoRateCardInForce(at) from error

    def by_id(self, card_id: UUID) -> RateCard:
        """Give a published version."""
        version = next(version for version, id_ in self.card_ids.items() if id_ == card_id)
        return next(card for card in self.cards if card.version == version)


def publish_rate_card(session: Session, *, card: RateCard, now: datetime) -> PublishedRateCard:
    """Publish a version of the prices; usages from its date on are priced by it.

    Raises InvalidRateCard where the version exists already.
    """
    _one_at_a_time(session)
    newest = session.scalar(select(func.max(PublishedRateCard.publishing_order))) or 0
    if session.scalar(select(PublishedRateCard.id).where(PublishedRateCard.version == card.version)):
        raise InvalidRateCard(f"Version {card.version!r} is published already; a version never changes.")
    published = PublishedRateCard(
        id=new_id(),
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


def price_book(session: Session) -> PriceBook:
    """Give the published prices; they are read again only after another version was published."""
    store = session.info.setdefault("store", {})
    newest = session.scalar(_NEWEST)
    book = store.get("price_book")
    if book is None or book.newest != newest:
        book = store["price_book"] = _read(session, newest)
    assert isinstance(book, PriceBook)  # noqa: S101 - only this function writes the entry
    return book


def card_in_force(at: datetime) -> Select[PublishedRateCard]:
    """Select the version in force at a moment: the latest date; of equal dates, the later published."""
    return (
        select(PublishedRateCard)
        .where(PublishedRateCard.effective_from <= at)
        .order_by(PublishedRateCard.effective_from.desc(), PublishedRateCard.publishing_order.desc())
        .limit(1)
    )


def _one_at_a_time(session: Session) -> None:
    # On SQLite there is one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_PUBLISHING_LOCK)))


def all_cards() -> Select[PublishedRateCard]:
    """Select every published version, newest first."""
    return select(PublishedRateCard).order_by(PublishedRateCard.publishing_order.desc())


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


def _read(session: Session, newest: UUID | None) -> PriceBook:
    # Cards first: one that is published meanwhile is then left out, in place of being read without its rates.
    published = session.scalars(select(PublishedRateCard).order_by(PublishedRateCard.publishing_order)).all()
    rows: dict[UUID, list[PublishedRate]] = {}
    for row in session.scalars(select(PublishedRate).order_by(PublishedRate.id)):
        rows.setdefault(row.rate_card_id, []).append(row)
    tiers: dict[UUID, list[Tier]] = {}
    in_order = select(PublishedTier).order_by(PublishedTier.rate_id, PublishedTier.position)
    for tier in session.scalars(in_order):
        tiers.setdefault(tier.rate_id, []).append(Tier(tier.up_to_micro_units, tier.price.micros))
    cards: list[RateCard] = []
    rate_ids: dict[_RateKey, UUID] = {}
    for card in published:
        rates = {row.id: _rate(row, tuple(tiers.get(row.id, ()))) for row in rows.get(card.id, ())}
        cards.append(
            RateCard(card.version, card.effective_from, card.rounding, card.precision, tuple(rates.values()))
        )
        rate_ids.update({_key(card.version, rate): rate_id for rate_id, rate in rates.items()})
    card_ids = {card.version: card.id for card in published}
    return PriceBook(newest, RateCards(cards), rate_ids, card_ids)


def _rate(row: PublishedRate, tiers: tuple[Tier, ...]) -> Rate:
    return Rate(
        service_type=row.service_type,
        provider=row.provider,
        unit_type=row.unit_type,
        price_micros=row.price.micros,
        per=row.per,
        minimum_micros=row.minimum.micros,
        increment_micro_units=row.increment_micro_units,
        free=row.free,
        tiers=tiers,
    )


def _key(version: str, rate: Rate) -> _RateKey:
    return version, rate.service_type, rate.provider, rate.unit_type


# By id, not by number: a number that was rolled back comes again with other prices.
_NEWEST = select(PublishedRateCard.id).order_by(PublishedRateCard.publishing_order.desc()).limit(1)
# Any constant will do, as long as every process asks for the same lock.
_PUBLISHING_LOCK = 0x72617465
