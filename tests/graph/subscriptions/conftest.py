"""Subscriptions are tested as frontends meet them: over a socket, with the service behind it, on both databases."""

from collections.abc import AsyncIterator

import pytest

from metering.rate_cards import publish_built_in_rate_card
from models.writer import Command
from tests.databases.opened import verify
from tests.streams import Listener, Served, listener, served
from tests.tenant import Tenant, new_tenant


@pytest.fixture
async def live(database_url: str) -> AsyncIterator[Served]:
    """The service over a store of the test's own. After the test: nothing is left open, and the books are right."""
    async with served(database_url) as service:
        await service.database.write(Command(None, publish_built_in_rate_card))
        yield service
        await service.until_quiet()
        await verify(service.database)


@pytest.fixture
async def tenant(live: Served) -> Tenant:
    """A postpaid account with a key."""
    return await new_tenant(live.database)


@pytest.fixture
async def ear(live: Served, tenant: Tenant) -> AsyncIterator[Listener]:
    """A socket that the tenant's key has opened."""
    async with listener(live.socket_url, tenant.secret) as client:
        yield client
