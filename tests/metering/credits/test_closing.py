"""A hold's end: by hand, with its run, or by time; each gives back once, and lazily or by the job is the same."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from metering.alerts import set_balance_alert
from metering.credits import Expiry, due_accounts, expire_credits
from metering.errors import GrantAlreadyVoided, GrantNotFound, HoldClosed, HoldNotFound, IdempotencyConflict
from models.event import Event, EventType
from models.hold import Hold, HoldStatus
from models.identity import IdKind, format_id, new_id
from models.ledger import Grant
from models.writer import Command
from pricing.credits import Credits
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.metering.credits.books import books
from tests.tenant import Tenant

CALL = "PHONE twilio 5 MINUTES"


async def expire(tenant: Tenant) -> Expiry:
    """Let the job look at the account."""
    verb = partial(expire_credits, account_id=tenant.account_id)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def events(tenant: Tenant) -> list[tuple[EventType, dict[str, object]]]:
    async with tenant.database.read() as session:
        rows = await session.scalars(select(Event).order_by(Event.id))
        return [(row.type, row.data) for row in rows]


async def due(tenant: Tenant) -> int:
    at = tenant.database.clock()
    return len(await tenant.database.ask(lambda session: due_accounts(session, now=at, most=10)))


async def test_releasing_gives_back_what_is_left_once(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, CALL)
    await prepaid.add(run, "PHONE twilio 2 MINUTES")
    released = await prepaid.release(hold, key="once")
    assert (str(released.released), released.hold.status) == ("60", HoldStatus.RELEASED)
    again = await prepaid.release(hold, key="once")
    assert (again.replayed, again.released, again.hold.id) == (True, released.released, hold.id)
    async with nothing_written():
        with pytest.raises(HoldClosed):
            await prepaid.release(hold)
        with pytest.raises(HoldNotFound):
            await prepaid.release(Hold(id=new_id()))
    with pytest.raises(IdempotencyConflict):
        await prepaid.release(await prepaid.hold(run, "1"), key="once")


async def test_a_hold_without_anything_left_is_closed_too(prepaid: Tenant) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, CALL)
    await prepaid.add(run, CALL)
    assert (await prepaid.hold_now(hold)).status is HoldStatus.OPEN
    await prepaid.end(run)
    assert (await prepaid.hold_now(hold)).status is HoldStatus.SETTLED


@pytest.mark.parametrize("by_job", [True, False])
async def test_a_hold_expires_by_itself(prepaid: Tenant, clock: SettableClock, *, by_job: bool) -> None:
    await prepaid.grant("150")
    run = await prepaid.start()
    hold = await prepaid.hold(run, CALL, expires_in=timedelta(minutes=10))
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    clock.forward(minutes=10)
    assert await due(prepaid) == 1
    if by_job:
        assert await expire(prepaid) == Expiry(1, 0)
        assert await expire(prepaid) == Expiry(0, 0)
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    expired = await prepaid.hold_now(hold)
    assert (expired.status, str(expired.captured), str(expired.released)) == (HoldStatus.EXPIRED, "20", "80")
    assert await books(prepaid) == "left 110 spent 40"
    assert await due(prepaid) == 0
    assert await events(prepaid) == [
        (
            EventType.HOLD_EXPIRED,
            {
                "holdId": format_id(IdKind.HOLD, hold.id),
                "workflowId": format_id(IdKind.WORKFLOW, run.id),
                "releasedCredits": "80",
                "expiredAt": (NOON + timedelta(minutes=10)).isoformat(),
            },
        )
    ]


async def test_what_a_grant_lent_to_a_hold_outlives_the_grant_until_it_comes_back(
    prepaid: Tenant, clock: SettableClock
) -> None:
    await prepaid.grant("100", expires_at=NOON + timedelta(minutes=5))
    run = await prepaid.start()
    await prepaid.hold(run, CALL)
    clock.forward(minutes=6)
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    assert await books(prepaid) == "held 80 spent 20"
    await prepaid.end(run)
    assert await books(prepaid) == "spent 20 expired 80"


async def test_a_grant_that_gets_credits_back_expires_in_its_time(
    prepaid: Tenant, clock: SettableClock
) -> None:
    grant = await prepaid.grant("100", expires_at=NOON + timedelta(hours=5))
    hold = await prepaid.hold(await prepaid.start(), CALL, expires_in=timedelta(hours=1))
    clock.forward(hours=1)
    assert await expire(prepaid) == Expiry(1, 0)
    assert await prepaid.remaining(grant) == "100"
    clock.forward(hours=4)
    assert await due(prepaid) == 1
    assert await expire(prepaid) == Expiry(0, 1)
    assert await books(prepaid) == "expired 100"
    assert await due(prepaid) == 0
    assert (await prepaid.hold_now(hold)).status is HoldStatus.EXPIRED


async def test_a_child_hold_that_expires_goes_back_to_its_parents(
    prepaid: Tenant, clock: SettableClock
) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, CALL)
    child = await prepaid.start(parent_workflow_id=run.id)
    await prepaid.hold(child, "40", expires_in=timedelta(minutes=1))
    clock.forward(minutes=1)
    await expire(prepaid)
    assert str((await prepaid.hold_now(hold)).remaining) == "100"
    clock.forward(hours=1)
    await expire(prepaid)
    assert await books(prepaid) == "left 100"


async def test_parent_and_child_holds_that_expire_together(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, CALL)
    child = await prepaid.start(parent_workflow_id=run.id)
    own = await prepaid.hold(child, "40")
    clock.forward(hours=1)
    assert await expire(prepaid) == Expiry(2, 0)
    assert await books(prepaid) == "left 100"
    assert [(await prepaid.hold_now(each)).status for each in (hold, own)] == [HoldStatus.EXPIRED] * 2


async def test_a_voided_grant_pays_no_more(prepaid: Tenant, nothing_written: NothingWritten) -> None:
    grant = await prepaid.grant("100")
    run = await prepaid.start()
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    voided = await prepaid.void_grant(grant, key="void")
    assert (str(voided.voided), voided.grant.voided_at) == ("80", NOON)
    account = await prepaid.account()
    assert (str(account.granted), str(account.spent)) == ("20", "20")
    again = await prepaid.void_grant(grant, key="void")
    assert (again.replayed, again.voided) == (True, voided.voided)
    async with nothing_written():
        with pytest.raises(GrantAlreadyVoided):
            await prepaid.void_grant(grant)
        with pytest.raises(GrantNotFound):
            await prepaid.void_grant(Grant(id=new_id()))
    with pytest.raises(IdempotencyConflict):
        await prepaid.void_grant(grant, "another reason", key="void")


async def test_what_comes_back_to_a_voided_grant_is_taken_back_too(prepaid: Tenant) -> None:
    grant = await prepaid.grant("100")
    run = await prepaid.start()
    await prepaid.hold(run, "60")
    [call] = await prepaid.add(run, "PHONE twilio 1 MINUTES")
    assert str((await prepaid.void_grant(grant)).voided) == "40"
    assert await books(prepaid) == "held 40 spent 20"
    await prepaid.void(call)
    await prepaid.end(run)
    assert await books(prepaid) == ""
    account = await prepaid.account()
    assert str(account.granted) == "0"


async def test_an_overdraft_is_told_when_it_begins(prepaid: Tenant) -> None:
    await prepaid.grant("30")
    run = await prepaid.start()
    await prepaid.add(run, "PHONE twilio 2 MINUTES", "PHONE twilio 2 MINUTES")
    assert await events(prepaid) == [
        (EventType.OVERDRAFT_STARTED, {"overdraft": "50", "overdraftLimit": "0"})
    ]


async def test_a_low_balance_is_told_whatever_made_it_low(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("10")
    await prepaid.grant("100", expires_at=NOON + timedelta(minutes=1))
    alert = partial(set_balance_alert, account_id=prepaid.account_id, threshold=Credits.whole(50))
    await prepaid.database.write(Command(prepaid.account_id, alert))
    clock.forward(minutes=1)
    await prepaid.start()
    assert await events(prepaid) == [(EventType.BALANCE_LOW, {"available": "10", "threshold": "50"})]
    await prepaid.grant("60")
    await prepaid.hold(await prepaid.start(), "30")
    assert [type_ for type_, _ in await events(prepaid)] == [EventType.BALANCE_LOW] * 2


async def test_each_hold_that_expired_tells_what_it_gave_back(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    await prepaid.hold(run, CALL, expires_in=timedelta(minutes=2))
    child = await prepaid.start(parent_workflow_id=run.id)
    await prepaid.hold(child, "40", expires_in=timedelta(minutes=1))
    clock.forward(hours=1)
    await expire(prepaid)
    assert sorted(str(data["releasedCredits"]) for _, data in await events(prepaid)) == ["100", "40"]
