"""PostgreSQL ends an aborted transaction by rolling back, and says nothing of it: a COMMIT passes all the same."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.databases.opened import opened
from tests.models.probes import append, name_of, new_account

GIVE_UP = "DO $$ BEGIN RAISE SQLSTATE '57014'; END $$"


@pytest.mark.parametrize("word", ["SAVEPOINT", "RELEASE", "ROLLBACK TO"])
async def test_a_savepoint_that_fails_takes_no_acknowledgement_with_it(
    postgresql_database_url: str, word: str
) -> None:
    """The first of three callers is done when the second one's savepoint breaks the transaction."""
    async with opened(postgresql_database_url) as database:
        account_id = await new_account(database)
        seen: list[str] = []

        def give_up(connection: Connection, _cursor: object, statement: str, *_rest: Any) -> None:
            if statement.startswith(word):
                seen.append(statement)
                if len(seen) == (1 if word == "ROLLBACK TO" else 2):
                    connection.exec_driver_sql(GIVE_UP)

        event.listen(database.writer, "before_cursor_execute", give_up)
        # A bug in the second makes it roll back to its savepoint.
        writes = [database.write(append(account_id, letters)) for letters in ("a", "!", "c")]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        event.remove(database.writer, "before_cursor_execute", give_up)
        acknowledged = "".join("".join(each) for each in answers if isinstance(each, list))
        assert await name_of(database, account_id) == acknowledged
        assert isinstance(answers[1], Exception)
        assert await database.write(append(account_id, "d")) == ["d"]
