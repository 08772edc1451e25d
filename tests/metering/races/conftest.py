"""An arena on each database, of the size that every test has or of a soak's; the books are right afterwards."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.clock import SettableClock
from tests.databases.opened import opened, opened_with_prices, verify
from tests.metering.races.arena import ACCOUNTS, Arena
from tests.tenant import new_tenant

GRANT_PER_RACE = 20


@pytest.fixture(params=[200, pytest.param(4_000, marks=pytest.mark.soak)])
def size(request: pytest.FixtureRequest) -> int:
    """How many races are run."""
    count: int = request.param
    return count


@pytest.fixture
async def arena(database_url: str, size: int) -> AsyncIterator[Arena]:
    """Two databases on one store, and prepaid accounts with no credit line and no credits."""
    clocks = (SettableClock(), SettableClock())
    async with opened_with_prices(database_url, clocks[0]) as here, opened(database_url, clocks[1]) as there:
        tenants = [await new_tenant(here, f"racer {n}", overdraft_limit="0") for n in range(ACCOUNTS)]
        yield Arena((here, there), clocks, tenants, size)
        await verify(here)


@pytest.fixture
async def rich(arena: Arena) -> Arena:
    """An arena in which each account has a grant of twice what its races hold."""
    amount = str(arena.size // ACCOUNTS * GRANT_PER_RACE)
    await asyncio.gather(*(tenant.grant(amount) for tenant in arena.tenants))
    return arena
