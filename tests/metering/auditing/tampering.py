"""Stores that tests tamper with behind the service's back, and what the audit says of it in plain words."""

import re
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from metering.auditing import audit
from models.database import Database
from models.identity import IdKind, format_id
from models.ledger import LedgerTransfer
from tests.tenant import Tenant

CALL = "PHONE twilio 5 MINUTES"
CHAT = "GPT gpt-4o-mini 3000 TOKENS"
OF_ACME = "account_id = (SELECT id FROM account WHERE name = 'Acme')"
CHECKS = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
ROLLUP = "rollup by "
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Store:
    """A store with the account Acme and Bystander beside it; `names` are what ids stand for."""

    tenant: Tenant
    bystander: Tenant
    names: dict[str, str]

    @property
    def database(self) -> Database:
        """The store's database."""
        return self.tenant.database

    async def attempt(self, statement: str) -> None:
        """Send a statement as an administrator would: triggers and constraints apply."""
        await self._send(statement, armed=True)

    async def tamper(self, statement: str) -> None:
        """Change the store though its triggers, its foreign keys and its checks forbid it."""
        await self._send(statement, armed=False)

    async def differences(self) -> list[str]:
        """Give what the audit finds, e.g. `balance spent: 102, not 103`, whether of all or of Acme alone.

        What differs in rollups, which follow all that they add up, is left to `wrong_rollups`.
        """
        return [line for line in await self._found() if not line.startswith(ROLLUP)]

    async def wrong_rollups(self) -> list[str]:
        """Give what the audit finds in rollups."""
        return [line.removeprefix(ROLLUP) for line in await self._found() if line.startswith(ROLLUP)]

    async def _found(self) -> list[str]:
        found = await self.database.ask(audit)
        assert {difference.account_id for difference in found.differences} <= {self.tenant.account_id}
        alone = await self.database.ask(lambda session: audit(session, account_id=self.tenant.account_id))
        assert alone.differences == found.differences
        names = self.names | await self._transfers()
        lines = [f"{each.what}: {each.recorded}, not {each.recomputed}" for each in found.differences]
        for id_, name in names.items():
            lines = [line.replace(id_, name) for line in lines]
        return [_HASH.sub("#", line) for line in lines]

    async def _transfers(self) -> dict[str, str]:
        async with self.database.read() as session:
            transfers = await session.execute(select(LedgerTransfer.id, LedgerTransfer.sequence))
        return {format_id(IdKind.LEDGER_TRANSFER, id_): f"transfer {number}" for id_, number in transfers}

    async def _send(self, statement: str, *, armed: bool) -> None:
        engine = create_async_engine(self.database.url)
        try:
            async with engine.begin() as connection:
                await (_arm if armed else _disarm)(connection, is_sqlite=self.database.is_sqlite)
                await connection.execute(text(statement))
        finally:
            await engine.dispose()


async def _arm(connection: AsyncConnection, *, is_sqlite: bool) -> None:
    if is_sqlite:
        await connection.exec_driver_sql("PRAGMA foreign_keys = ON")


async def _disarm(connection: AsyncConnection, *, is_sqlite: bool) -> None:
    if not is_sqlite:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table, check in (await connection.execute(text(CHECKS))).all():
            await connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {check}"))
        return
    await connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    triggers = await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.all():
        await connection.exec_driver_sql(f"DROP TRIGGER {name}")
