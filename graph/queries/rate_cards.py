"""Rate cards: everybody's, and what an account has of its own, which nobody else sees."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from graph import inputs
from graph.context import Info
from graph.inputs import bad_input, not_found
from graph.permissions import named_account
from graph.types.rate_card import Rate, RateCard, rate_card_of
from graph.types.rate_card_diff import RateCardDiff
from graph.types.rate_card_input import RateCardInput
from graph.types.rate_card_preview import RateCardPreview, previewed
from metering.errors import AccountNotFound, NoRateCardInForce
from metering.prices import PriceBook, price_book
from metering.rate_cards import (
    UnknownVersion,
    card_named,
    card_with_id,
    cards_seen_by,
    every_card,
)
from models.api_key import Scope
from pricing.rate_card_diff import diff

AsAccount = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description=(
            "As this account sees it; null is the calling key's own. Any other account needs the scope "
            f"`{Scope.OPERATE.value}`."
        )
    ),
]


async def rate_card(
    info: Info,
    at: Annotated[datetime | None, strawberry.argument(description="The moment; null is now.")] = None,
    account_id: AsAccount = None,
) -> RateCard | None:
    """Find the prices in force."""
    account = _account(info, account_id)
    book = await info.context.snapshot.ask(price_book)
    try:
        card = book.in_force(at or info.context.now(), account_id=account)
    except NoRateCardInForce:
        return None
    return await rate_card_of(info, book.ids_of(card))


async def rate_cards(info: Info, account_id: AsAccount = None) -> list[RateCard]:
    """List the published versions that the caller may see."""
    account = _account(info, account_id)
    statement = every_card() if account is None else cards_seen_by(account)
    return [RateCard.of(row) for row in await info.context.snapshot.scalars(statement)]


async def rate_card_diff(
    info: Info,
    from_version: Annotated[
        str,
        strawberry.argument(
            name="from",
            description=(
                "A published version. An account's own stands for all that the account pays at its date."
            ),
        ),
    ],
    to_version: Annotated[
        str, strawberry.argument(name="to", description="The version that it is compared with.")
    ],
) -> RateCardDiff:
    """Compare two versions."""
    # Texts, since two names together may be longer than a name.
    names = {"from": inputs.text("from", from_version), "to": inputs.text("to", to_version)}
    book = await info.context.snapshot.ask(price_book)
    cards = {}
    for field, version in names.items():
        try:
            cards[field] = card_named(book, version, overrides_of=_seen_overrides(info, book))
        except UnknownVersion as error:
            raise bad_input(field, str(error)) from error
    return RateCardDiff.of(diff(cards["from"], cards["to"]))


async def rate_card_preview(
    info: Info, input: Annotated[RateCardInput, strawberry.argument(description="The card.")]
) -> RateCardPreview:
    """Try a card on the past."""
    try:
        return await previewed(info, input)
    except AccountNotFound as error:
        raise not_found("accountId", str(error)) from error


def sees_card_of(info: Info, owner_id: UUID | None) -> bool:
    """Say whether the caller may see a card of this owner: everybody's, its own, or any as an operator."""
    return owner_id in {None, info.context.api_key.account_id} or info.context.is_operator


async def find_rate_card(info: Info, value: UUID) -> RateCard | None:
    """Find a card by its id, also one made up of two; None where the caller may not see it."""
    book = await info.context.snapshot.ask(price_book)
    found = card_with_id(book, value, overrides_of=_seen_overrides(info, book))
    return None if found is None else await rate_card_of(info, found)


async def find_rate(info: Info, value: UUID) -> Rate | None:
    """Find a rate by its id; None where the caller may not see its card."""
    found = await info.context.loaders.rate_with_card_by_id.load(value)
    return Rate.of(*found) if found is not None and sees_card_of(info, found[1].account_id) else None


def _seen_overrides(info: Info, book: PriceBook) -> list[UUID]:
    return [owner_id for owner_id in book.overrides if sees_card_of(info, owner_id)]


def _account(info: Info, account_id: strawberry.ID | None) -> UUID | None:
    return info.context.api_key.account_id if account_id is None else named_account(info, account_id)
