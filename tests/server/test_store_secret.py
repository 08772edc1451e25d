"""The store's secret as a process knows it: asked for once, however many operations need it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from models.database import Database
from models.migrations import migrate
from server.store_secret import KnownSecret
from tests.databases.opened import opened
from tests.databases.statements import statements


async def test_it_is_read_once_in_a_process_and_made_once_for_all(database: Database) -> None:
    first, second = KnownSecret(database, "cursors"), KnownSecret(database, "cursors")
    with statements(database) as sent:
        found = await asyncio.gather(*(each.value() for each in (first, second) for _ in range(10)))
        assert len(set(found)) == 1
        asked = len(sent)
        assert await first.value() == await second.value() == found[0]
        assert len(sent) == asked
    with statements(database) as sent:
        assert await KnownSecret(database, "cursors").value() == found[0]
    assert [text.split()[0] for text in sent if not text.startswith("BEGIN")] == ["SELECT"]


async def test_a_store_that_could_not_answer_is_asked_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'late.db'}"
    async with opened(url) as database:
        secret = KnownSecret(database, "cursors")
        with pytest.raises(OperationalError, match="no such table: store_secret"):
            await secret.value()
        await migrate(url)
        assert len(await secret.value()) == 32
