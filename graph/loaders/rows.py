"""Rows by their ids, one statement for all that are asked for."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from graph.context import Snapshot
from models.base import Base
from models.rate_card import PublishedRate, PublishedRateCard, PublishedTier

Row = TypeVar("Row", bound=Base)
OwnedId = tuple[UUID, UUID]
RateWithCard = tuple[PublishedRate, PublishedRateCard]


def owned_by_id(
    snapshot: Snapshot, model: type[Row]
) -> Callable[[list[OwnedId]], Awaitable[list[Row | None]]]:
    """Load rows of an account-owned table; another account's row answers as a missing one."""
    columns: Any = model

    async def load(keys: list[OwnedId]) -> list[Row | None]:
        statement = select(model).where(
            columns.account_id.in_({account_id for account_id, _ in keys}),
            columns.id.in_({row_id for _, row_id in keys}),
        )
        found = {(row.account_id, row.id): row for row in await snapshot.scalars(statement)}
        return [found.get(key) for key in keys]

    return load


def by_id(snapshot: Snapshot, model: type[Row]) -> Callable[[list[UUID]], Awaitable[list[Row | None]]]:
    """Load rows of a reference table."""
    columns: Any = model

    async def load(keys: list[UUID]) -> list[Row | None]:
        found = {row.id: row for row in await snapshot.scalars(select(model).where(columns.id.in_(keys)))}
        return [found.get(key) for key in keys]

    return load


def rate_with_card_by_id(
    snapshot: Snapshot,
) -> Callable[[list[UUID]], Awaitable[list[RateWithCard | None]]]:
    """Load rates, each with the card that it stands on."""

    async def load(keys: list[UUID]) -> list[RateWithCard | None]:
        statement = (
            select(PublishedRate, PublishedRateCard)
            .join(PublishedRateCard, PublishedRateCard.id == PublishedRate.rate_card_id)
            .where(PublishedRate.id.in_(keys))
        )
        found = {rate.id: (rate, card) for rate, card in await snapshot.rows(statement)}
        return [found.get(key) for key in keys]

    return load


def rates_by_card(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[list[PublishedRate]]]]:
    """Load the rates of cards, in the order of the card."""

    async def load(keys: list[UUID]) -> list[list[PublishedRate]]:
        statement = (
            select(PublishedRate).where(PublishedRate.rate_card_id.in_(keys)).order_by(PublishedRate.id)
        )
        rates: dict[UUID, list[PublishedRate]] = {key: [] for key in keys}
        for rate in await snapshot.scalars(statement):
            rates[rate.rate_card_id].append(rate)
        return [rates[key] for key in keys]

    return load


def tiers_by_rate(snapshot: Snapshot) -> Callable[[list[UUID]], Awaitable[list[list[PublishedTier]]]]:
    """Load the tiers of rates, lowest first."""

    async def load(keys: list[UUID]) -> list[list[PublishedTier]]:
        statement = (
            select(PublishedTier).where(PublishedTier.rate_id.in_(keys)).order_by(PublishedTier.position)
        )
        tiers: dict[UUID, list[PublishedTier]] = {key: [] for key in keys}
        for tier in await snapshot.scalars(statement):
            tiers[tier.rate_id].append(tier)
        return [tiers[key] for key in keys]

    return load
