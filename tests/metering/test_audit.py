"""The audit finds every kind of tampering, names it, and finds nothing where nothing is wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from metering.audit import Audit, audit
from models.database import Database
from models.identity import IdKind, format_id
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.clock import SettableClock
from tests.databases.opened import opened_with_prices
from tests.tenant import Tenant, new_tenant

CALL = "PHONE twilio 5 MINUTES"
CHAT = "GPT gpt-4o-mini 3000 TOKENS"


@dataclass(frozen=True, slots=True)
class Books:
    """An account with 100 credits paid by a grant, 3 by overdraft, and a void; nobody verifies it afterwards."""

    tenant: Tenant
    grant: Grant
    workflow: Workflow
    usage: ServiceUsage
    voided: ServiceUsage

    async def tamper(self, statement: str) -> None:
        """Change the store behind the service's back, whatever its constraints say."""
        engine = create_async_engine(self.tenant.database.url)
        try:
            async with engine.begin() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    async def differences(self) -> list[tuple[str, str, str]]:
        """Give what the audit finds: the figure, what is recorded, what the records add up to."""
        found = await audited(self.tenant.database)
        assert {difference.account_id for difference in found.differences} <= {self.tenant.account_id}
        return [(d.what, str(d.recorded), str(d.recomputed)) for d in found.differences]


@pytest.fixture
async def books(database_url: str, clock: SettableClock) -> AsyncIterator[Books]:
    async with opened_with_prices(database_url, clock) as database:
        tenant = await new_tenant(database)
        grant = await tenant.grant("100")
        workflow = await tenant.start()
        usage, _, voided = await tenant.add(workflow, CALL, CHAT, CALL)
        await tenant.void(voided)
        bystander = await new_tenant(database, "Bystander")
        await bystander.add(await bystander.start(), CALL)
        yield Books(tenant, grant, workflow, usage, voided)


async def audited(database: Database) -> Audit:
    async with database.read() as session:
        return await session.run_sync(audit)


async def test_right_books_show_no_difference(books: Books) -> None:
    found = await audited(books.tenant.database)
    assert found.ok
    assert (found.account_count, found.usage_count, found.transfer_count) == (2, 4, 6)


async def test_one_account_can_be_audited_alone(books: Books) -> None:
    async with books.tenant.database.read() as session:
        found = await session.run_sync(lambda inner: audit(inner, account_id=books.tenant.account_id))
    assert found == Audit(account_count=1, transfer_count=5, usage_count=3, differences=())


async def test_an_empty_store_is_right(database: Database) -> None:
    assert await audited(database) == Audit(0, 0, 0, ())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("granted = granted + 1", [("balance granted", "100.000001", "100")]),
        (
            "spent = spent - 1000000",
            [("balance spent", "102", "103"), ("spending by its usages", "102", "103")],
        ),
        ("overdraft = overdraft + 2", [("balance overdraft", "3.000002", "3")]),
        (
            "granted = granted + 5, expired = 5",
            [("balance granted", "100.000005", "100"), ("balance expired", "0.000005", "0")],
        ),
    ],
)
async def test_a_wrong_balance_is_found(books: Books, change: str, found: list[tuple[str, str, str]]) -> None:
    await books.tamper(f"UPDATE account SET {change} WHERE name = 'Acme'")
    assert await books.differences() == found


async def test_a_wrong_remainder_is_found(books: Books) -> None:
    await books.tamper("UPDATE credit_grant SET remaining = 7000000")
    assert await books.differences() == [
        (f"remainder of {format_id(IdKind.GRANT, books.grant.id)}", "7", "0")
    ]


async def test_a_missing_transfer_is_found(books: Books) -> None:
    await books.tamper("DELETE FROM ledger_transfer WHERE amount = 3000000")
    found = await books.differences()
    assert found[:2] == [("balance spent", "103", "100"), ("balance overdraft", "3", "0")]
    [(payment, recorded, recomputed)] = found[2:]
    assert (payment.split("_")[0], recorded, recomputed) == ("payment of usage", "3", "0")


async def test_a_missing_grant_transfer_is_found(books: Books) -> None:
    await books.tamper("DELETE FROM ledger_transfer WHERE debit_book = 'ISSUED'")
    assert await books.differences() == [
        ("balance granted", "100", "0"),
        (f"remainder of {format_id(IdKind.GRANT, books.grant.id)}", "0", "-100"),
    ]


async def test_a_changed_transfer_is_found(books: Books) -> None:
    await books.tamper("UPDATE ledger_transfer SET amount = amount + 1 WHERE amount = 3000000")
    found = await books.differences()
    assert found[:2] == [("balance spent", "103", "103.000001"), ("balance overdraft", "3", "3.000001")]
    assert [each[1:] for each in found[2:]] == [("3", "3.000001")]


async def test_a_payment_moved_to_another_usage_is_found(books: Books) -> None:
    await books.tamper(
        "UPDATE ledger_transfer SET service_usage_id = (SELECT id FROM service_usage WHERE voided_at IS NOT NULL) "
        "WHERE amount = 3000000"
    )
    found = await books.differences()
    assert sorted(each[1:] for each in found) == [("0", "3"), ("3", "0")]
    assert (f"payment of {format_id(IdKind.SERVICE_USAGE, books.voided.id)}", "0", "3") in found


async def test_a_repriced_usage_is_found(books: Books) -> None:
    await books.tamper("UPDATE service_usage SET credits = 4000000 WHERE credits = 3000000")
    found = await books.differences()
    assert [each[1:] for each in found] == [("4", "3"), ("103", "104"), ("103", "104")]
    assert [each[0].split("_")[0] for each in found] == [
        "payment of usage",
        "total of workflow",
        "spending by its usages",
    ]


async def test_a_void_without_a_refund_is_found(books: Books) -> None:
    await books.tamper("UPDATE service_usage SET voided_at = recorded_at WHERE credits = 3000000")
    run = format_id(IdKind.WORKFLOW, books.workflow.id)
    found = await books.differences()
    assert found[0][0].startswith("payment of usage_")
    assert found[0][1:] == ("0", "3")
    assert found[1:] == [
        (f"total of {run}", "103", "100"),
        (f"usage count of {run}", "2", "1"),
        ("spending by its usages", "103", "100"),
    ]


async def test_wrong_totals_of_a_run_are_found(books: Books) -> None:
    await books.tamper(
        "UPDATE workflow SET total_credits = total_credits - 1, usage_count = 9 WHERE usage_count = 2"
    )
    run = format_id(IdKind.WORKFLOW, books.workflow.id)
    assert await books.differences() == [
        (f"total of {run}", "102.999999", "103"),
        (f"usage count of {run}", "9", "2"),
    ]


async def test_the_store_refuses_what_no_books_may_hold(books: Books) -> None:
    # A check of the database stands behind each bound; the audit need not look for these.
    for statement in (
        "UPDATE account SET overdraft = -1",
        "UPDATE account SET spent = spent + 1",
        "UPDATE credit_grant SET remaining = amount + 1",
        "UPDATE ledger_transfer SET amount = 0",
        "UPDATE ledger_transfer SET credit_book = debit_book",
        "UPDATE ledger_transfer SET grant_id = NULL",
        "UPDATE workflow SET status = 'COMPLETED'",
        "UPDATE service_usage SET micro_units = 0",
    ):
        with pytest.raises(IntegrityError):
            await books.tamper(statement)
    assert await books.differences() == []
