"""Extending a hold slice by slice: what it covers, until when the credits last, and what would still fit."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from metering.credits import ExtendHold, Restriction
from metering.errors import AmountTooLarge, CreditsExhausted, HoldClosed, HoldNotFound, IdempotencyConflict
from models.hold import Hold, HoldStatus
from models.identity import new_id
from models.ledger import RestrictionKind
from pricing.rate_card_file import built_in_rate_card
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.metering.credits.books import books
from tests.metering.test_rate_cards import publish
from tests.tenant import Tenant, given, plan

MINUTE = "PHONE twilio 1 MINUTES"
HEARD = "VOICE_STT deepgram 60 SECONDS"


def seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - NOON).total_seconds()


async def test_each_slice_adds_its_time(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, MINUTE)
    clock.forward(seconds=50)
    extended = await prepaid.extend(hold, MINUTE)
    assert str(extended.added) == "20"
    assert (seconds(extended.held_until), seconds(extended.affordable_until)) == (120, 300)
    assert await books(prepaid) == "left 60 held 40"
    clock.forward(seconds=60)
    extended = await prepaid.extend(extended.hold, "PHONE twilio 30 SECONDS")
    assert (seconds(extended.held_until), seconds(extended.affordable_until)) == (150, 300)
    await prepaid.add(run, "PHONE twilio 2.5 MINUTES")
    await prepaid.end(run)
    assert await books(prepaid) == "left 50 spent 50"


async def test_services_that_run_side_by_side_share_what_is_left(prepaid: Tenant) -> None:
    await prepaid.grant("84")
    run = await prepaid.start()
    hold = await prepaid.hold(run, MINUTE, HEARD, "GPT gpt-4o-mini 1000 TOKENS")
    extended = await prepaid.extend(hold, MINUTE)
    # The phone is covered for two minutes, the listening for one; 84 - 49 = 35 credits pay 75 seconds of both.
    assert (seconds(extended.held_until), seconds(extended.affordable_until)) == (60, 135)


async def test_a_refused_slice_says_what_would_still_fit(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("30")
    run = await prepaid.start()
    hold = await prepaid.hold(run, MINUTE)
    async with nothing_written():
        with pytest.raises(CreditsExhausted) as refused:
            await prepaid.extend(hold, MINUTE)
    [line] = refused.value.fitting
    assert (str(refused.value.available), str(line.quantity), str(line.credits)) == ("10", "0.5", "10")
    await prepaid.extend(hold, "PHONE twilio 30 SECONDS")
    assert await books(prepaid) == "held 30"


async def test_nothing_limits_a_postpaid_account(tenant: Tenant) -> None:
    run = await tenant.start()
    extended = await tenant.extend(await tenant.hold(run, MINUTE), MINUTE)
    assert (seconds(extended.held_until), extended.affordable_until) == (120, None)


async def test_what_is_not_metered_by_time_has_no_end(prepaid: Tenant) -> None:
    await prepaid.grant("30")
    run = await prepaid.start()
    by_amount = await prepaid.extend(await prepaid.hold(run, "1"), "2")
    by_tokens = await prepaid.extend(await prepaid.hold(run, "GPT gpt-4o-mini 1000 TOKENS"), "1")
    assert (by_amount.held_until, by_amount.affordable_until) == (None, None)
    assert (by_tokens.held_until, by_tokens.affordable_until) == (None, None)
    assert await books(prepaid) == "left 25 held 5"


async def test_more_time_alone_moves_no_credits(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("30")
    run = await prepaid.start()
    hold = await prepaid.hold(run, MINUTE, expires_in=timedelta(minutes=1))
    extended = await prepaid.extend(hold, expires_in=timedelta(minutes=10))
    assert (str(extended.added), extended.hold.expires_at) == ("0", NOON + timedelta(minutes=10))
    clock.forward(minutes=9)
    await prepaid.add(run, MINUTE)
    assert await books(prepaid) == "left 10 spent 20"


async def test_a_slice_is_priced_by_the_card_of_the_hold(tenant: Tenant) -> None:
    run = await tenant.start()
    hold = await tenant.hold(run, MINUTE)
    dearer = built_in_rate_card()
    rates = tuple(replace(rate, price_micros=rate.price_micros * 2) for rate in dearer.rates)
    await publish(tenant.database, replace(dearer, version="dearer", effective_from=NOON, rates=rates))
    assert str((await tenant.extend(hold, MINUTE)).added) == "20"
    assert str((await tenant.hold(run, MINUTE)).amount) == "40"


async def test_the_first_answer_is_given_again(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, MINUTE)
    first = await prepaid.extend(hold, MINUTE, key="slice")
    await prepaid.end(run)
    clock.forward(hours=2)
    again = await prepaid.extend(hold, MINUTE, key="slice")
    assert (again.replayed, again.added, again.held_until, again.affordable_until) == (
        True,
        first.added,
        first.held_until,
        first.affordable_until,
    )
    with pytest.raises(IdempotencyConflict):
        await prepaid.extend(hold, "PHONE twilio 2 MINUTES", key="slice")


async def test_two_slices_of_one_batch(prepaid: Tenant) -> None:
    await prepaid.grant("100")
    hold = await prepaid.hold(await prepaid.start(), MINUTE)
    items = [ExtendHold(prepaid.account_id, hold.id, key, plan(MINUTE)) for key in ("one", "two", "one")]
    answers = [given(answer) for answer in await prepaid.extend_all(*items)]
    assert [(answer.replayed, seconds(answer.held_until)) for answer in answers] == [
        (False, 120),
        (False, 180),
        (True, 120),
    ]
    assert await books(prepaid) == "left 40 held 60"


async def test_a_closed_hold_is_not_extended(prepaid: Tenant, nothing_written: NothingWritten) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, MINUTE)
    await prepaid.release(hold)
    async with nothing_written():
        with pytest.raises(HoldClosed) as refused:
            await prepaid.extend(hold, MINUTE)
        with pytest.raises(HoldNotFound):
            await prepaid.extend(Hold(id=new_id()), MINUTE)
    assert (refused.value.status, refused.value.closed_at) == (HoldStatus.RELEASED, NOON)


async def test_a_reserve_lengthens_only_what_it_serves(prepaid: Tenant) -> None:
    await prepaid.grant("20")
    await prepaid.grant("40", restricted_to=Restriction(RestrictionKind.WORKFLOW, "emergency"))
    run = await prepaid.start("emergency")
    extended = await prepaid.extend(await prepaid.hold(run, "PHONE twilio 30 SECONDS"), MINUTE)
    assert seconds(extended.affordable_until) == 180


async def test_an_extension_never_shortens(prepaid: Tenant) -> None:
    await prepaid.grant("30")
    hold = await prepaid.hold(await prepaid.start(), MINUTE, expires_in=timedelta(hours=5))
    extended = await prepaid.extend(hold, expires_in=timedelta(seconds=1))
    assert extended.hold.expires_at == NOON + timedelta(hours=5)


async def test_a_hold_has_room_for_twelve_digits_over_its_time(tenant: Tenant) -> None:
    run = await tenant.start()
    hold = await tenant.hold(run, "999999999980")
    [used] = await tenant.add(run, "PHONE twilio 40000000000 MINUTES")
    await tenant.void(used)
    await tenant.extend(hold, "19")
    with pytest.raises(AmountTooLarge):
        await tenant.extend(hold, "1")
