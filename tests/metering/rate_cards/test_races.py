"""Publishing while usages are recorded: each usage has the price of the card in force when it was used."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from metering.errors import RateCardTooEarly
from metering.prices import PriceBook, price_book
from models.database import Database
from models.rate_card import PublishedRateCard
from models.service_usage import ServiceUsage
from pricing.units import Quantity
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened, opened_with_prices, verify
from tests.metering.test_rate_cards import phone
from tests.rate_cards import draft, own, publish_draft
from tests.tenant import Tenant, new_tenant

ACCOUNTS = 4
ROUNDS = 25
CALL = "PHONE twilio 5 MINUTES"
STEP = timedelta(milliseconds=1)


@pytest.fixture
async def processes(
    database_url: str, clock: SettableClock
) -> AsyncIterator[tuple[Database, Database, list[Tenant]]]:
    """Two processes on one store, and some accounts."""
    async with opened_with_prices(database_url, clock) as here, opened(database_url, clock) as there:
        yield here, there, [await new_tenant(here, f"account {n}") for n in range(ACCOUNTS)]
        await verify(here)


async def test_everybodys_card_and_usages_at_once(
    processes: tuple[Database, Database, list[Tenant]],
) -> None:
    here, there, tenants = processes
    runs = [await tenant.start() for tenant in tenants]

    async def record(round_: int, number: int) -> None:
        await asyncio.sleep(0.001 * (number % 3))
        await tenants[number].add(runs[number], CALL, used_at=NOON + round_ * STEP)

    published = 0
    for round_ in range(ROUNDS):
        card = draft(f"card {round_}", phone(21 + round_), effective_from=NOON + round_ * STEP)
        *_, answer = await asyncio.gather(
            *(record(round_, number) for number in range(ACCOUNTS)),
            publish_draft((here, there)[round_ % 2], card),
            return_exceptions=True,
        )
        assert isinstance(answer, PublishedRateCard | RateCardTooEarly)
        published += isinstance(answer, PublishedRateCard)
    await every_usage_has_the_price_of_its_time(here)
    assert await count(here) == ACCOUNTS * ROUNDS
    assert published


async def test_an_accounts_own_rates_and_its_usages_at_once(
    processes: tuple[Database, Database, list[Tenant]],
) -> None:
    here, there, [tenant, *_] = processes
    run = await tenant.start()
    for round_ in range(ROUNDS):
        at = NOON + round_ * STEP
        card = own(f"own {round_}", phone(21 + round_), effective_from=at)
        _, answer = await asyncio.gather(
            tenant.add(run, CALL, used_at=at), publish_draft(there, card, tenant), return_exceptions=True
        )
        assert isinstance(answer, PublishedRateCard | RateCardTooEarly)
    await every_usage_has_the_price_of_its_time(here)
    assert await count(here) == ROUNDS


async def test_publishing_beside_accounts_that_are_busy_never_locks_up(
    processes: tuple[Database, Database, list[Tenant]],
) -> None:
    here, there, tenants = processes
    runs = [await tenant.start() for tenant in tenants]
    elsewhere = [Tenant(there, each.account_id, each.api_key_id, each.secret) for each in tenants]
    busy = [
        each.add(run, CALL, used_at=NOON - timedelta(days=1))
        for _ in range(20)
        for side in (tenants, elsewhere)
        for each, run in zip(side, runs, strict=True)
    ]
    cards = [
        publish_draft((here, there)[n % 2], draft(f"card {n}", phone(30 + n), effective_from=NOON))
        for n in range(10)
    ]
    own_cards = [
        publish_draft(there, own(f"own {n}", phone(7), effective_from=NOON), tenants[n % ACCOUNTS])
        for n in range(10)
    ]
    async with asyncio.timeout(30):
        await asyncio.gather(*busy, *cards, *own_cards)
    await every_usage_has_the_price_of_its_time(here)
    assert await count(here) == 20 * 2 * ACCOUNTS


async def every_usage_has_the_price_of_its_time(database: Database) -> None:
    """What was charged is what the card in force at that time charges now that all are published."""
    book: PriceBook = await database.ask(price_book)
    async with database.read() as session:
        usages = (await session.scalars(select(ServiceUsage))).all()
    for usage in usages:
        _, rate_id = book.price(
            usage.service_type,
            usage.provider,
            Quantity(usage.micro_units, usage.unit_type),
            at=usage.used_at,
            account_id=usage.account_id,
        )
        assert usage.rate_id == rate_id, usage.used_at


async def count(database: Database) -> int:
    async with database.read() as session:
        return len((await session.scalars(select(ServiceUsage.id))).all())
