"""What a refusal leaves behind: nothing, in any table."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import func, select

from models import tables
from models.database import Database

Counts = dict[str, int]
NothingWritten = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def counts(database: Database) -> Callable[[], Awaitable[Counts]]:
    """Count the rows of every table."""

    async def count() -> Counts:
        async with database.read() as session:
            return {
                name: (await session.scalars(select(func.count()).select_from(table))).one()
                for name, table in tables.metadata.tables.items()
            }

    return count


@pytest.fixture
def nothing_written(counts: Callable[[], Awaitable[Counts]]) -> NothingWritten:
    """A block in which no table gains or loses a row."""

    @asynccontextmanager
    async def unchanged():  # noqa: ANN202 - a generator of nothing
        before = await counts()
        yield
        assert await counts() == before

    return unchanged
