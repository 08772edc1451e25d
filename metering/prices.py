"""Prices: every published version as values, and which of them are in force for an account."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from uuid import UUID

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from metering.errors import AmountTooLarge, NoRateCardInForce, RateUnknown
from models.ahead import Question
from models.prepared import PreparedRead
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier
from pricing import quote
from pricing.quote import PricedUsage
from pricing.rate_card import MADE_UP_OF, NoRateCard, Rate, RateCard, RateCards, Tier, UnknownRate
from pricing.units import Quantity, ServiceType

_RateKey = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class CardIds:
    """Which published versions make up a card: everybody's and, where there is one, the account's own."""

    card_id: UUID
    override_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All published versions as values, and which row of the store each rate is.

    `cards` are everybody's, `overrides` those of single accounts: what an account has of its own stands in
    place of everybody's from its date on.
    """

    newest: UUID | None
    cards: RateCards
    overrides: dict[UUID, RateCards]
    _card_ids: dict[str, CardIds]
    _rate_ids: dict[_RateKey, UUID]
    _by_ids: dict[CardIds, RateCard] = field(default_factory=dict)

    def price(
        self,
        service_type: ServiceType,
        provider: str,
        quantity: Quantity,
        *,
        at: datetime,
        account_id: UUID | None,
    ) -> tuple[PricedUsage, UUID]:
        """Price one usage by the card in force; give the id of the rate that priced it too.

        Raises NoRateCardInForce, RateUnknown where that card has no rate, AmountTooLarge where no balance
        could hold the price.
        """
        return self.price_by(self.in_force(at, account_id=account_id), service_type, provider, quantity)

    def price_by(
        self, card: RateCard, service_type: ServiceType, provider: str, quantity: Quantity
    ) -> tuple[PricedUsage, UUID]:
        """Price one usage by a card of this book, in force or not; it raises as `price` does."""
        try:
            priced = quote.price(card, service_type, provider, quantity)
        except UnknownRate as error:
            raise RateUnknown(error) from error
        except quote.AmountTooLarge as error:
            raise AmountTooLarge(str(error)) from error
        return priced, self.rate_id_of(card, priced.rate)

    def in_force(self, at: datetime, *, account_id: UUID | None) -> RateCard:
        """Give the card in force at a moment: everybody's, with the account's own rates in their place.

        Raises NoRateCardInForce.
        """
        try:
            card = self.cards.in_force(at)
        except NoRateCard as error:
            raise NoRateCardInForce(at) from error
        override = self._override(at, account_id)
        if override is None:
            return card
        return self.by_ids(CardIds(self.ids_of(card).card_id, self.ids_of(override).card_id))

    def ids_of(self, card: RateCard) -> CardIds:
        """Say which published versions make up a card of this book."""
        return self._card_ids[card.version]

    def rate_id_of(self, card: RateCard, rate: Rate) -> UUID:
        """Give the id of the row of a rate of a card of this book."""
        return self._rate_ids[_key(card.version, rate)]

    def by_ids(self, ids: CardIds) -> RateCard:
        """Give the card that published versions make up."""
        card = self._by_ids.get(ids)
        if card is None:
            card = self._by_ids[ids] = self._made_up(ids)
        return card

    def by_version(self, version: str) -> RateCard:
        """Give the card of a version, made up of two or not; KeyError where there is none."""
        ids = self._card_ids.get(version)
        return self.by_ids(self._parts(version) if ids is None else ids)

    def _parts(self, version: str) -> CardIds:
        # Either half may itself hold the sign between them: only two published versions are the parts.
        words = version.split(MADE_UP_OF)
        for place in range(1, len(words)):
            card = self._card_ids.get(MADE_UP_OF.join(words[:place]))
            override = self._card_ids.get(MADE_UP_OF.join(words[place:]))
            if card is not None and override is not None:
                return CardIds(card.card_id, override.card_id)
        raise KeyError(version)

    def rates_of(self, card: RateCard) -> list[tuple[Rate, UUID]]:
        """Give the rates of a card of this book, each with the id of its row."""
        return [(rate, self.rate_id_of(card, rate)) for rate in card.rates]

    def every_card(self) -> Iterator[RateCard]:
        """Go over all published versions: everybody's, then those of single accounts."""
        return chain(self.cards, *self.overrides.values())

    def _override(self, at: datetime, account_id: UUID | None) -> RateCard | None:
        own = None if account_id is None else self.overrides.get(account_id)
        if own is None:
            return None
        try:
            card = own.in_force(at)
        except NoRateCard:
            return None
        # One without rates ends those before it.
        return card if card.rates else None

    def _made_up(self, ids: CardIds) -> RateCard:
        card = self._published(ids.card_id)
        if ids.override_id is None:
            return card
        override = self._published(ids.override_id)
        whole = card.overridden_by(override)
        rate_ids = {_key(whole.version, rate): self.rate_id_of(card, rate) for rate in card.rates}
        for rate in override.rates:
            rate_ids[_key(whole.version, rate)] = self.rate_id_of(override, rate)
        self._rate_ids.update(rate_ids)
        self._card_ids[whole.version] = ids
        return whole

    def _published(self, card_id: UUID) -> RateCard:
        return next(card for card in self.every_card() if self.ids_of(card) == CardIds(card_id))


def price_book(session: Session) -> PriceBook:
    """Give the published prices; they are read again only after another version was published."""
    store = session.info.setdefault("store", {})
    rows = _NEWEST.rows(session)
    newest: UUID | None = rows[0][0] if rows else None
    book = store.get("price_book")
    if book is None or book.newest != newest:
        book = store["price_book"] = _read(session, newest)
    assert isinstance(book, PriceBook)  # noqa: S101 - only this function writes the entry
    return book


def newest_card_beside(session: Session) -> Question:
    """Say that the price book will be asked for next."""
    return _NEWEST.asked_beside(session)


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
    cards: dict[UUID | None, list[RateCard]] = {None: []}
    rate_ids: dict[_RateKey, UUID] = {}
    for card in published:
        rates = {row.id: rate_of(row, tuple(tiers.get(row.id, ()))) for row in rows.get(card.id, ())}
        cards.setdefault(card.account_id, []).append(
            RateCard(card.version, card.effective_from, card.rounding, card.precision, tuple(rates.values()))
        )
        rate_ids.update({_key(card.version, rate): rate_id for rate_id, rate in rates.items()})
    return PriceBook(
        newest,
        RateCards(cards.pop(None)),
        {account_id: RateCards(own) for account_id, own in cards.items() if account_id is not None},
        {card.version: CardIds(card.id) for card in published},
        rate_ids,
    )


def rate_of(row: PublishedRate, tiers: tuple[Tier, ...]) -> Rate:
    """Give a published rate as a value."""
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
_NEWEST = PreparedRead(
    select(PublishedRateCard.id)
    .order_by(PublishedRateCard.publishing_order.desc())
    .limit(literal_column("1"))
)
