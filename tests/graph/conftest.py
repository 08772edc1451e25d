"""The graph is tested as callers meet it: whole operations over HTTP, on both databases."""

from collections.abc import AsyncIterator

import pytest

from models.api_key import Scope
from models.database import Database
from tests.door import Door, opened_door
from tests.tenant import issue


@pytest.fixture
async def ask(database: Database) -> AsyncIterator[Door]:
    """The service over the test's own store: `await ask(key, query, variables)` gives status and JSON."""
    async with opened_door(database) as door:
        yield door


@pytest.fixture
async def operator(database: Database) -> str:
    """The secret of a key that acts across accounts and may do everything."""
    return (await issue(database, None, "operator", tuple(Scope)))[1]
