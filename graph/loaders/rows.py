"""Rows by their ids, or by what they belong to: one statement for all that are asked for."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from graph.context import Snapshot
from models.base import Base, table_of
from models.rate_card import PublishedRate, PublishedRateCard
from models.reading import PreparedRows, any_of

Row = TypeVar("Row", bound=Base)
Column = InstrumentedAttribute[Any]
OwnedId = tuple[UUID, UUID]
RateWithCard = tuple[PublishedRate, PublishedRateCard]


def owned_by_id(
    snapshot: Snapshot, model: type[Row]
) -> Callable[[list[OwnedId]], Awaitable[list[Row | None]]]:
    """Load rows of an account-owned table; another account's row answers as a missing one."""

    async def load(keys: list[OwnedId]) -> list[Row | None]:
        rows: Any = await snapshot.read(
            _owned_by_id(model),
            accounts={account_id for account_id, _ in keys},
            ids={row_id for _, row_id in keys},
        )
        found = {(row.account_id, row.id): row for row in rows}
        return [found.get(key) for key in keys]

    return load


def by_id(snapshot: Snapshot, model: type[Row]) -> Callable[[list[UUID]], Awaitable[list[Row | None]]]:
    """Load rows of a reference table."""

    async def load(keys: list[UUID]) -> list[Row | None]:
        rows: Any = await snapshot.read(_by_id(model), ids=keys)
        found = {row.id: row for row in rows}
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


def owned_by_parent(
    snapshot: Snapshot, model: type[Row], parent: Column, order: Column
) -> Callable[[list[OwnedId]], Awaitable[list[list[Row]]]]:
    """Load what belongs to things of an account, in order; `parent` is the column that names the thing."""

    async def load(keys: list[OwnedId]) -> list[list[Row]]:
        rows: Any = await snapshot.read(
            _owned_by_parent(model, parent, order),
            accounts={account_id for account_id, _ in keys},
            parents={parent_id for _, parent_id in keys},
        )
        found: dict[OwnedId, list[Row]] = {key: [] for key in keys}
        for row in rows:
            found.get((row.account_id, getattr(row, parent.key)), []).append(row)
        return [found[key] for key in keys]

    return load


def newest_owned_by_parent(
    snapshot: Snapshot, model: type[Row], parent: Column, moment: Column
) -> Callable[[list[OwnedId]], Awaitable[list[Row | None]]]:
    """Load the newest of what belongs to each of an account's things."""
    columns: Any = model

    async def load(keys: list[OwnedId]) -> list[Row | None]:
        place = func.row_number().over(partition_by=parent, order_by=(moment.desc(), columns.id.desc()))
        ranked = (
            select(columns.account_id, columns.id, place.label("place"))
            .where(
                columns.account_id.in_({account_id for account_id, _ in keys}),
                parent.in_({parent_id for _, parent_id in keys}),
            )
            .subquery()
        )
        of_rank = and_(ranked.c.account_id == columns.account_id, ranked.c.id == columns.id)
        statement = select(model).join(ranked, of_rank).where(ranked.c.place == 1)
        found = {(row.account_id, getattr(row, parent.key)): row for row in await snapshot.scalars(statement)}
        return [found.get(key) for key in keys]

    return load


def by_parent(
    snapshot: Snapshot, model: type[Row], parent: Column, order: Column
) -> Callable[[list[UUID]], Awaitable[list[list[Row]]]]:
    """Load what belongs to rows of a reference table, in order."""

    async def load(keys: list[UUID]) -> list[list[Row]]:
        found: dict[UUID, list[Row]] = {key: [] for key in keys}
        for row in await snapshot.read(_by_parent(model, parent, order), parents=keys):
            found[getattr(row, parent.key)].append(row)
        return [found[key] for key in keys]

    return load


@cache
def _owned_by_id(model: type[Row]) -> PreparedRows[Row]:
    table = table_of(model)
    is_wanted = table.c.account_id.in_(any_of("accounts")), table.c.id.in_(any_of("ids"))
    return PreparedRows(model, select(*table.columns).where(*is_wanted))


@cache
def _by_id(model: type[Row]) -> PreparedRows[Row]:
    table = table_of(model)
    return PreparedRows(model, select(*table.columns).where(table.c.id.in_(any_of("ids"))))


@cache
def _owned_by_parent(model: type[Row], parent: Column, order: Column) -> PreparedRows[Row]:
    table = table_of(model)
    is_wanted = table.c.account_id.in_(any_of("accounts")), parent.in_(any_of("parents"))
    in_order = select(*table.columns).where(*is_wanted).order_by(table.c.account_id, parent, order)
    return PreparedRows(model, in_order)


@cache
def _by_parent(model: type[Row], parent: Column, order: Column) -> PreparedRows[Row]:
    wanted = select(*table_of(model).columns).where(parent.in_(any_of("parents")))
    return PreparedRows(model, wanted.order_by(order))
