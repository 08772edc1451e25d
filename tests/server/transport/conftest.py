"""The server's side of connections, which only it can look at."""

import asyncio

import pytest

from server.transport.connections import BoundedConnection
from tests.streams import Served
from tests.tenant import Tenant, new_tenant


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[BoundedConnection]:
    """The server's sides of connections, which let go of who is quiet for a while."""
    begun, made = BoundedConnection.connection_made, []

    def noted(connection: BoundedConnection, transport: asyncio.Transport) -> None:
        begun(connection, transport)
        connection.timeout_keep_alive = 0.5  # type: ignore[assignment]  # seconds
        made.append(connection)

    monkeypatch.setattr(BoundedConnection, "connection_made", noted)
    return made


@pytest.fixture
async def tenant(live: Served) -> Tenant:
    """An account with a key."""
    return await new_tenant(live.database)
