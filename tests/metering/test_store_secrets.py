"""The store's secrets: made once, however many need one at the same time."""

import asyncio
from functools import partial

from metering.store_secrets import find_store_secret, make_store_secret
from models.database import Database
from models.writer import Command
from tests.clock import SettableClock
from tests.databases.opened import opened


async def test_all_processes_have_the_same_secret(
    database: Database, database_url: str, clock: SettableClock
) -> None:
    assert await database.ask(lambda session: find_store_secret(session, "one")) is None
    made = Command(None, partial(make_store_secret, name="one"))
    async with opened(database_url, clock) as another:
        found = await asyncio.gather(*(each.write(made) for each in (database, another) for _ in range(10)))
        assert await another.ask(lambda session: find_store_secret(session, "one")) == found[0]
    assert len(set(found)) == 1
    assert len(found[0]) == 32


async def test_secrets_of_different_names_differ(database: Database) -> None:
    one, two = [
        await database.write(Command(None, partial(make_store_secret, name=name))) for name in ("one", "two")
    ]
    assert one != two
