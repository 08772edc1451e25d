"""A server process that hostile callers come to, with keys that it knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no type information

from models.api_key import Scope
from tests.databases.opened import opened, run_apart
from tests.hostile.rows.row import KEY, OTHER_KEY
from tests.stories.process import ServerProcess, served
from tests.stories.stores import verify_books
from tests.tenant import issue, new_tenant

# What a key may ask for in a minute has tests of its own; here every row is looked at for its own sake.
SETTINGS = {"cost_limit": 0, "log_format": "json", "log_level": "debug"}


@dataclass(frozen=True, slots=True)
class Target:
    """A server with keys of one account: two that may do all that an account's keys can, and a frontend's."""

    server: ServerProcess
    key: str
    other_key: str
    frontend_key: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.url.rpartition(":")[2])

    @property
    def memory_bytes(self) -> int:
        """How much memory the process holds."""
        return int(psutil.Process(self.server.process_id).memory_info().rss)


@contextmanager
def target_on(database_url: str, folder: Path) -> Iterator[Target]:
    """Serve a store to hostile callers; in the end its books must be right, and its log know of no bug."""
    with served(database_url, folder, **SETTINGS) as server:
        keys = list[str]()
        run_apart(_issue_into(keys, database_url))
        assert len(keys[0]) == len(KEY) == len(OTHER_KEY)
        yield Target(server, *keys)
    verify_books(database_url)


async def _issue_into(keys: list[str], database_url: str) -> None:
    async with opened(database_url) as database:
        tenant = await new_tenant(database)
        _, other = await issue(database, tenant.account_id, "other")
        _, frontend = await issue(database, tenant.account_id, "frontend", (Scope.READ, Scope.TRACK))
    keys += [tenant.secret, other, frontend]
