"""`creditgraph analytics`, as an operator types it."""

import asyncio
from pathlib import Path

from sqlalchemy import delete

from metering.auditing import audit
from models.database import Database
from models.identity import IdKind, format_id, new_id
from models.rollup import UsageRollup
from models.writer import Command
from tests.server.test_cli import Shell
from tests.tenant import Tenant, new_tenant


async def test_rollups_are_rebuilt(
    database: Database, database_url: str, tenant: Tenant, tmp_path: Path
) -> None:
    shell = Shell(database_url, tmp_path)
    other = await new_tenant(database, "Other")
    for each in (tenant, other):
        await each.add(await each.start(), "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
    forgotten = delete(UsageRollup)
    await database.write(Command(None, lambda session, *, now: session.execute(forgotten) and None))  # noqa: ARG005 - a verb
    assert len((await database.ask(audit)).differences) == 12
    account = format_id(IdKind.ACCOUNT, tenant.account_id)
    assert (
        await asyncio.to_thread(shell.answer, "analytics", "rebuild", "--account", account)
        == "Rebuilt 8 rows of 1 account.\n"
    )
    assert len((await database.ask(audit)).differences) == 6
    assert await asyncio.to_thread(shell.answer, "analytics", "rebuild") == "Rebuilt 16 rows of 2 accounts.\n"
    assert (await database.ask(audit)).ok
    nobody = format_id(IdKind.ACCOUNT, new_id())
    assert (
        await asyncio.to_thread(shell.refusal, "analytics", "rebuild", "--account", nobody)
        == "Error: There is no such account."
    )
