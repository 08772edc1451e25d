"""The stage of a run: what several rows need, started when it is first asked for, gone when the run ends."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from benchmarks.harness.clients import Sending
from benchmarks.harness.turns import Pace
from tests.databases.postgresql import PostgresqlServer, postgresql_server
from tests.stories.caller import Caller, http_client
from tests.stories.conftest import account_by, operator_of
from tests.stories.process import ServerProcess, served

UNBOUND = 10**12
"""Points for a key: rate limits are counted as ever, and never stand in the way."""
READ_CONNECTIONS = {"SQLite": 4, "PostgreSQL": 20}
"""As many as the service takes by itself; what the tests serve has one."""
STORES = tuple(READ_CONNECTIONS)


class Stage:
    """What a run stands on."""

    def __init__(self, pace: Pace, *, largest: int) -> None:
        self.pace = pace
        self.largest = largest
        self._stack = ExitStack()
        self._databases = 0

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(TemporaryDirectory()))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @cached_property
    def sending(self) -> Sending:
        """The one sender."""
        return self._stack.enter_context(Sending())

    @cached_property
    def postgresql(self) -> PostgresqlServer:
        """The server that all rivals share: that of the tests."""
        return self._stack.enter_context(postgresql_server())

    @contextmanager
    def database(self, store: str) -> Iterator[str]:
        """Give the address of an empty store."""
        self._databases += 1
        if store == "SQLite":
            with TemporaryDirectory(dir=self.folder) as folder:
                yield f"sqlite+aiosqlite:///{folder}/benchmark.db"
        else:
            with self.postgresql.fresh_database(f"creditgraph_bench_{self._databases}") as url:
                yield url

    @contextmanager
    def service(self, url: str, *options: str, **settings: object) -> Iterator["Service"]:
        """Serve a store as an operator does."""
        store = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
        given = {
            "read_connections": READ_CONNECTIONS[store],
            "cost_limit": UNBOUND,
            "cost_restore_rate": UNBOUND,
            **settings,
        }
        with served(url, self.folder, *options, **given) as process, http_client() as http:
            yield Service(process, operator_of(process, http, {}))


class Service:
    """The service under measurement, with its operator."""

    def __init__(self, process: ServerProcess, operator: Caller) -> None:
        self.process = process
        self.operator = operator
        self.url = process.url

    def account(self, name: str = "Acme") -> Caller:
        """Make a postpaid account with a key."""
        return account_by(self.operator, name)
