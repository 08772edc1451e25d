"""Loaders: what is asked for by several is loaded once, and stays when one of them leaves."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from graph.context import Snapshot
from graph.loaders import Loaders
from graph.loaders.usage import UsageKey
from metering.analytics import Level, Period, RunsLike, Scope
from models.database import Database
from pricing.costs import CostBook
from tests.tenant import Tenant

WHOLE = Scope(Level.ACCOUNT, Period(), RunsLike())


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        (lambda loaders: loaders.totals_by_owner, [(1, 100_000_000)]),
        (lambda loaders: loaders.services_by_owner, [("PHONE", "twilio", "MINUTES", 1, 5, 0, 100_000_000)]),
    ],
    ids=["totals, which are added up from services", "services"],
)
async def test_who_leaves_takes_nothing_from_others(
    database: Database, tenant: Tenant, stays: Callable[[Loaders], Any], expected: list[tuple[Any, ...]]
) -> None:
    await tenant.add(await tenant.start(), "PHONE twilio 5 MINUTES")
    snapshot = Snapshot(database)
    loaders, key = Loaders(snapshot, CostBook("USD", ())), UsageKey(WHOLE, (tenant.account_id,) * 2)

    async def loaded(loader: Any) -> Any:
        return await loader.load(key)

    leaves = asyncio.create_task(loaded(loaders.services_by_owner))
    other = asyncio.create_task(loaded(stays(loaders)))
    for _ in range(4):  # until the statement is on its way
        await asyncio.sleep(0)
    leaves.cancel()
    assert await asyncio.wait_for(other, 10) == expected
    assert leaves.cancelled()
    await snapshot.close()
