"""Stores that are served to hostile callers, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.databases.postgresql import PostgresqlServer
from tests.hostile.target import Target, target_on


@pytest.fixture(scope="session")
def sqlite_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server on an SQLite file, for a whole pytest worker."""
    folder = tmp_path_factory.mktemp("hostile-sqlite")
    with target_on(f"sqlite+aiosqlite:///{folder}/hostile.db", folder) as target:
        yield target


@pytest.fixture(scope="session")
def postgresql_target(
    postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Target]:
    """A server on a PostgreSQL database, for a whole pytest worker."""
    folder = tmp_path_factory.mktemp("hostile-postgresql")
    with (
        postgresql.fresh_database(f"creditgraph_{worker_id}_hostile") as url,
        target_on(url, folder) as target,
    ):
        yield target


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest) -> Target:
    """Each of the two."""
    found: Target = request.getfixturevalue(f"{request.param}_target")
    return found
