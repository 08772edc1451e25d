"""A COMMIT that fails spoils no later write, whatever the store has left open."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from models.availability import StoreUnavailable
from models.writer import Command
from tests.databases.opened import opened
from tests.models.probes import append, name_of, new_account

SQLITE = (
    "CREATE TEMP TABLE there (id INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE doomed (id INTEGER REFERENCES there (id) DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO doomed VALUES (1)",
)
POSTGRESQL = (
    "CREATE TEMP TABLE doomed (id INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP",
    "INSERT INTO doomed VALUES (1), (1)",
)


async def test_a_failed_commit_is_over_when_its_caller_hears_of_it(database_url: str) -> None:
    async with opened(database_url) as database:
        account_id: UUID = await new_account(database)

        def doom(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
            for statement in SQLITE if database.is_sqlite else POSTGRESQL:
                session.connection().exec_driver_sql(statement)

        with pytest.raises(StoreUnavailable):
            await database.write(Command(account_id, doom))
        assert await database.write(append(account_id, "on")) == ["o", "n"]
        assert await name_of(database, account_id) == "on"
