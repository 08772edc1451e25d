"""The account's credits, followed: exact numbers, how fast they go, and how long they last."""

from typing import Any

from tests.streams import BALANCE, Listener, Served, elsewhere, listener
from tests.tenant import Tenant, new_tenant

PHONE = "PHONE twilio 5 MINUTES"


def balance(sequence: int, **fields: str | int | None) -> dict[str, Any]:
    """What an event tells; zero where nothing else is said."""
    zero = {
        "available": "0",
        "held": "0",
        "spent": "0",
        "overdraft": "0",
        "spendable": None,
        "burnRatePerMinute": "0",
        "secondsToExhaustion": None,
    }
    return {"sequence": sequence} | zero | fields


async def test_a_prepaid_account_is_followed_to_its_exhaustion(live: Served) -> None:
    tenant = await new_tenant(live.database, "Prepaid", overdraft_limit="50")
    async with listener(live.socket_url, tenant.secret) as ear:
        name = await ear.subscribe(BALANCE)
        assert await ear.event(name) == balance(0, spendable="50")
        await tenant.grant("1000")
        assert await ear.event(name) == balance(1, available="1000", spendable="1050")
        run = await tenant.start()
        hold = await tenant.hold(run, "200")
        assert await ear.event(name) == balance(2, available="800", held="200", spendable="850")
        await tenant.add(run, PHONE)
        spending = {"spent": "100", "burnRatePerMinute": "20", "secondsToExhaustion": 2_550}
        assert await ear.event(name) == balance(3, available="800", held="100", spendable="850", **spending)
        await tenant.release(hold)
        spending["secondsToExhaustion"] = 2_850
        assert await ear.event(name) == balance(4, available="900", spendable="950", **spending)
        await tenant.add(run, "PHONE twilio 50 MINUTES")
        spending = {"spent": "1100", "burnRatePerMinute": "220", "secondsToExhaustion": 0}
        assert await ear.event(name) == balance(6, overdraft="100", spendable="0", **spending)


async def test_nothing_exhausts_a_postpaid_account(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.add(run, PHONE)
    event = await ear.event(await ear.subscribe(BALANCE))
    assert event == balance(1, spent="100", overdraft="100", burnRatePerMinute="20")


async def test_what_was_voided_does_not_burn(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    [usage, _] = await tenant.add(run, PHONE, PHONE)
    name = await ear.subscribe(BALANCE)
    assert await ear.event(name) == balance(2, spent="200", overdraft="200", burnRatePerMinute="40")
    await tenant.void(usage)
    after = balance(3, spent="100", overdraft="100", burnRatePerMinute="20")
    assert await ear.event(name) == after
    assert await ear.event(await ear.subscribe(BALANCE)) == after


async def test_after_its_sequence_a_state_is_not_told_again(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.add(run, PHONE)
    earlier = await ear.subscribe(BALANCE, after=0)
    assert (await ear.event(earlier))["sequence"] == 1
    name = await ear.subscribe(BALANCE, after=1)
    await tenant.add(run, PHONE)
    assert (await ear.event(name))["sequence"] == 2
    message = await ear.message(await ear.subscribe(BALANCE, after=3))
    assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "after"}


async def test_another_process_spends(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    name = await ear.subscribe(BALANCE)
    assert await ear.event(name) == balance(0)
    async with elsewhere(tenant) as foreign:
        await foreign.add(run, PHONE)
        event = await ear.event(name)
    assert event == balance(1, spent="100", overdraft="100", burnRatePerMinute="20")


async def test_another_accounts_balance_is_not_heard(live: Served, ear: Listener, tenant: Tenant) -> None:
    other = await new_tenant(live.database, "Other")
    name = await ear.subscribe(BALANCE)
    assert await ear.event(name) == balance(0)
    await other.grant("7")
    await tenant.grant("5")
    assert await ear.event(name) == balance(1, available="5")
