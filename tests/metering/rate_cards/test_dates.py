"""From when a card may be in force: never at a time of which usages are priced that it would have priced."""

from datetime import timedelta

import pytest

from metering.errors import AccountNotFound, RateCardTooEarly
from metering.rate_cards import PublishRateCard, publish_rate_cards
from models.database import Database
from models.identity import new_id
from models.writer import SetCommand
from pricing.credits import RoundingMode
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.metering.test_rate_cards import CALL, card, phone, publish
from tests.rate_cards import draft, own, publish_draft
from tests.tenant import Tenant, new_tenant

TICK = timedelta(microseconds=1)


async def test_a_card_comes_after_every_usage_that_it_would_price(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    await tenant.add(await tenant.start(), CALL, used_at=NOON - timedelta(hours=1))
    last = (await tenant.add(await tenant.start(), CALL))[0].used_at
    for early in (NOON, NOON - TICK, NOON - timedelta(days=90)):
        async with nothing_written():
            with pytest.raises(RateCardTooEarly) as raised:
                await publish(tenant.database, card("early", early, phone(1)))
        assert (raised.value.effective_from, raised.value.earliest) == (early, last + TICK)
    await publish(tenant.database, card("late", NOON + TICK, phone(1)))


async def test_what_another_card_has_priced_is_in_nobodys_way(tenant: Tenant) -> None:
    await publish(tenant.database, card("march", NOON - timedelta(hours=1), phone(3)))
    await tenant.add(await tenant.start(), CALL)
    february = card("february", NOON - timedelta(days=9), phone(2))
    await publish(tenant.database, february)
    workflow = await tenant.start()
    days_ago = [
        str((await tenant.add(workflow, CALL, used_at=NOON - timedelta(days=days)))[0].credits)
        for days in (10, 9, 0)
    ]
    assert days_ago == ["100", "10", "15"]
    with pytest.raises(RateCardTooEarly) as raised:
        await publish(tenant.database, card("between", NOON - timedelta(days=9), phone(1)))
    assert raised.value.earliest == NOON - timedelta(days=9) + TICK


async def test_a_card_of_the_same_date_takes_the_whole_time_of_the_other(tenant: Tenant) -> None:
    await publish(tenant.database, card("first", NOON, phone(3)))
    await tenant.add(await tenant.start(), CALL)
    with pytest.raises(RateCardTooEarly):
        await publish(tenant.database, card("second", NOON, phone(2)))


async def test_a_usage_of_any_account_keeps_everybodys_card_away_and_its_own_only_its_own(
    tenant: Tenant, database: Database
) -> None:
    other = await new_tenant(database, "Other")
    await other.add(await other.start(), CALL)
    with pytest.raises(RateCardTooEarly):
        await publish_draft(database, draft("all", phone(1), effective_from=NOON))
    await publish_draft(database, own("mine", phone(1), effective_from=NOON), tenant)
    with pytest.raises(RateCardTooEarly):
        await publish_draft(database, own("theirs", phone(1), effective_from=NOON), other)
    assert str((await tenant.add(await tenant.start(), CALL))[0].credits) == "5"


async def test_a_voided_usage_was_priced_too(tenant: Tenant) -> None:
    [usage] = await tenant.add(await tenant.start(), CALL)
    await tenant.void(usage)
    with pytest.raises(RateCardTooEarly):
        await publish(tenant.database, card("early", NOON, phone(1)))


async def test_without_a_date_it_is_in_force_as_soon_as_it_may(tenant: Tenant, clock: SettableClock) -> None:
    database = tenant.database
    assert (await publish_draft(database, draft("a", phone(1)))).effective_from == NOON
    ahead = NOON + timedelta(minutes=5)
    await tenant.add(await tenant.start(), CALL, used_at=ahead)
    assert (await publish_draft(database, draft("b", phone(2)))).effective_from == ahead + TICK
    assert (await publish_draft(database, own("c", phone(3)), tenant)).effective_from == ahead + TICK
    other = await new_tenant(database, "Other")
    assert (await publish_draft(database, own("d", phone(4)), other)).effective_from == NOON
    clock.forward(minutes=6)
    assert (await publish_draft(database, draft("e", phone(5)))).effective_from == clock.now


async def test_an_account_that_is_not_there_has_no_rates(
    database: Database, nothing_written: NothingWritten
) -> None:
    item = PublishRateCard(own("nobody's", phone(1)), new_id())
    async with nothing_written():
        [answer] = await database.write(SetCommand(None, publish_rate_cards, (item,)))
    assert isinstance(answer, AccountNotFound)


async def test_an_accounts_own_rates_are_rounded_as_everybodys_card_says(tenant: Tenant) -> None:
    database = tenant.database
    await publish(database, card("fine", NOON, phone(1), precision=3))
    published = await publish_draft(database, own("own", phone(2)), tenant)
    assert (published.rounding, published.precision) == (RoundingMode.UP, 3)
