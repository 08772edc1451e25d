"""Published versions: usages are priced by the card of their date, in every process at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.errors import InvalidRateCard, NoRateCardInForce, RateUnknown
from metering.prices import price_book
from metering.rate_cards import publish_built_in_rate_card, publish_rate_card
from models.database import Database
from models.rate_card import PublishedRate, PublishedRateCard
from models.writer import Command
from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard, Tier
from pricing.units import ServiceType, UnitType
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened, verify
from tests.metering.conftest import Counts, NothingWritten
from tests.tenant import Tenant, new_tenant

CALL = "PHONE twilio 5 MINUTES"


def card(version: str, effective_from: datetime, *rates: Rate, precision: int = 0) -> RateCard:
    return RateCard(version, effective_from, RoundingMode.UP, precision, rates)


def phone(credits_: int, provider: str = "twilio") -> Rate:
    return Rate(ServiceType.PHONE, provider, UnitType.MINUTES, credits_ * 1_000_000)


async def publish(database: Database, published: RateCard) -> PublishedRateCard:
    return await database.write(Command(None, partial(publish_rate_card, card=published)))


async def test_each_usage_is_priced_by_the_card_of_its_date(tenant: Tenant) -> None:
    change = NOON - timedelta(days=1)
    workflow = await tenant.start()
    [before_publishing] = await tenant.add(workflow, CALL, used_at=change - timedelta(microseconds=1))
    await publish(tenant.database, card("dearer", change, phone(30)))
    prices = [
        str((await tenant.add(workflow, CALL, used_at=at))[0].credits)
        for at in (change - timedelta(microseconds=1), change, NOON)
    ]
    assert prices == ["100", "150", "150"]
    # A fact is priced once: what was recorded before the card was published stays.
    assert str(before_publishing.credits) == "100"
    assert str((await tenant.workflow(workflow.id)).total_credits) == "500"


async def test_a_card_that_names_less_prices_less(tenant: Tenant, nothing_written: NothingWritten) -> None:
    workflow = await tenant.start()
    await publish(tenant.database, card("phone only", NOON, phone(1)))
    async with nothing_written():
        with pytest.raises(RateUnknown, match="no rate for GPT"):
            await tenant.add(workflow, "GPT gpt-4o 1 TOKENS")
    [usage] = await tenant.add(workflow, "GPT gpt-4o 1 TOKENS", used_at=NOON - timedelta(microseconds=1))
    assert str(usage.credits) == "1"


async def test_a_future_card_waits_for_its_day(tenant: Tenant, clock: SettableClock) -> None:
    workflow = await tenant.start()
    await publish(tenant.database, card("next", NOON + timedelta(hours=1), phone(1)))
    assert str((await tenant.add(workflow, CALL))[0].credits) == "100"
    clock.forward(hours=1)
    assert str((await tenant.add(workflow, CALL))[0].credits) == "5"


async def test_of_equal_dates_the_later_published_counts(tenant: Tenant) -> None:
    workflow = await tenant.start()
    for version, price in (("first", 2), ("second", 3)):
        await publish(tenant.database, card(version, NOON, phone(price)))
    assert str((await tenant.add(workflow, CALL))[0].credits) == "15"


async def test_a_usage_points_at_the_rate_that_priced_it(tenant: Tenant) -> None:
    workflow = await tenant.start()
    published = await publish(tenant.database, card("other", NOON, phone(2)))
    [old] = await tenant.add(workflow, CALL, used_at=NOON - timedelta(days=1))
    [new] = await tenant.add(workflow, CALL)
    async with tenant.database.read() as session:
        rates = [await session.get_one(PublishedRate, usage.rate_id) for usage in (old, new)]
    assert [str(rate.price) for rate in rates] == ["20", "2"]
    assert rates[1].rate_card_id == published.id


async def test_before_the_first_card_nothing_is_priced(database_url: str, clock: SettableClock) -> None:
    async with opened(database_url, clock) as database:
        tenant = await new_tenant(database)
        workflow = await tenant.start()
        with pytest.raises(NoRateCardInForce) as raised:
            await tenant.add(workflow, CALL)
        assert raised.value.code == "NO_RATE_CARD_IN_FORCE"
        assert (await tenant.workflow(workflow.id)).usage_count == 0


async def test_free_rates_tiers_minimum_and_increment_come_back_as_published(tenant: Tenant) -> None:
    rates = (
        Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 0, free=True),
        Rate(
            ServiceType.GPT,
            "tiered",
            UnitType.TOKENS,
            0,
            per=1000,
            tiers=(Tier(2_000_000_000, 3_000_000), Tier(None, 1_000_000)),
        ),
        Rate(
            ServiceType.PHONE,
            "twilio",
            UnitType.MINUTES,
            20_000_000,
            minimum_micros=30_000_000,
            increment_micro_units=1_000_000,
        ),
    )
    await publish(tenant.database, card("rich", NOON, *rates, precision=2))
    workflow = await tenant.start()
    texts = {
        "SMS twilio 7 MESSAGES": "0",
        "GPT tiered 2500 TOKENS": "6.5",
        "GPT tiered 1 TOKENS": "0.01",
        "PHONE twilio 1 SECONDS": "30",
        "PHONE twilio 61 SECONDS": "40",
    }
    usages = await tenant.add(workflow, *texts)
    assert [str(usage.credits) for usage in usages] == list(texts.values())
    assert str((await tenant.workflow(workflow.id)).total_credits) == "76.51"
    async with tenant.database.read() as session:
        book = await session.run_sync(price_book)
    assert book.cards.in_force(NOON).rates == rates


async def test_a_version_is_published_once(database: Database, nothing_written: NothingWritten) -> None:
    await publish(database, card("v2", NOON, phone(1)))
    async with nothing_written():
        with pytest.raises(InvalidRateCard, match="version: 'v2' is published already"):
            await publish(database, card("v2", NOON, phone(2)))


async def test_another_process_prices_by_the_new_card_at_once(
    database: Database, tenant: Tenant, clock: SettableClock
) -> None:
    workflow = await tenant.start()
    await tenant.add(workflow, CALL, used_at=NOON - timedelta(hours=1))
    async with opened(str(database.url.render_as_string(hide_password=False)), clock) as other:
        elsewhere = Tenant(other, tenant.account_id, tenant.api_key_id, "")
        before = NOON - timedelta(microseconds=1)
        assert str((await elsewhere.add(workflow, CALL, used_at=before))[0].credits) == "100"
        await publish(other, card("new", NOON, phone(1)))
        assert str((await elsewhere.add(workflow, CALL))[0].credits) == "5"
        assert str((await tenant.add(workflow, CALL))[0].credits) == "5"
    await verify(database)


async def test_processes_that_start_at_once_publish_the_built_in_card_once(database_url: str) -> None:
    async with opened(database_url) as one, opened(database_url) as other:
        await asyncio.gather(
            *(each.write(Command(None, publish_built_in_rate_card)) for each in (one, other) * 3)
        )
        async with one.read() as session:
            cards = (await session.scalars(select(PublishedRateCard))).all()
    assert [(each.version, each.publishing_order) for each in cards] == [("2025-01-01", 1)]
    assert cards[0].effective_from == datetime(2025, 1, 1, tzinfo=UTC)


async def test_prices_of_a_card_that_was_rolled_back_are_forgotten(
    tenant: Tenant, counts: Callable[[], Awaitable[Counts]]
) -> None:
    """The number of a card that never came to be is given again; its prices must not come with it."""

    def publish_and_fail(session: Session, *, now: datetime) -> None:
        publish_rate_card(session, card=card("lost", NOON, phone(7)), now=now)
        price_book(session)
        raise RuntimeError("lost")

    workflow = await tenant.start()
    before = await counts()
    with pytest.raises(RuntimeError, match="lost"):
        await tenant.database.write(Command(None, publish_and_fail))
    assert await counts() == before
    await publish(tenant.database, card("kept", NOON, phone(2)))
    assert str((await tenant.add(workflow, CALL))[0].credits) == "10"
