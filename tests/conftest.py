"""Both databases, for every test that asks for one: a migrated store of its own, copied from a template."""

import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from models.database import Database
from models.migrations import migrate
from tests.clock import SettableClock
from tests.databases.opened import READ_CONNECTIONS, opened_with_prices, run_apart, verify
from tests.databases.postgresql import PostgresqlServer, postgresql_server
from tests.tenant import Tenant, new_tenant

_clone_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """One server for each pytest worker, started by the first test that needs it."""
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgresqlServer, worker_id: str) -> Iterator[str]:
    """The name of a migrated database to which nobody is connected."""
    name = f"creditgraph_{worker_id}_template"
    postgresql.drop_database(name)  # an existing server may remember an earlier session
    postgresql.create_database(name)
    run_apart(migrate(postgresql.url(name)))
    yield name
    postgresql.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file. A file, since an in-memory database is one connection and hides races."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    run_apart(migrate(sqlite_url(path)))
    return path


@pytest.fixture
def sqlite_database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite store of the test's own."""
    path = tmp_path / "creditgraph.db"
    shutil.copyfile(sqlite_template, path)
    return sqlite_url(path)


@pytest.fixture
def postgresql_database_url(postgresql: PostgresqlServer, postgresql_template: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL store of the test's own."""
    name = postgresql_template.replace("template", str(next(_clone_numbers)))
    postgresql.drop_database(name)
    postgresql.create_database(name, template=postgresql_template)
    yield postgresql.url(name)
    postgresql.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty store of the test's own; the test runs once on each database."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture
def clock() -> SettableClock:
    """The time that `database` lives in: noon, until the test moves it."""
    return SettableClock()


@pytest.fixture
def read_connections() -> int:
    """How many connections `database` reads over: tests that truly need several say so."""
    return READ_CONNECTIONS


@pytest.fixture
async def database(database_url: str, clock: SettableClock, read_connections: int) -> AsyncIterator[Database]:
    """A started Database with the built-in rate card; after the test its books must be right."""
    async with opened_with_prices(database_url, clock, read_connections=read_connections) as database:
        yield database
        await verify(database)


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A postpaid account with a key."""
    return await new_tenant(database)


@pytest.fixture
async def prepaid(database: Database) -> Tenant:
    """A prepaid account with a key and no credit line: nothing starts before credits are granted."""
    return await new_tenant(database, "Prepaid", overdraft_limit="0")


def sqlite_url(path: Path) -> str:
    """Write a file's path as a database URL."""
    return f"sqlite+aiosqlite:///{path}"
