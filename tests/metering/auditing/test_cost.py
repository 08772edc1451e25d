"""What an audit costs: as many statements for many rows as for few, beside the chain's chunks."""

import pytest
from sqlalchemy.dialects import postgresql

from metering.auditing import audit, links
from metering.auditing.usages import checks
from models.database import Database
from tests.databases.statements import statements
from tests.metering.auditing.tampering import CALL, CHAT
from tests.tenant import new_tenant


async def sent_by_an_audit(database: Database) -> int:
    with statements(database) as sent:
        assert (await database.ask(audit)).ok
    return len(sent)


async def busy_account(database: Database, runs: int) -> None:
    tenant = await new_tenant(database)
    await tenant.grant("500")
    for _ in range(runs):
        run = await tenant.start()
        await tenant.hold(run, "50")
        child = await tenant.start("step", parent_workflow_id=run.id)
        await tenant.hold(child, "20")
        *_, voided = await tenant.add(child, CHAT, CALL, CHAT)
        await tenant.void(voided)
        await tenant.end(child)


async def test_an_audit_of_much_is_an_audit_of_little(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy_account(database, 1)
    few = await sent_by_an_audit(database)
    assert few <= 22
    for _ in range(3):
        await busy_account(database, 4)
    assert await sent_by_an_audit(database) == few
    transfers = (await database.ask(audit)).transfer_count
    monkeypatch.setattr(links, "CHUNK", 10)
    assert await sent_by_an_audit(database) == few + transfers // 10


def test_rows_whose_key_is_complete_are_ordered_as_their_index_is() -> None:
    # "NULLS FIRST" over a column that is never null kept PostgreSQL from joining by the index: each usage of
    # an account was compared with all its transfers, and an audit of 170,000 of them did not end.
    usages, *_ = checks(None)
    text = str(usages.statement.compile(dialect=postgresql.dialect()))
    assert "ORDER BY service_usage.account_id, service_usage.id \n LIMIT" in text
