"""The store as a command sees it: migrated, open for one piece of work, closed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import typer

from models.actor import COMMAND_LINE
from models.database import Database, Question
from models.migrations import migrate
from models.writer import Command, Verb
from server.commands import values
from server.settings import DEFAULT_DATABASE_URL

Answer = TypeVar("Answer")

DatabaseUrl = Annotated[
    str,
    typer.Option(
        envvar="CREDITGRAPH_DATABASE_URL",
        help="The store: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
    ),
]
DEFAULT = DEFAULT_DATABASE_URL


def on_store(database_url: str, work: Callable[[Database], Awaitable[Answer]]) -> Answer:
    """Migrate the store where it is empty or older, do the work, and close the store.

    Raises InvalidSettings, NewerSchema, UnreachableStore, StoreUnavailable, and the work's own refusals.
    """
    return asyncio.run(_on_store(values.database_url(database_url), work))


def write_once(database_url: str, verb: Verb[Answer]) -> Answer:
    """Run one verb that concerns the service as a whole, and give its answer after the commit."""
    return on_store(database_url, lambda database: database.write(Command(None, verb, COMMAND_LINE)))


def ask(database_url: str, question: Question[Answer]) -> Answer:
    """Ask the store something within one snapshot."""
    return on_store(database_url, lambda database: database.ask(question))


@asynccontextmanager
async def open_store(database_url: str) -> AsyncIterator[Database]:
    """Migrate the store and open it for reading and writing."""
    await migrate(database_url)
    database = Database(database_url)
    await database.start()
    try:
        yield database
    finally:
        await database.close()


async def _on_store(database_url: str, work: Callable[[Database], Awaitable[Answer]]) -> Answer:
    async with open_store(database_url) as database:
        return await work(database)
