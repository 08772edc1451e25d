"""Balances have a bound and turnover has none: what moved may be more than 64 bits hold."""

from datetime import timedelta

from metering.auditing import audit, past_balance
from models.database import Database
from tests.clock import SettableClock
from tests.metering.auditing.tampering import OF_ACME, Store
from tests.tenant import Tenant, new_tenant

MOST = "999999999999"
HALF = "499999999999"
OFTEN = 10
"""Ten times the most that an account can hold is more than 2**63 micro-credits."""


async def proven(tenant: Tenant, clock: SettableClock) -> list[str]:
    """Audit the store and the tenant; give available, held, granted, spent, overdraft."""
    database = tenant.database
    assert (await database.ask(audit)).differences == ()
    alone = await database.ask(lambda session: audit(session, account_id=tenant.account_id))
    assert alone.differences == ()
    found = await database.ask(
        lambda session: past_balance(session, account_id=tenant.account_id, as_of=clock.now)
    )
    return [str(each) for each in (found.available, found.held, found.granted, found.spent, found.overdraft)]


async def test_holds_that_come_and_go_on_credit(tenant: Tenant, clock: SettableClock) -> None:
    run = await tenant.start()
    for _ in range(OFTEN):
        await tenant.release(await tenant.hold(run, MOST))
    assert await proven(tenant, clock) == ["0", "0", "0", "0", "0"]
    await tenant.hold(run, MOST)
    assert await proven(tenant, clock) == ["0", MOST, "0", "0", "0"]


async def test_holds_that_come_and_go_on_a_grant(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant(MOST)
    run = await prepaid.start()
    for _ in range(OFTEN):
        await prepaid.release(await prepaid.hold(run, MOST))
    assert await proven(prepaid, clock) == [MOST, "0", MOST, "0", "0"]


async def test_a_hold_that_lends_and_gets_back(tenant: Tenant, clock: SettableClock) -> None:
    run = await tenant.start()
    child = await tenant.start("step", parent_workflow_id=run.id)
    await tenant.hold(run, HALF, expires_in=timedelta(hours=2))
    for _ in range(2 * OFTEN):
        await tenant.release(await tenant.hold(child, HALF))
    await tenant.hold(child, "1")
    assert await proven(tenant, clock) == ["0", HALF, "0", "0", "0"]


async def test_usages_that_are_voided(tenant: Tenant, clock: SettableClock) -> None:
    run = await tenant.start()
    for _ in range(OFTEN):
        [usage] = await tenant.add(run, "PHONE twilio 49999999999 MINUTES")
        await tenant.void(usage)
    await tenant.add(run, "PHONE twilio 49999999999 MINUTES")
    assert await proven(tenant, clock) == ["0", "0", "0", "999999999980", "999999999980"]


async def test_grants_that_are_taken_back(prepaid: Tenant, clock: SettableClock) -> None:
    for _ in range(OFTEN):
        await prepaid.void_grant(await prepaid.grant(MOST))
    await prepaid.grant("5")
    assert await proven(prepaid, clock) == ["5", "0", "5", "0", "0"]


async def test_accounts_that_hold_more_together_than_64_bits(
    database: Database, clock: SettableClock
) -> None:
    for _ in range(OFTEN):
        rich = await new_tenant(database, "Rich")
        await rich.grant(MOST)
    assert await proven(rich, clock) == [MOST, "0", MOST, "0", "0"]


async def test_amounts_that_nobody_can_hold_are_told_exactly(books: Store) -> None:
    await books.tamper(
        f"UPDATE ledger_transfer SET amount = {2**63 - 1} WHERE amount < 101000000 AND {OF_ACME}"
    )
    found = await books.differences()
    assert found[:2] == [
        "balance granted: 100, not 9223372036854.775807",
        "balance spent: 103, not 18446744073709.551614",
    ]


async def test_costs_that_nobody_can_pay_are_told_exactly(books: Store) -> None:
    await books.tamper(f"UPDATE service_usage SET credits = {2**63 - 1} WHERE {OF_ACME}")
    found = await books.differences()
    assert "spending by its usages: 103, not 18446744073709.551614" in found
    assert "total of the run: 103, not 18446744073709.551614" in found
    assert "spending of the key: 103, not 18446744073709.551614" in found
