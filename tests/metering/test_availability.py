"""Providers are taken out of selections and put back, by whoever says so first."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from metering.availability import KnownProvider, known_providers, set_availability, unavailable_providers
from metering.errors import ProviderNotFound
from models.database import Database
from models.provider_outage import ProviderOutage
from models.writer import Command
from pricing.units import ServiceType
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened
from tests.metering.conftest import NothingWritten

STT = ServiceType.VOICE_STT


async def down(
    database: Database, provider: str = "deepgram", reason: str | None = None
) -> ProviderOutage | None:
    verb = partial(set_availability, service_type=STT, provider=provider, available=False, reason=reason)
    return await database.write(Command(None, verb))


async def up(database: Database, provider: str = "deepgram") -> ProviderOutage | None:
    verb = partial(set_availability, service_type=STT, provider=provider, available=True, reason=None)
    return await database.write(Command(None, verb))


async def outages(database: Database) -> list[ProviderOutage]:
    async with database.read() as session:
        return list(await session.scalars(select(ProviderOutage).order_by(ProviderOutage.id)))


async def listed(database: Database) -> list[KnownProvider]:
    return await database.ask(partial(known_providers, account_id=None, now=NOON))


async def test_a_provider_is_unavailable_until_it_is_put_back(
    database: Database, clock: SettableClock
) -> None:
    assert await database.ask(unavailable_providers) == frozenset()
    await down(database, reason="its API answers 503")
    assert await database.ask(unavailable_providers) == {(STT, "deepgram")}
    clock.forward(hours=1)
    assert await up(database) is None
    assert await database.ask(unavailable_providers) == frozenset()
    [outage] = await outages(database)
    assert (outage.service_type, outage.provider, outage.reason) == (STT, "deepgram", "its API answers 503")
    assert (outage.began_at, outage.ended_at) == (NOON, NOON + timedelta(hours=1))


async def test_saying_it_twice_changes_nothing(database: Database, clock: SettableClock) -> None:
    first = await down(database, reason="first")
    clock.forward(hours=1)
    second = await down(database, reason="second")
    assert first is not None
    assert second is not None
    assert (second.id, second.reason, second.began_at) == (first.id, "first", NOON)
    assert await up(database) is None
    assert await up(database) is None
    assert len(await outages(database)) == 1


async def test_a_new_outage_is_another_row(database: Database, clock: SettableClock) -> None:
    await down(database)
    await up(database)
    clock.forward(hours=1)
    await down(database)
    assert [outage.ended_at is None for outage in await outages(database)] == [False, True]


async def test_an_outage_never_ends_before_it_began(database: Database, clock: SettableClock) -> None:
    await down(database)
    clock.forward(hours=-1)
    await up(database)
    [outage] = await outages(database)
    assert outage.ended_at == outage.began_at == NOON


async def test_an_unknown_provider_is_refused_with_the_nearest_name(
    database: Database, nothing_written: NothingWritten
) -> None:
    async with nothing_written():
        with pytest.raises(ProviderNotFound) as raised:
            await down(database, "deepgrm")
    assert raised.value.message == "VOICE_STT has no provider 'deepgrm'. Did you mean 'deepgram'?"
    assert raised.value.known == ["deepgram", "openai-whisper"]


async def test_a_service_type_that_nobody_serves_says_so(database: Database) -> None:
    verb = partial(
        set_availability, service_type=ServiceType.SEARCH, provider="x", available=False, reason=None
    )
    with pytest.raises(ProviderNotFound, match="Nothing serves it yet: publish a rate first"):
        await database.write(Command(None, verb))


async def test_two_operators_at_once_make_one_outage(database: Database, clock: SettableClock) -> None:
    async with opened(database.url.render_as_string(hide_password=False), clock) as other:
        answers = await asyncio.gather(*(down(each) for each in (database, other) * 5))
    [outage] = await outages(database)
    assert {answer.id for answer in answers if answer is not None} == {outage.id}
    assert len(answers) == 10


async def test_the_list_tells_catalogue_prices_and_outages(database: Database) -> None:
    await down(database)
    known = {(each.service_type, each.provider): each for each in await listed(database)}
    deepgram = known[STT, "deepgram"]
    assert (deepgram.available, known[STT, "openai-whisper"].available) == (False, True)
    assert deepgram.entry is not None
    assert deepgram.entry.fallbacks == ("openai-whisper",)
    assert [rate.price_micros for rate, _ in deepgram.rates] == [8_000_000]
    assert [each.provider for each in known.values() if each.service_type is ServiceType.GPT] == [
        "gpt-4o-mini",
        "claude-3-haiku",
        "gpt-4o",
        "gpt-4",
    ]
