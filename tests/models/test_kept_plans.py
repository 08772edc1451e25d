"""PostgreSQL keeps plans that were made while its tables were small; they find rows by an index all the same."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from metering.tracking import add_service_usages
from models.database import Database
from models.plans import BY_INDEX_ALONE, any_plan
from models.transactions import Transactions
from models.writer import Command, SetCommand, answer_together
from tests.clock import NOON
from tests.models.test_migrations import execute
from tests.tenant import Tenant, given, new_tenant

CALL = "PHONE twilio 5 MINUTES"
BEFORE_A_PLAN_IS_KEPT = 5
READ_WHOLE = text("SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0")
GROWN = """
    INSERT INTO account (id, name, granted, spent, expired, overdraft, held, held_on_credit, transfer_count,
        chain_hash, budgets_version, created_at)
    SELECT gen_random_uuid(), 'one more', 0, 0, 0, 0, 0, 0, 0, '', 0, now() FROM generate_series(1, 5000)
"""


@pytest.fixture
def database_url(postgresql_database_url: str) -> str:
    """SQLite makes no plan by the number of rows."""
    return postgresql_database_url


@pytest.fixture
async def transactions(database: Database) -> AsyncIterator[Transactions]:
    """Commit over one connection, as a lane does."""
    lane = Transactions(database.writer, {})
    yield lane
    await greenlet_spawn(lane.close)


async def add(transactions: Transactions, tenants: list[Tenant]) -> list[str]:
    """Add a usage to a run of each tenant, in one transaction, and name the tables that were read whole."""
    items = [tenant.usage((await tenant.start()).id, CALL) for tenant in tenants]
    commands = [SetCommand(item.account_id, add_service_usages, (item,)) for item in items]

    def work(session: Session) -> list[str]:
        for [answer] in answer_together(session, commands, clock=lambda: NOON):
            given(answer)
        return [*session.scalars(READ_WHOLE)]

    return await greenlet_spawn(transactions.commit, work)


async def test_no_table_is_read_whole_however_it_grows(
    database: Database, database_url: str, transactions: Transactions
) -> None:
    tenants = [await new_tenant(database, f"account {number}") for number in range(4)]
    for _ in range(BEFORE_A_PLAN_IS_KEPT + 2):
        assert await add(transactions, tenants) == []
    await execute(database_url, GROWN)
    assert await add(transactions, tenants) == []
    for tenant in tenants:
        assert (await tenant.account()).transfer_count == BEFORE_A_PLAN_IS_KEPT + 3


async def test_what_reads_a_long_history_is_planned_as_postgresql_likes(database: Database) -> None:
    def settings(session: Session) -> list[str]:
        return [str(session.scalar(text(f"SHOW {name}"))) for name in BY_INDEX_ALONE]

    def verb(session: Session, *, now: datetime) -> list[list[str]]:  # noqa: ARG001 - a verb's signature
        with any_plan(session):
            within = settings(session)
        return [within, settings(session)]

    assert await database.write(Command(None, verb)) == [["on"] * 3, ["off"] * 3]
