"""What the whole store holds: exact, and found without looking through what has long been over."""

import pytest
from sqlalchemy import Select, text
from sqlalchemy.orm import Session

from metering.figures import (
    OPEN_HOLDS,
    RUNNING_WORKFLOWS,
    UNSENT_DELIVERIES,
    LedgerFigures,
    ledger_figures,
)
from models.database import Database
from pricing.credits import Credits
from tests.databases.statements import statements
from tests.hooks import dispatch, happen, new_endpoint
from tests.tenant import Tenant, new_tenant


async def test_an_empty_store(database: Database) -> None:
    nothing = Credits.ZERO
    assert await database.ask(ledger_figures) == LedgerFigures(nothing, nothing, nothing, 0, 0, 0)


async def test_all_accounts_are_added_up(database: Database, tenant: Tenant, prepaid: Tenant) -> None:
    another = await new_tenant(database, "Another", overdraft_limit="50")
    await tenant.add(await tenant.start(), "PHONE twilio 5 MINUTES")
    await prepaid.grant("100.5")
    run = await prepaid.start()
    await prepaid.hold(run, "40")
    await prepaid.end(await prepaid.start())
    # Held on credit: set aside, but not owed yet.
    await another.hold(await another.start(), "20")
    await new_endpoint(tenant)
    await happen(tenant)  # beside what its usage has done
    await dispatch(tenant)
    with statements(database) as sent:
        figures = await database.ask(ledger_figures)
    assert figures == LedgerFigures(
        unspent=Credits.parse("60.5"),
        held=Credits.whole(60),
        owed=Credits.whole(100),
        open_holds=2,
        running_workflows=3,
        unsent_deliveries=2,
    )
    assert len([statement for statement in sent if statement != "BEGIN"]) == 4


@pytest.mark.parametrize(
    ("counting", "index"),
    [
        (OPEN_HOLDS, "ix_credit_hold_open"),
        (RUNNING_WORKFLOWS, "ix_workflow_running"),
        (UNSENT_DELIVERIES, "ix_webhook_delivery_due"),
    ],
)
async def test_what_is_open_is_counted_in_an_index_of_it(
    database: Database, counting: Select[int], index: str
) -> None:
    def plan(session: Session) -> str:
        dialect = session.get_bind().dialect
        statement = counting.compile(dialect=dialect)
        assert not statement.params
        if not database.is_sqlite:
            # A table that is empty is read as it stands.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        return "\n".join(str(row) for row in session.execute(text(f"{explain} {statement}")))

    assert index in await database.ask(plan)
