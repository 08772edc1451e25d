"""The server's side of connections, which only it can look at."""

import asyncio

import pytest

from server.transport.connections import BoundedConnection


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
