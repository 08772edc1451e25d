"""Balances, holds and grants as readers see them: by the time, whatever has moved already."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from metering.credits import Restriction, expire_credits
from models.ledger import RestrictionKind
from models.writer import Command
from tests.clock import SettableClock
from tests.door import Door
from tests.graph.holding import balance, booked
from tests.tenant import Tenant, new_tenant

EVERYTHING = """{ viewer { account {
  balance { available held granted spent overdraft expired spendable }
  grants { nodes { amount remaining status voidedCredits voidedAt voidReason expiresAt } }
  holds { nodes { status amount captured released lent remaining expiresAt closedAt
    lines { credits remaining parts { amount remaining grant { remaining status } lentBy { remaining lent } } } } }
  open: holds(filter: {status: [OPEN]}) { totalCount nodes { amount } }
  expired: holds(filter: {status: [EXPIRED]}) { totalCount nodes { amount } }
} } }"""


async def everything(ask: Door, tenant: Tenant) -> Any:
    return (await ask.data(tenant.secret, EVERYTHING))["viewer"]["account"]


async def expire(tenant: Tenant) -> None:
    """Move what has expired, as the job does."""
    verb = partial(expire_credits, account_id=tenant.account_id)
    await tenant.database.write(Command(tenant.account_id, verb))


async def test_a_hold_ends_by_itself_for_every_reader(
    ask: Door, prepaid: Tenant, clock: SettableClock
) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    await prepaid.hold(run, "PHONE twilio 3 MINUTES", expires_in=timedelta(minutes=10))
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    clock.forward(minutes=9, seconds=59.999999)
    assert await balance(ask, prepaid) == booked(
        available="40", held="40", granted="100", spent="20", spendable="40"
    )
    clock.forward(microseconds=1)
    assert await balance(ask, prepaid) == booked(available="80", granted="100", spent="20", spendable="80")
    before = await everything(ask, prepaid)
    assert before["grants"]["nodes"][0]["remaining"] == "80"
    [hold] = before["holds"]["nodes"]
    [line] = hold["lines"]
    assert hold == {
        "lines": [line],
        "status": "EXPIRED",
        "amount": "60",
        "captured": "20",
        "released": "40",
        "lent": "0",
        "remaining": "0",
        "expiresAt": "2026-03-04T12:10:00Z",
        "closedAt": "2026-03-04T12:10:00Z",
    }
    assert (line["remaining"], line["parts"][0]["remaining"]) == ("0", "0")
    clock.forward(hours=1)
    assert await everything(ask, prepaid) == before
    await expire(prepaid)
    assert await everything(ask, prepaid) == before


async def test_what_expired_goes_where_it_would_go(ask: Door, database: Any, clock: SettableClock) -> None:
    """To grants that live, that expired meanwhile, that were voided meanwhile, and to the credit line."""
    tenant = await new_tenant(database, "Prepaid", overdraft_limit="50")
    expiring = await tenant.grant("10", expires_at=clock.now + timedelta(minutes=5), priority=1)
    voided = await tenant.grant("10", priority=2)
    restricted = Restriction(RestrictionKind.WORKFLOW, "phone_ai_call")
    await tenant.grant("10", restricted_to=restricted)
    await tenant.grant("10")
    run = await tenant.start()
    await tenant.hold(run, "60", expires_in=timedelta(minutes=10))
    await tenant.hold(run, "5", expires_in=timedelta(minutes=20))
    assert await balance(ask, tenant) == booked(held="65", granted="40", spendable="25")
    await tenant.void_grant(voided, "a mistake")
    clock.forward(minutes=12)

    before = await everything(ask, tenant)
    # 60 come back: 10 are gone with their grant, 10 were taken back, 20 live on, 20 are the credit line's.
    assert before["balance"] == booked(available="20", held="5", granted="30", expired="10", spendable="55")
    assert [(each["remaining"], each["status"], each["voidedCredits"]) for each in before["grants"]["nodes"]] == [
        ("10", "LIVE", None),
        ("10", "LIVE", None),
        ("0", "VOIDED", "10"),
        ("0", "EXPIRED", None),
    ]  # fmt: skip
    assert (before["open"]["nodes"], before["expired"]["nodes"]) == ([{"amount": "5"}], [{"amount": "60"}])
    await expire(tenant)
    assert await everything(ask, tenant) == before
    assert await tenant.remaining(expiring) == "0"


@pytest.mark.parametrize("parent_minutes", [5, 20])
async def test_what_was_lent_goes_back_to_an_open_hold_only(
    ask: Door, prepaid: Tenant, clock: SettableClock, parent_minutes: int
) -> None:
    await prepaid.grant("100")
    parent = await prepaid.start()
    await prepaid.hold(parent, "80", expires_in=timedelta(minutes=parent_minutes))
    child = await prepaid.start("lookup", parent_workflow_id=parent.id)
    await prepaid.hold(child, "90", expires_in=timedelta(minutes=10))
    await prepaid.add(child, "PHONE twilio 1 MINUTES")
    clock.forward(minutes=10)
    before = await everything(ask, prepaid)
    if parent_minutes == 5:
        assert before["balance"] == booked(available="80", granted="100", spent="20", spendable="80")
        assert [hold["remaining"] for hold in before["holds"]["nodes"]] == ["0", "0"]
    else:
        assert before["balance"] == booked(
            available="20", held="60", granted="100", spent="20", spendable="20"
        )
        [_, lender] = before["holds"]["nodes"]
        assert (lender["remaining"], lender["lent"], lender["status"]) == ("60", "20", "OPEN")
        assert lender["lines"][0]["remaining"] == "60"
    await expire(prepaid)
    assert await everything(ask, prepaid) == before


@pytest.mark.parametrize("punctual", [True, False])
async def test_what_was_lent_on_comes_back_through_all_hands(
    ask: Door, prepaid: Tenant, clock: SettableClock, *, punctual: bool
) -> None:
    """Whether each hold is expired in its time or all of them late: the oldest one gets back the rest."""
    await prepaid.grant("100")
    top = await prepaid.start()
    hold = await prepaid.hold(top, "80")
    middle = await prepaid.start("lookup", parent_workflow_id=top.id)
    await prepaid.hold(middle, "60", expires_in=timedelta(minutes=20))
    low = await prepaid.start("lookup", parent_workflow_id=middle.id)
    await prepaid.hold(low, "50", expires_in=timedelta(minutes=10))
    await prepaid.add(low, "PHONE twilio 1 MINUTES")
    for _ in range(2):
        clock.forward(minutes=10)
        if punctual:
            await expire(prepaid)
    before = await everything(ask, prepaid)
    assert before["balance"] == booked(available="20", held="60", granted="100", spent="20", spendable="20")
    figures = [
        [each[name] for name in ("status", "released", "lent", "remaining")]
        for each in before["holds"]["nodes"]
    ]
    assert figures == [["EXPIRED", "30", "0", "0"], ["EXPIRED", "40", "20", "0"], ["OPEN", "0", "20", "60"]]
    await expire(prepaid)
    assert await everything(ask, prepaid) == before
    assert str((await prepaid.hold_now(hold)).remaining) == "60"


async def test_grants_say_where_they_are(ask: Door, prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("1", expires_at=clock.now + timedelta(hours=1))
    await prepaid.grant("2", effective_at=clock.now + timedelta(hours=1))
    await prepaid.void_grant(await prepaid.grant("4"), "given twice")
    query = "{ viewer { account { grants { nodes { amount remaining status voidedAt voidReason } } } } }"

    async def grants() -> list[list[Any]]:
        found = (await ask.data(prepaid.secret, query))["viewer"]["account"]["grants"]["nodes"]
        return [list(grant.values()) for grant in reversed(found)]

    voided = ["4", "0", "VOIDED", "2026-03-04T12:00:00Z", "given twice"]
    assert await grants() == [["1", "1", "LIVE", None, None], ["2", "2", "SCHEDULED", None, None], voided]
    assert await balance(ask, prepaid) == booked(available="1", granted="3", spendable="1")
    clock.forward(hours=1)
    assert await grants() == [["1", "0", "EXPIRED", None, None], ["2", "2", "LIVE", None, None], voided]
    after = booked(available="2", granted="3", expired="1", spendable="2")
    assert await balance(ask, prepaid) == after
    await expire(prepaid)
    assert await balance(ask, prepaid) == after


async def test_spendable_leaves_reserves_out_and_the_credit_line_in(
    ask: Door, database: Any, tenant: Tenant
) -> None:
    prepaid = await new_tenant(database, "Prepaid", overdraft_limit="15")
    await prepaid.grant("7", restricted_to=Restriction(RestrictionKind.ADAPTER, "emergencyservices"))
    await prepaid.grant("10")
    assert await balance(ask, prepaid) == booked(available="17", granted="17", spendable="25")
    await prepaid.add(await prepaid.start(), "PHONE twilio 2 MINUTES")
    assert await balance(ask, prepaid) == booked(
        available="7", granted="17", spent="40", overdraft="30", spendable="0"
    )
    await tenant.grant("5")
    assert (await balance(ask, tenant))["spendable"] is None


async def test_accounts_are_told_apart(ask: Door, database: Any, operator: str, clock: SettableClock) -> None:
    for amount in ("10", "20", "30"):
        tenant = await new_tenant(database, amount, overdraft_limit="0")
        await tenant.grant(amount)
        await tenant.hold(await tenant.start(), "4", expires_in=timedelta(minutes=1))
        await tenant.hold(await tenant.start(), "3")
    query = "{ accounts { nodes { name balance { available held } holds(filter: {status: [EXPIRED]}) { totalCount } } } }"

    async def found() -> list[tuple[str, str, str, int]]:
        nodes = (await ask.data(operator, query))["accounts"]["nodes"]
        return [
            (n["name"], n["balance"]["available"], n["balance"]["held"], n["holds"]["totalCount"])
            for n in nodes
        ]

    assert await found() == [("30", "23", "7", 0), ("20", "13", "7", 0), ("10", "3", "7", 0)]
    clock.forward(minutes=1)
    assert await found() == [("30", "27", "3", 1), ("20", "17", "3", 1), ("10", "7", "3", 1)]
