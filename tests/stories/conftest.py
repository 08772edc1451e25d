"""Stories: whole tales over real HTTP, told to a real server process, on both databases.

`service` is a caller of its own account on a server that all stories of a pytest worker share; `server` is a
process and a store of the story's own, to be killed. The books are audited after every story.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.databases.postgresql import PostgresqlServer
from tests.stories.caller import CREATE_ACCOUNT, ISSUE_KEY, Caller, http_client
from tests.stories.process import ServerProcess, creditgraph, served
from tests.stories.stores import verify_books

NewAccount = Callable[..., Caller]


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    """A client that keeps its connections."""
    with http_client() as client:
        yield client


@pytest.fixture(scope="session")
def sqlite_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server on an SQLite file that it makes and migrates itself."""
    folder = tmp_path_factory.mktemp("stories-sqlite")
    with served(f"sqlite+aiosqlite:///{folder}/stories.db", folder) as server:
        yield server
        server.audit()


@pytest.fixture(scope="session")
def postgresql_shared(
    postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[ServerProcess]:
    """A server on an empty PostgreSQL database that it migrates itself."""
    folder = tmp_path_factory.mktemp("stories-postgresql")
    with postgresql.fresh_database(f"creditgraph_{worker_id}_stories") as url, served(url, folder) as server:
        yield server
        server.audit()


@pytest.fixture(scope="session")
def operators() -> dict[str, str]:
    """The operator's key of each server, issued by the command line when it is first asked for."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest) -> ServerProcess:
    """The server that stories share; a story runs once on each database."""
    server: ServerProcess = request.getfixturevalue(f"{request.param}_shared")
    return server


@pytest.fixture
def operator(shared: ServerProcess, http: httpx2.Client, operators: dict[str, str]) -> Caller:
    """The platform's operator, with a key from the command line."""
    return operator_of(shared, http, operators)


@pytest.fixture
def new_account(operator: Caller) -> NewAccount:
    """Make an account with a key that may do all that an account's key can."""
    return partial(account_by, operator)


@pytest.fixture
def service(shared: ServerProcess, new_account: NewAccount) -> Iterator[Caller]:
    """A postpaid account's caller; after the story the books of the whole store must be right."""
    yield new_account()
    verify_books(shared.database_url)


@pytest.fixture(scope="session")
def sqlite_crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of two processes on one SQLite file."""
    folder = tmp_path_factory.mktemp("crowded-sqlite")
    with served(f"sqlite+aiosqlite:///{folder}/crowded.db", folder, "--workers", "2") as server:
        yield server
        server.audit()


@pytest.fixture(scope="session")
def postgresql_crowded(
    postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[ServerProcess]:
    """A server of two processes on one PostgreSQL database."""
    folder = tmp_path_factory.mktemp("crowded-postgresql")
    with (
        postgresql.fresh_database(f"creditgraph_{worker_id}_crowded") as url,
        served(url, folder, "--workers", "2") as server,
    ):
        yield server
        server.audit()


@pytest.fixture(params=["sqlite", "postgresql"])
def crowded(request: pytest.FixtureRequest) -> ServerProcess:
    """A server of two processes that many callers throng; a story runs once on each database."""
    server: ServerProcess = request.getfixturevalue(f"{request.param}_crowded")
    return server


@pytest.fixture
def crowd_operator(
    crowded: ServerProcess, http: httpx2.Client, operators: dict[str, str]
) -> Iterator[Caller]:
    """The operator of the server that is thronged; after the story its books must be right."""
    yield operator_of(crowded, http, operators)
    verify_books(crowded.database_url)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of the story's own, to be killed; after the story `creditgraph audit` finds nothing."""
    with served(database_url, tmp_path) as server:
        yield server
        server.audit()


@pytest.fixture
def owner(server: ServerProcess, http: httpx2.Client) -> Caller:
    """The caller of an account of `server`, account and key made by the command line."""
    return account_on(server, http)


def account_on(server: ServerProcess, http: httpx2.Client) -> Caller:
    """Make an account and its key by the command line."""
    account_id = creditgraph("account", "create", "Acme", database_url=server.database_url)
    secret = creditgraph("key", "issue", "--account", account_id, database_url=server.database_url)
    return Caller(http, server.url, secret, account_id)


def operator_of(server: ServerProcess, http: httpx2.Client, operators: dict[str, str]) -> Caller:
    """Give the operator of a server, its key issued by the command line the first time."""
    if server.url not in operators:
        # It gives accounts their first keys, and no key gives a scope that it does not hold.
        scopes = [word for scope in ("OPERATE", "READ", "TRACK", "MANAGE") for word in ("--scope", scope)]
        operators[server.url] = creditgraph(
            "key", "issue", "--operator", *scopes, database_url=server.database_url
        )
    return Caller(http, server.url, operators[server.url])


def account_by(operator: Caller, name: str = "Acme", overdraft_limit: str | None = None) -> Caller:
    """Let the operator make an account with a key that may do all that an account's key can."""
    account = operator.mutate(CREATE_ACCOUNT, name=name, overdraftLimit=overdraft_limit)["account"]
    secret = operator.mutate(ISSUE_KEY, accountId=account["id"], name="first")["secret"]
    return Caller(operator.http, operator.url, secret, account["id"])
