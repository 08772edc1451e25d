"""Which published versions somebody may see, and the card that a version's name stands for."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import Select, or_, select

from metering.prices import CardIds, PriceBook
from models.rate_card import PublishedRateCard
from pricing.names import did_you_mean
from pricing.rate_card import MADE_UP_OF, NoRateCard, RateCard


class UnknownVersion(LookupError):  # noqa: N818 - named for the state, as every refusal here
    """No version of that name that the asker may see; the message offers the nearest."""

    def __init__(self, version: str, known: Collection[str]) -> None:
        super().__init__(f"there is no version {version!r}. {did_you_mean(version, known)}")


def every_card() -> Select[PublishedRateCard]:
    """Select all published versions, newest first."""
    return select(PublishedRateCard).order_by(PublishedRateCard.publishing_order.desc())


def cards_seen_by(account_id: UUID) -> Select[PublishedRateCard]:
    """Select everybody's published versions and the account's own, newest first."""
    is_everybodys = PublishedRateCard.account_id.is_(None)
    return every_card().where(or_(is_everybodys, PublishedRateCard.account_id == account_id))


def joint_id(ids: CardIds) -> UUID:
    """Name a card by the ids of its parts; of two, the joint id and either of them tell the other."""
    return ids.card_id if ids.override_id is None else UUID(int=ids.card_id.int ^ ids.override_id.int)


def card_with_id(book: PriceBook, joint: UUID, *, overrides_of: Iterable[UUID]) -> CardIds | None:
    """Find a card by its joint id: everybody's, one of these accounts' own, or one of each together."""
    everybodys = {book.ids_of(card).card_id for card in book.cards}
    own = {book.ids_of(card).card_id for each in overrides_of for card in book.overrides.get(each, ())}
    if joint in everybodys | own:
        return CardIds(joint)
    pairs = (CardIds(UUID(int=joint.int ^ each.int), each) for each in own)
    return next((pair for pair in pairs if pair.card_id in everybodys), None)


def card_named(book: PriceBook, version: str, *, overrides_of: Iterable[UUID]) -> RateCard:
    """Give the card of a version: everybody's, or one of these accounts' own together with everybody's.

    An account's own version stands for all prices that the account has at its date; "everybody's + own"
    names both parts. Raises UnknownVersion.
    """
    everybodys = {card.version: card for card in book.cards}
    own = {card.version: card for each in overrides_of for card in book.overrides.get(each, ())}
    if version in everybodys:
        return everybodys[version]
    if version in own:
        return _all_prices(book, own[version])
    # The last sign: everybody's first card, which no draft is made of, may have one in its name.
    first, _, second = version.rpartition(MADE_UP_OF)
    if first in everybodys and second in own:
        return book.by_version(version)
    raise UnknownVersion(version, [*everybodys, *own])


def _all_prices(book: PriceBook, own: RateCard) -> RateCard:
    try:
        everybodys = book.cards.in_force(own.effective_from)
    except NoRateCard:
        return own
    return book.by_ids(CardIds(book.ids_of(everybodys).card_id, book.ids_of(own).card_id))
