"""The lines of holds and the parts that they are made of, one statement for all holds that are asked for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from graph.context import Snapshot
from graph.loaders.rows import OwnedId
from models.hold import HoldLine, HoldPart

Row = TypeVar("Row", HoldLine, HoldPart)


def lines_by_hold(snapshot: Snapshot) -> Callable[[list[OwnedId]], Awaitable[list[list[HoldLine]]]]:
    """Load the lines of holds, in their order."""
    return _by_hold(snapshot, HoldLine)


def parts_by_hold(snapshot: Snapshot) -> Callable[[list[OwnedId]], Awaitable[list[list[HoldPart]]]]:
    """Load the parts of holds, in the order in which they are used."""
    return _by_hold(snapshot, HoldPart)


def _by_hold(snapshot: Snapshot, model: type[Row]) -> Callable[[list[OwnedId]], Awaitable[list[list[Row]]]]:
    async def load(keys: list[OwnedId]) -> list[list[Row]]:
        statement = (
            select(model)
            .where(
                model.account_id.in_({account_id for account_id, _ in keys}),
                model.hold_id.in_({hold_id for _, hold_id in keys}),
            )
            .order_by(*model.__mapper__.primary_key)
        )
        found: dict[tuple[UUID, UUID], list[Row]] = {key: [] for key in keys}
        for row in await snapshot.scalars(statement):
            found.get((row.account_id, row.hold_id), []).append(row)
        return [found[key] for key in keys]

    return load
