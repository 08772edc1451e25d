"""Locks held by others, conflicts, a store that goes away: tried again where that helps, else StoreUnavailable."""

import asyncio
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text, update
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from models.account import Account
from models.availability import OutcomeUnknown, StoreUnavailable
from models.writer import Command
from tests.databases.opened import opened
from tests.databases.postgresql import PostgresqlServer
from tests.models.probes import append, append_together, name_of, new_account

HOLD_THE_LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(0.4)
connection.execute("UPDATE account SET name = name || 'other,'")
connection.execute("COMMIT")
"""


async def test_sqlite_waits_for_another_process(sqlite_database_url: str) -> None:
    async with opened(sqlite_database_url) as database:
        account_id = await new_account(database)
        command = [sys.executable, "-c", HOLD_THE_LOCK, str(database.url.database)]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"held\n"
        assert await database.write(append(account_id, "ours")) == ["o", "u", "r", "s"]
        assert await process.wait() == 0
        assert await name_of(database, account_id) == "other,ours"


async def test_reads_on_sqlite_do_not_wait_for_a_writer(sqlite_database_url: str) -> None:
    async with opened(sqlite_database_url) as database:
        account_id = await new_account(database, "seen")
        other = sqlite3.connect(str(database.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(2):
            assert await name_of(database, account_id) == "seen"
        other.execute("ROLLBACK")
        other.close()


async def test_what_sqlite_rolls_back_by_itself_is_not_continued(sqlite_database_url: str) -> None:
    """A full disk ends a transaction without being asked; so does OR ROLLBACK, which every disk can do."""
    async with opened(sqlite_database_url) as database:
        account_id = await new_account(database)

        def lose(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb's signature
            session.execute(text("INSERT OR ROLLBACK INTO account SELECT * FROM account"))

        commands = [
            append_together(account_id, "before"),
            Command(account_id, lose),
            append(account_id, "after"),
        ]
        writes = [database.write(command) for command in commands]  # type: ignore[call-overload] # both kinds
        answers = await asyncio.gather(*writes, return_exceptions=True)
        # The first may have gone alone; whoever shared the transaction hears that nothing was recorded.
        acknowledged = "".join(letter for answer in answers if isinstance(answer, list) for letter in answer)
        assert isinstance(answers[1], StoreUnavailable)
        assert await name_of(database, account_id) == acknowledged
        assert await database.write(append(account_id, ".")) == ["."]


async def test_a_conflict_on_postgresql_is_tried_again(postgresql_database_url: str) -> None:
    async with opened(postgresql_database_url) as database:
        account_id = await new_account(database)
        tries: list[str] = []

        def meet_a_conflict(session: Session, *, now: datetime) -> str:  # noqa: ARG001 - a verb's signature
            """Change under REPEATABLE READ, the first time, what another session has just changed: 40001."""
            tries.append("try")
            if len(tries) == 1:
                raise_serialization_failure(session)
            session.execute(update(Account).where(Account.id == account_id).values(name="done"))
            return "done"

        neighbour = database.write(append(account_id, "ab"))
        answers = await asyncio.gather(neighbour, database.write(Command(account_id, meet_a_conflict)))
        assert answers == [["a", "b"], "done"]
        assert tries == ["try", "try"]
        assert await name_of(database, account_id) == "done"


def raise_serialization_failure(session: Session) -> None:
    session.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))


async def test_a_deadlock_on_postgresql_is_tried_again(postgresql_database_url: str) -> None:
    """Another session locks in the opposite order: the server ends one of the two, and both are done."""
    async with opened(postgresql_database_url) as database:
        one, other = [await new_account(database) for _ in range(2)]
        engine = create_async_engine(postgresql_database_url)
        async with engine.connect() as connection:
            await connection.execute(text("SET deadlock_timeout = '5s'"))  # so that it is ours that is ended
            await connection.execute(_append_by_hand(other))
            ours = asyncio.create_task(database.write(Command(one, _Both(one, other))))
            await _until_somebody_waits(connection)
            await connection.execute(_append_by_hand(one))
            await connection.commit()
        await engine.dispose()
        assert await ours == 2
        assert [await name_of(database, each) for each in (one, other)] == ["theirs,ours,", "theirs,ours,"]


class _Both:
    """Changes two accounts; counts how often it had to."""

    def __init__(self, *account_ids: UUID) -> None:
        self.account_ids = account_ids
        self.tries = 0

    def __call__(self, session: Session, *, now: datetime) -> int:  # noqa: ARG002 - a verb's signature
        self.tries += 1
        for account_id in self.account_ids:
            session.execute(
                update(Account)
                .where(Account.id == account_id)
                .values(name=Account.name + "ours,")
                .execution_options(synchronize_session=False)
            )
        return self.tries


def _append_by_hand(account_id: UUID) -> Any:
    return update(Account).where(Account.id == account_id).values(name=Account.name + "theirs,")


async def _until_somebody_waits(connection: Any) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while not await connection.scalar(waiting):
            # Within one transaction the server would show the same moment again and again.
            await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
            await asyncio.sleep(0.01)


async def test_writing_survives_a_crash_of_the_server(
    postgresql: PostgresqlServer, postgresql_database_url: str
) -> None:
    async with opened(postgresql_database_url) as database:
        account_id = await new_account(database)
        await database.write(append(account_id, "before,"))
        await asyncio.to_thread(postgresql.restart_immediately)
        await database.write(append(account_id, "after"))
        assert await name_of(database, account_id) == "before,after"


async def test_a_commit_that_nobody_heard_of_is_not_tried_again(postgresql_database_url: str) -> None:
    async with opened(postgresql_database_url) as database:
        account_id = await new_account(database)
        commits: list[int] = []

        def cut(connection: Connection) -> None:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
            commits.append(pid)
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(asyncio.run, end_backend(postgresql_database_url, pid)).result()

        event.listen(database.writer, "commit", cut)
        with pytest.raises(OutcomeUnknown):
            await database.write(append(account_id, "lost"))
        event.remove(database.writer, "commit", cut)
        assert len(commits) == 1
        await database.write(append(account_id, "on"))
        assert await name_of(database, account_id) == "on"


async def end_backend(url: str, pid: int) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))
    await engine.dispose()


async def test_a_store_that_is_gone_is_unavailable() -> None:
    async with opened("postgresql+asyncpg://nobody@127.0.0.1:1/nowhere") as database:
        with pytest.raises(StoreUnavailable, match="nothing was recorded"):
            await new_account(database)
