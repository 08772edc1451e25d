"""The balance of any past moment, worked out from the transfers posted until then."""

from datetime import datetime, timedelta

from metering.auditing import PastBalance, past_balance, past_balances
from models.database import Database
from tests.clock import NOON, SettableClock
from tests.metering.auditing.tampering import CALL, CHAT
from tests.tenant import Tenant, new_tenant

HOUR = timedelta(hours=1)
NAMES = ("available", "held", "granted", "spent", "overdraft", "expired")


async def balance(tenant: Tenant, as_of: datetime) -> str:
    """Give what past_balance says, in the order of NAMES."""
    found: PastBalance = await tenant.database.ask(
        lambda session: past_balance(session, account_id=tenant.account_id, as_of=as_of)
    )
    assert found.account_id == tenant.account_id
    return " ".join(str(getattr(found, name)) for name in NAMES)


async def test_a_day_is_told_hour_by_hour(tenant: Tenant, clock: SettableClock) -> None:
    await tenant.grant("100", expires_at=NOON + 8 * HOUR)
    clock.forward(hours=1)
    run = await tenant.start()
    hold = await tenant.hold(run, "120", expires_in=timedelta(days=1))
    clock.forward(hours=1)
    [call] = await tenant.add(run, CALL)
    clock.forward(hours=1)
    await tenant.release(hold)
    clock.forward(hours=1)
    await tenant.void(call)
    clock.forward(hours=1)
    await tenant.add(run, CHAT)
    assert [await balance(tenant, NOON + hours * HOUR) for hours in range(-1, 6)] == [
        "0 0 0 0 0 0",
        "100 0 100 0 0 0",
        "0 120 100 0 0 0",
        "0 20 100 100 0 0",
        "0 0 100 100 0 0",
        "100 0 100 0 0 0",
        "97 0 100 3 0 0",
    ]
    assert await balance(tenant, NOON - timedelta(microseconds=1)) == "0 0 0 0 0 0"


async def test_what_usages_owe_is_overdraft_and_what_holds_borrow_is_not(
    tenant: Tenant, clock: SettableClock
) -> None:
    run = await tenant.start()
    await tenant.hold(run, "103", expires_in=timedelta(days=1))
    clock.forward(hours=1)
    await tenant.add(run, CALL)
    clock.forward(hours=1)
    await tenant.end(run)
    assert [await balance(tenant, NOON + hours * HOUR) for hours in range(3)] == [
        "0 103 0 0 0 0",
        "0 3 0 100 100 0",
        "0 0 0 100 100 0",
    ]


async def test_a_grant_is_available_while_it_is_in_effect(tenant: Tenant, clock: SettableClock) -> None:
    await tenant.grant("5", effective_at=NOON + 2 * HOUR, expires_at=NOON + 4 * HOUR)
    clock.forward(hours=6)
    await tenant.grant("1")  # the first verb after the expiry posts it
    assert [await balance(tenant, NOON + hours * HOUR) for hours in (1, 2, 3, 4, 5, 6)] == [
        "0 0 5 0 0 0",
        "5 0 5 0 0 0",
        "5 0 5 0 0 0",
        "0 0 5 0 0 0",
        "0 0 5 0 0 0",
        "1 0 6 0 0 5",
    ]


async def test_a_voided_grant_was_given_until_then(tenant: Tenant, clock: SettableClock) -> None:
    grant = await tenant.grant("5")
    clock.forward(hours=1)
    await tenant.void_grant(grant)
    assert await balance(tenant, NOON) == "5 0 5 0 0 0"
    assert await balance(tenant, clock.now) == "0 0 0 0 0 0"


async def test_the_last_past_balance_is_the_present_one(tenant: Tenant, clock: SettableClock) -> None:
    await tenant.grant("40")
    run = await tenant.start()
    await tenant.hold(run, "50")
    await tenant.add(run, CALL)
    account = await tenant.account()
    present = (account.held, account.granted, account.spent, account.owed, account.expired)
    assert await balance(tenant, clock.now) == " ".join(["0", *map(str, present)])


async def test_all_accounts_are_told_at_once(database: Database, clock: SettableClock) -> None:
    first, _idle, second = [await new_tenant(database, name) for name in ("first", "idle", "second")]
    await first.grant("1")
    await second.grant("2")
    await second.grant("3", effective_at=NOON + HOUR)
    found = await database.ask(lambda session: past_balances(session, as_of=clock.now))
    assert [(each.account_id, str(each.available), str(each.granted)) for each in found] == [
        (first.account_id, "1", "1"),
        (second.account_id, "2", "5"),
    ]
    assert await database.ask(lambda session: past_balances(session, as_of=NOON - HOUR)) == []
