"""Attempts: leased to one process, noted once, repeated on schedule, and given up in the end."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from metering.webhooks import (
    Attempt,
    Failure,
    accounts_with_due_deliveries,
    accounts_with_waiting_events,
    claim_deliveries,
    note_delivered,
    note_failed,
    resend_webhook_delivery,
)
from metering.webhooks.dispatching import EVENTS_AT_ONCE
from models.database import Database
from models.event import EventType
from models.webhook import DeliveryStatus, DisabledReason
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened
from tests.databases.statements import statements
from tests.hooks import URL, deliveries, dispatch, endpoint, events, happen, new_endpoint, run
from tests.tenant import Tenant, new_tenant

REFUSED = Failure("The endpoint answered 500.", 500)


async def claim(tenant: Tenant, most: int = 99) -> list[Attempt]:
    attempts: list[Attempt] = await run(tenant, claim_deliveries, most=most)
    return attempts


async def delivered(tenant: Tenant, attempt: Attempt) -> None:
    verb: Any = lambda session, *, now: note_delivered(session, attempt=attempt, status_code=204, now=now)  # noqa: E731 - a verb in a line
    await tenant.database.write(Command(tenant.account_id, verb))


async def failed(tenant: Tenant, attempt: Attempt, failure: Failure = REFUSED) -> DisabledReason | None:
    def verb(session: Any, *, now: Any) -> DisabledReason | None:
        return note_failed(session, attempt=attempt, failure=failure, jitter=0, now=now)

    return await tenant.database.write(Command(tenant.account_id, verb))


async def due(tenant: Tenant) -> Attempt:
    """An event happens, and its delivery to the only endpoint is claimed."""
    await happen(tenant)
    await dispatch(tenant)
    [attempt] = await claim(tenant)
    return attempt


async def test_each_event_is_dispatched_once_to_who_wants_it(tenant: Tenant) -> None:
    everything = (await new_endpoint(tenant)).endpoint.id
    holds = (await new_endpoint(tenant, URL, EventType.HOLD_EXPIRED)).endpoint.id
    low, expired = await happen(tenant, EventType.BALANCE_LOW, EventType.HOLD_EXPIRED)
    assert await tenant.database.ask(accounts_with_waiting_events) == [tenant.account_id]
    assert await asyncio.gather(*(dispatch(tenant) for _ in range(4))) == [2, 0, 0, 0]
    assert await tenant.database.ask(accounts_with_waiting_events) == []
    assert {(row.event_id, row.endpoint_id) for row in await deliveries(tenant)} == {
        (low.id, everything),
        (expired.id, everything),
        (expired.id, holds),
    }
    assert [event.dispatched_at for event in await events(tenant)] == [NOON, NOON]


async def test_events_are_dispatched_in_bounded_portions_of_few_statements(tenant: Tenant) -> None:
    await new_endpoint(tenant)
    await happen(tenant, *[EventType.BALANCE_LOW] * (EVENTS_AT_ONCE + 1))
    with statements(tenant.database) as sent:
        assert await dispatch(tenant) == EVENTS_AT_ONCE
    many = len(sent)
    with statements(tenant.database) as sent:
        assert await dispatch(tenant) == 1
    assert (len(sent), await dispatch(tenant)) == (many, 0)
    assert len(await deliveries(tenant)) == EVENTS_AT_ONCE + 1


async def test_what_is_delivered_is_over(tenant: Tenant, clock: SettableClock) -> None:
    await new_endpoint(tenant)
    attempt = await due(tenant)
    [event] = await events(tenant)
    assert (attempt.number, attempt.url, attempt.message.id) == (1, URL, f"event_{event.id.hex}")
    now = clock.forward(seconds=2)
    await delivered(tenant, attempt)
    [row] = await deliveries(tenant)
    assert (row.status, row.attempt_count, row.last_status_code) == (DeliveryStatus.DELIVERED, 1, 204)
    assert (row.last_attempt_at, row.delivered_at, row.next_attempt_at, row.leased_until) == (
        NOON,
        now,
        None,
        None,
    )
    assert (row.last_error, await claim(tenant)) == (None, [])


async def test_what_fails_is_due_again_and_given_up_in_the_end(tenant: Tenant, clock: SettableClock) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    attempt = await due(tenant)
    waits = []
    for number in range(1, 11):
        assert attempt.number == number
        assert await failed(tenant, attempt) is None
        [row] = await deliveries(tenant)
        assert (row.attempt_count, row.last_status_code, row.last_error) == (number, 500, REFUSED.reason)
        if row.next_attempt_at is None:
            break
        waits.append((row.next_attempt_at - clock.now).total_seconds())
        clock.now = row.next_attempt_at - timedelta(microseconds=1)
        assert await claim(tenant) == []
        clock.now = row.next_attempt_at
        [attempt] = await claim(tenant)
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert (row.status, row.attempt_count, row.delivered_at) == (DeliveryStatus.FAILED, 10, None)
    assert (await endpoint(tenant, id_)).failing_since == NOON
    assert await claim(tenant) == []


async def test_a_lease_keeps_others_away_until_it_runs_out(tenant: Tenant, clock: SettableClock) -> None:
    await new_endpoint(tenant)
    first = await due(tenant)
    clock.forward(seconds=59)
    assert await claim(tenant) == []
    clock.forward(seconds=1)
    [second] = await claim(tenant)
    assert (second.delivery_id, second.number, second.message) == (first.delivery_id, 2, first.message)
    # Word of the first comes late: its failure changes nothing, its success ends the matter.
    assert await failed(tenant, first) is None
    assert (await deliveries(tenant))[0].leased_until == clock.now + timedelta(minutes=1)
    await delivered(tenant, first)
    assert await failed(tenant, second) is None
    [row] = await deliveries(tenant)
    assert (row.status, row.attempt_count, row.delivered_at) == (DeliveryStatus.DELIVERED, 2, clock.now)


async def test_processes_that_claim_at_once_share(
    database: Database, database_url: str, tenant: Tenant, clock: SettableClock
) -> None:
    await new_endpoint(tenant)
    await happen(tenant, *[EventType.BALANCE_LOW] * 30)
    async with opened(database_url, clock) as other:
        stores = [database, other]
        tenants = [Tenant(store, tenant.account_id, tenant.api_key_id, tenant.secret) for store in stores]
        assert sum(await asyncio.gather(*(dispatch(each) for each in tenants * 3))) == 30
        claimed = await asyncio.gather(*(claim(each, 4) for each in tenants * 5))
    ids = [attempt.delivery_id for attempts in claimed for attempt in attempts]
    assert (len(ids), len(set(ids))) == (30, 30)


async def test_an_endpoint_that_is_gone_is_disabled(tenant: Tenant) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    await happen(tenant, EventType.BALANCE_LOW, EventType.HOLD_EXPIRED)
    await dispatch(tenant)
    [attempt, _other] = await claim(tenant)
    gone = Failure("The endpoint answered 410.", 410)
    assert await failed(tenant, attempt, gone) is DisabledReason.GONE
    row = await endpoint(tenant, id_)
    assert (row.disabled_at, row.disabled_reason) == (NOON, DisabledReason.GONE)
    assert [(each.status, each.last_error, each.next_attempt_at) for each in await deliveries(tenant)] == [
        (DeliveryStatus.FAILED, "The endpoint answered 410.", None),
        (DeliveryStatus.FAILED, "The endpoint was disabled.", None),
    ]


async def test_an_endpoint_that_only_fails_for_days_is_disabled(tenant: Tenant, clock: SettableClock) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    await failed(tenant, await due(tenant))
    clock.forward(days=5, seconds=-1)
    for attempt in await claim(tenant):
        assert await failed(tenant, attempt) is None
    clock.forward(seconds=1)
    assert await failed(tenant, await due(tenant)) is DisabledReason.FAILING
    assert (await endpoint(tenant, id_)).disabled_at == clock.now


async def test_one_success_takes_an_endpoint_off_the_list(tenant: Tenant, clock: SettableClock) -> None:
    id_ = (await new_endpoint(tenant)).endpoint.id
    await failed(tenant, await due(tenant))
    clock.forward(days=4)
    for attempt in await claim(tenant):
        await delivered(tenant, attempt)
    assert (await endpoint(tenant, id_)).failing_since is None
    clock.forward(days=4)
    assert await failed(tenant, await due(tenant)) is None


async def test_a_receiver_is_heard_when_it_asks_for_time(tenant: Tenant, clock: SettableClock) -> None:
    await new_endpoint(tenant)
    busy = Failure("The endpoint answered 429.", 429, timedelta(minutes=10))
    await failed(tenant, await due(tenant), busy)
    assert (await deliveries(tenant))[0].next_attempt_at == clock.now + timedelta(minutes=10)


async def test_resending_by_hand(tenant: Tenant, clock: SettableClock) -> None:
    await new_endpoint(tenant)
    attempt = await due(tenant)
    await failed(tenant, attempt, Failure("busy", 429, timedelta(hours=9)))
    clock.forward(minutes=1)
    waiting = await run(tenant, resend_webhook_delivery, delivery_id=attempt.delivery_id)
    assert (waiting.id, waiting.next_attempt_at) == (attempt.delivery_id, clock.now)
    [again] = await claim(tenant)
    assert (again.delivery_id, again.number) == (attempt.delivery_id, 2)
    await delivered(tenant, again)
    anew = await run(tenant, resend_webhook_delivery, delivery_id=attempt.delivery_id)
    [third] = await claim(tenant)
    assert (third.delivery_id, third.number, third.message) == (anew.id, 1, attempt.message)
    first, second = await deliveries(tenant)
    assert (first.status, second.status) == (DeliveryStatus.DELIVERED, DeliveryStatus.PENDING)
    assert first.event_id == second.event_id


async def test_who_waits_longest_comes_first_and_nobody_twice(
    tenant: Tenant, database: Database, clock: SettableClock
) -> None:
    tenants = [tenant, await new_tenant(database, "Second"), await new_tenant(database, "Third")]
    for each in reversed(tenants):
        await new_endpoint(each)
        await happen(each, EventType.BALANCE_LOW, EventType.HOLD_EXPIRED)
        await dispatch(each)
        clock.forward(seconds=1)

    async def waiting(*besides: Tenant) -> list[Any]:
        ids = [each.account_id for each in besides]
        return await database.ask(lambda session: accounts_with_due_deliveries(session, clock.now, ids))

    first, second, third = (each.account_id for each in tenants)
    assert await waiting() == [third, second, first]
    assert await waiting(tenants[1]) == [third, first]
    await claim(tenants[2])
    assert await waiting() == [second, first]


@pytest.mark.parametrize("endpoints", [0, 1])
async def test_an_account_without_events_costs_two_statements(tenant: Tenant, endpoints: int) -> None:
    for _ in range(endpoints):
        await new_endpoint(tenant)
    with statements(tenant.database) as sent:
        assert await dispatch(tenant) == 0
    assert len([text for text in sent if not text.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]) == 2
