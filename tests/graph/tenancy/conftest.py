"""Two accounts with one of everything each: the one that is walked from, and the one that must not be seen."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from models.database import Database
from models.writer import Command
from tests.door import Door, opened_door
from tests.graph.tenancy.asking import Caller
from tests.graph.tenancy.estate import Estate, new_estate


@dataclass(frozen=True, slots=True)
class Neighbours:
    """An account that asks, and another one whose handles it has."""

    mine: Estate
    theirs: Estate

    def caller(self, ask: Door, secret: str | None = None) -> Caller:
        """Ask as the one account, by its own key or one of fewer rights."""
        return Caller(ask, self.mine, secret or self.mine.secret)


@pytest.fixture
async def ask(database: Database) -> AsyncIterator[Door]:
    """The service without limits of points: a walk asks more in a moment than a key may."""
    async with opened_door(database, cost_limit=0) as door:
        yield door


@pytest.fixture
async def neighbours(ask: Door, operator: str, database: Database) -> Neighbours:
    """Make both, and let the notes of their keys' use be written."""
    mine = await new_estate(ask, operator, "quagga", "6543.21")
    theirs = await new_estate(ask, operator, "zebras", "7654.32")
    for estate in (mine, theirs):
        await settled(database, estate)
    return Neighbours(mine, theirs)


async def settled(database: Database, estate: Estate) -> None:
    """Wait for what is written behind an account's answers: the first request of a minute notes its key's use."""
    await database.write(Command(estate.tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
