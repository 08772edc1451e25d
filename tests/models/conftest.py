"""Stores before there is anything in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases.postgresql import PostgresqlServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store in which there is nothing yet."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.fresh_database(f"empty_{tmp_path.name}") as url:
        yield url
