"""Usages as they are recorded: every one once, in order, from a place that the listener knows."""

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from models.api_key import Scope
from models.database import Database
from models.ledger import Book, LedgerTransfer
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard
from pricing.units import ServiceType, UnitType
from tests.door import scoped
from tests.graph.agents import new_agent
from tests.metering.test_rate_cards import publish
from tests.streams import USAGES, Listener, Served, elsewhere, listener
from tests.tenant import Tenant, new_tenant

PHONE = "PHONE twilio 1 MINUTES"
FREE = "SMS twilio 1 MESSAGES"


def text_of(workflow: Workflow) -> str:
    return f"workflow_{workflow.id.hex}"


async def begin(ear: Listener, **variables: Any) -> tuple[str, int]:
    """Listen from now on: the subscription's id, and where it begins."""
    name = await ear.subscribe(USAGES, **variables)
    first = await ear.event(name)
    assert first["serviceUsage"] is None
    return name, first["sequence"]


async def heard(ear: Listener, name: str, count: int) -> list[dict[str, Any]]:
    """The next events of a subscription."""
    return [await ear.event(name) for _ in range(count)]


async def in_the_ledger(database: Database, tenant: Tenant, after: int = 0) -> list[int]:
    """The sequence of the first transfer of each usage that cost something, by the books themselves."""
    first = func.min(LedgerTransfer.sequence)
    paid = (
        select(first)
        .where(LedgerTransfer.account_id == tenant.account_id, LedgerTransfer.credit_book == Book.SPENT)
        .group_by(LedgerTransfer.service_usage_id)
        .having(first > after)
    )
    async with database.read() as session:
        return sorted(await session.scalars(paid))


async def publish_free(database: Database) -> None:
    """Publish prices by which one service costs nothing."""
    rates = (
        Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 0, free=True),
        Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000),
    )
    await publish(database, RateCard("free", datetime.now(UTC), RoundingMode.UP, 0, rates))


async def test_the_first_event_says_where_the_stream_begins(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.add(run, PHONE, PHONE)
    name, sequence = await begin(ear)
    assert sequence == 2
    [usage] = await tenant.add(run, "GPT gpt-4o-mini 3000 TOKENS")
    assert await ear.event(name) == {
        "sequence": 3,
        "serviceUsage": {"id": f"usage_{usage.id.hex}", "creditsUsed": "3", "provider": "gpt-4o-mini"},
    }


async def test_a_batch_comes_one_by_one_in_order(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    name, _ = await begin(ear)
    usages = await tenant.add(run, *[PHONE] * 450)
    events = await heard(ear, name, 450)
    assert [event["serviceUsage"]["id"] for event in events] == [f"usage_{usage.id.hex}" for usage in usages]
    assert [event["sequence"] for event in events] == list(range(1, 451))


async def test_one_that_several_grants_paid_comes_once(ear: Listener, tenant: Tenant) -> None:
    await tenant.grant("15")
    await tenant.grant("3")
    run = await tenant.start()
    name, begins_at = await begin(ear)
    await tenant.add(run, PHONE, PHONE)
    events = await heard(ear, name, 2)
    assert (begins_at, [event["sequence"] for event in events]) == (2, [3, 6])
    again = await ear.subscribe(USAGES, after=3)
    assert await ear.event(again) == events[1]


async def test_free_ones_come_in_their_place(live: Served, ear: Listener, tenant: Tenant) -> None:
    await publish_free(live.database)
    run = await tenant.start()
    await tenant.add(run, FREE)
    name, _ = await begin(ear)
    usages = [usage for text in (FREE, PHONE, FREE, FREE, PHONE) for usage in await tenant.add(run, text)]
    usages += await tenant.add(run, PHONE, FREE, PHONE, FREE)
    events = await heard(ear, name, 9)
    assert [event["serviceUsage"]["id"] for event in events] == [f"usage_{usage.id.hex}" for usage in usages]
    assert [event["sequence"] for event in events] == [0, 1, 1, 1, 2, 3, 3, 4, 4]


async def test_it_goes_on_after_a_sequence(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    name, _ = await begin(ear)
    await tenant.add(run, *[PHONE] * 5)
    events = await heard(ear, name, 5)
    for event in events[:-1]:
        again = await ear.subscribe(USAGES, after=event["sequence"])
        following = [each for each in events if each["sequence"] > event["sequence"]]
        assert await heard(ear, again, len(following)) == following
    last = await ear.subscribe(USAGES, after=5)
    await tenant.add(run, PHONE)
    assert (await ear.event(last))["sequence"] == 6


async def test_a_free_one_is_not_lost_by_going_on(live: Served, ear: Listener, tenant: Tenant) -> None:
    await publish_free(live.database)
    run = await tenant.start()
    usages = await tenant.add(run, PHONE, FREE, PHONE, FREE)
    events = await heard(ear, await ear.subscribe(USAGES, after=1), 3)
    assert [event["serviceUsage"]["id"] for event in events] == [
        f"usage_{each.id.hex}" for each in usages[1:]
    ]


@pytest.mark.parametrize("after", [2, 2**63 - 1])
async def test_a_sequence_that_never_was_is_refused(ear: Listener, tenant: Tenant, after: int) -> None:
    run = await tenant.start()
    await tenant.add(run, PHONE)
    message = await ear.message(await ear.subscribe(USAGES, after=after))
    assert (message["type"], message["payload"][0]["extensions"]) == (
        "error",
        {"code": "BAD_USER_INPUT", "field": "after"},
    )


async def test_it_can_be_narrowed_to_a_run_and_to_an_agent(ear: Listener, tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    with_agent, without = await tenant.start(agent_id=agent.id), await tenant.start()
    of_run, _ = await begin(ear, workflow=text_of(without))
    of_agent, _ = await begin(ear, agent=f"agent_{agent.id.hex}")
    await tenant.add(with_agent, PHONE)
    await tenant.add(without, PHONE)
    await tenant.add(with_agent, PHONE)
    await tenant.add(without, PHONE)
    assert [event["sequence"] for event in await heard(ear, of_run, 2)] == [2, 4]
    assert [event["sequence"] for event in await heard(ear, of_agent, 2)] == [1, 3]


@pytest.mark.parametrize("argument", ["workflow", "agent"])
async def test_anothers_things_are_as_missing_as_none(live: Served, ear: Listener, argument: str) -> None:
    other = await new_tenant(live.database, "Other")
    agent = await new_agent(other)
    theirs = (await other.start(agent_id=agent.id)).id if argument == "workflow" else agent.id
    answers = [
        (await ear.message(await ear.subscribe(USAGES, **{argument: f"{argument}_{value.hex}"})))["payload"]
        for value in (theirs, uuid4())
    ]
    assert answers[0] == answers[1]
    assert answers[0][0]["extensions"] == {"code": "NOT_FOUND", "field": f"{argument}Id"}


async def test_another_accounts_usages_are_not_heard(live: Served, ear: Listener, tenant: Tenant) -> None:
    other = await new_tenant(live.database, "Other")
    theirs, mine = await other.start(), await tenant.start()
    name, _ = await begin(ear)
    await other.add(theirs, PHONE, PHONE)
    [usage] = await tenant.add(mine, PHONE)
    assert (await ear.event(name))["serviceUsage"]["id"] == f"usage_{usage.id.hex}"


async def test_it_needs_the_scope_to_read(live: Served, tenant: Tenant) -> None:
    async with listener(live.socket_url, await scoped(tenant, Scope.TRACK, Scope.MANAGE)) as ear:
        message = await ear.message(await ear.subscribe(USAGES))
        assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_every_event_is_read_anew(ear: Listener, tenant: Tenant) -> None:
    """A loader that remembered the event before would tell the run's old total."""
    run = await tenant.start()
    name = await ear.subscribe(
        "subscription { serviceUsageAdded { serviceUsage { workflow { totalCreditsUsed } } } }"
    )
    await ear.event(name)
    for total in ("20", "40", "60"):
        await tenant.add(run, PHONE)
        assert (await ear.event(name))["serviceUsage"] == {"workflow": {"totalCreditsUsed": total}}


async def test_a_write_that_was_refused_is_not_told(ear: Listener, tenant: Tenant) -> None:
    run = await tenant.start()
    name, _ = await begin(ear)
    [refusal] = await tenant.add_all(tenant.usage(run.id, "PHONE nobody 1 MINUTES"))
    assert isinstance(refusal, Exception)
    await tenant.add(run, PHONE)
    assert (await ear.event(name))["sequence"] == 1


async def test_nothing_is_lost_between_what_queries_find_and_the_stream(live: Served, tenant: Tenant) -> None:
    """While two processes write, listeners come at any moment: what was there and what follows is all there is."""
    await publish_free(live.database)
    random_ = random.Random(7)
    run = await tenant.start()
    stop = asyncio.Event()

    async def write(writer: Tenant) -> None:
        # Not for ever: who pages slower than is written would never come to an end.
        for _ in range(200):
            if stop.is_set():
                return
            await writer.add(run, *random_.choices([PHONE, FREE], k=random_.randint(1, 5)))
            await asyncio.sleep(random_.random() * 0.02)

    async def listen() -> tuple[set[str], list[dict[str, Any]], asyncio.Task[None]]:
        await asyncio.sleep(random_.random() * 1.5)
        ear = await ears.enter_async_context(listener(live.socket_url, tenant.secret))
        name, _ = await begin(ear)
        known = await existing(ear)
        told: list[dict[str, Any]] = []

        async def keep() -> None:
            while True:
                told.append((await ear.event(name))["serviceUsage"])

        return known, told, asyncio.create_task(keep())

    async with AsyncExitStack() as ears, elsewhere(tenant) as foreign:
        writers = [asyncio.create_task(write(writer)) for writer in (tenant, foreign)]
        listeners = await asyncio.gather(*(listen() for _ in range(8)))
        stop.set()
        await asyncio.gather(*writers)
        everything = await all_ids(live.database, tenant)
        async with asyncio.timeout(20):
            for known, told, _ in listeners:
                while len(known | {usage["id"] for usage in told}) < len(everything):  # noqa: ASYNC110 - a list that fills
                    await asyncio.sleep(0.05)
        for known, told, task in listeners:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            ids = [usage["id"] for usage in told]
            assert len(ids) == len(set(ids))
            assert known | set(ids) == everything


async def existing(ear: Listener) -> set[str]:
    """Ask for all usages, page by page."""
    query = "query ($after: String) { viewer { account { servicesUsed(first: 100, after: $after, orderBy: OLDEST_FIRST) { nodes { id } pageInfo { hasNextPage endCursor } } } } }"
    found: set[str] = set()
    after = None
    while True:
        message = await ear.message(await ear.subscribe(query, after=after))
        assert message["type"] == "next", message
        page = message["payload"]["data"]["viewer"]["account"]["servicesUsed"]
        found |= {node["id"] for node in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def all_ids(database: Database, tenant: Tenant) -> set[str]:
    async with database.read() as session:
        ids = await session.scalars(
            select(ServiceUsage.id).where(ServiceUsage.account_id == tenant.account_id)
        )
        return {f"usage_{each.hex}" for each in ids}


async def test_a_hundred_hear_everything(live: Served, tenant: Tenant) -> None:
    run = await tenant.start()
    async with (
        listener(live.socket_url, tenant.secret) as first,
        listener(live.socket_url, tenant.secret) as second,
    ):
        names = [(ear, (await begin(ear))[0]) for ear in (first, second) for _ in range(50)]
        assert live.database.feed.watch_count == 100
        for _ in range(10):
            await tenant.add(run, PHONE, PHONE)
        expected = await in_the_ledger(live.database, tenant)
        assert expected == list(range(1, 21))
        for ear, name in names:
            assert [event["sequence"] for event in await heard(ear, name, 20)] == expected


async def test_word_of_other_processes_comes(live: Served, ear: Listener, tenant: Tenant) -> None:
    await publish_free(live.database)
    run = await tenant.start()
    name, _ = await begin(ear)
    async with elsewhere(tenant) as foreign:
        for text in (PHONE, FREE, PHONE, FREE):
            [usage] = await foreign.add(run, text)
            assert (await ear.event(name))["serviceUsage"]["id"] == f"usage_{usage.id.hex}"
