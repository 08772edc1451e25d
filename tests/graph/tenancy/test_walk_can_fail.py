"""The walk finds what it is there to find: with a loader that leaks, in each of the ways there are, it fails."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from graph.context import Snapshot
from graph.loaders import rows
from models.identity import IdKind
from models.workflow import Workflow
from tests.door import Door
from tests.graph.tenancy.conftest import Neighbours
from tests.graph.tenancy.estate import needles
from tests.graph.tenancy.positions import Position
from tests.graph.tenancy.test_ids import same_as_nothing

Load = Callable[[list[Any]], Awaitable[list[Any]]]
WORKFLOW = Position("Query", "workflow", ("id",), "ID")


def showing(snapshot: Snapshot, model: Any) -> Load:
    """Find things whoever has them."""

    async def load(keys: list[Any]) -> list[Any]:
        statement = select(model).where(model.id.in_({row_id for _, row_id in keys}))
        found = {row.id: row for row in await snapshot.scalars(statement)}
        return [found.get(row_id) for _, row_id in keys]

    return load


def lingering(snapshot: Snapshot, model: Any) -> Load:
    """Hide what is another's, and take one statement more for it."""
    find = showing(snapshot, model)

    async def load(keys: list[Any]) -> list[Any]:
        found = await find(keys)
        if any(found):
            await snapshot.scalars(select(model.id))
        owned = zip(found, keys, strict=True)
        return [row if row is not None and row.account_id == key[0] else None for row, key in owned]

    return load


def objecting(snapshot: Snapshot, model: Any) -> Load:
    """Say that it is another's."""
    find = showing(snapshot, model)

    async def load(keys: list[Any]) -> list[Any]:
        if any(await find(keys)):
            raise ValueError("This belongs to somebody else.")
        return [None for _ in keys]

    return load


@pytest.mark.parametrize("leaky", [showing, lingering, objecting])
async def test_a_leak_is_found(
    ask: Door, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch, leaky: Callable[..., Load]
) -> None:
    caller, handle = neighbours.caller(ask), neighbours.theirs.ids[IdKind.WORKFLOW]
    tells = await needles(neighbours.theirs, neighbours.mine)
    await same_as_nothing(caller, WORKFLOW, handle, tells)
    tight = rows.owned_by_id
    monkeypatch.setattr(
        rows, "owned_by_id", lambda snapshot, model: (leaky if model is Workflow else tight)(snapshot, model)
    )
    with pytest.raises(AssertionError):
        await same_as_nothing(caller, WORKFLOW, handle, tells)
