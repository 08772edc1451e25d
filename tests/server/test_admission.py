"""Admission: who is let in, who waits, who is refused, and that a refusal leaves nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from metering.rate_cards import publish_built_in_rate_card
from models.database import Database
from models.writer import Command
from server.admission import (
    FEWEST_PLACES,
    FIRST_PLACES,
    INTERVAL_SECONDS,
    MOST_STANDING,
    Admission,
    Overloaded,
)
from tests.crowds import crowded, emptied, filled
from tests.door import Door, opened_door
from tests.streams import BALANCE, Served, events, listener, raw_socket, served
from tests.tenant import Tenant, new_tenant

START = 'mutation { startWorkflow(input: {workflowName: "call", idempotencyKey: "one"}) { __typename } }'
RUNS = "{ viewer { account { workflows { totalCount } } } }"
ALIVE = "{ viewer { scopes } }"
MESSAGE = "The service has more to do than it can; try again in a moment."
ERROR = {"message": MESSAGE, "extensions": {"code": "UNAVAILABLE"}}


class Watched:
    """An admission whose time passes only when it is told so."""

    def __init__(self, most: int = 400) -> None:
        self.now, self.waited = 0.0, 0.0
        self.admission = Admission(most, lambda: self.waited, lambda: self.now)

    def look(self, late_seconds: float = 0.0) -> None:
        """Look ten times, until an interval has passed."""
        for _ in range(10):
            self.now += INTERVAL_SECONDS / 9
            self.admission.look(late_seconds)


async def test_a_burst_is_taken_in_and_runs_in_turn() -> None:
    admission, ran = Admission(100), list[int]()

    async def run(number: int) -> None:
        async with admission.place():
            assert admission.running <= FIRST_PLACES
            ran.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(run(number) for number in range(100)))
    assert ran == list(range(100))
    assert (admission.in_flight, admission.refused) == (0, 0)


async def test_as_many_as_may_be_and_no_more() -> None:
    admission = Admission(80)
    tasks = await filled(admission, 81)
    assert isinstance(tasks[-1].exception(), Overloaded)
    assert (admission.running, admission.in_flight, admission.refused) == (32, 80, 1)
    await emptied(tasks)
    assert admission.in_flight == 0


async def test_a_line_that_stands_takes_fewer_until_nobody_is_refused() -> None:
    watched = Watched()
    admission = watched.admission
    tasks = await filled(admission, MOST_STANDING)
    assert not admission.is_full
    watched.waited = 0.02
    watched.look()
    assert admission.is_full
    with pytest.raises(Overloaded):
        async with admission.place():
            pass
    await emptied(tasks[-1:])
    assert not admission.is_full
    await emptied(tasks[:-1])
    watched.look()
    tasks = await filled(admission, MOST_STANDING)
    assert admission.is_full  # one was refused just now
    await emptied(tasks[32:])
    watched.look()
    tasks = tasks[:32] + await filled(admission, MOST_STANDING)
    assert not admission.is_full
    await emptied(tasks)


async def test_those_who_wait_long_inside_are_made_fewer() -> None:
    watched = Watched()
    tasks = await filled(watched.admission, 60)
    watched.look(late_seconds=0.1)
    assert watched.admission.places == 24
    watched.look(late_seconds=0.2)
    # All of them still run: what was done before has had no effect yet.
    assert watched.admission.places == 24
    await emptied(tasks[:36])
    watched.look(late_seconds=0.2)
    assert watched.admission.places == 18
    await emptied(tasks[36:50])
    watched.look(late_seconds=0.2)
    assert watched.admission.places == FEWEST_PLACES
    await emptied(tasks)


async def test_those_who_wait_for_nothing_inside_are_made_more() -> None:
    watched = Watched(most=100)
    tasks = await filled(watched.admission, 100)
    watched.look()
    assert (watched.admission.places, watched.admission.running) == (36, 36)
    for _ in range(20):
        watched.look()
    assert (watched.admission.places, watched.admission.running) == (100, 100)
    await emptied(tasks)


async def test_without_a_line_nothing_changes() -> None:
    watched = Watched()
    tasks = await filled(watched.admission, FIRST_PLACES)
    watched.look()
    watched.look()
    assert watched.admission.places == FIRST_PLACES
    await emptied(tasks)


async def test_who_leaves_the_line_takes_nobody_with_him() -> None:
    admission = Admission(100)
    tasks = await filled(admission, 70)
    tasks[33].cancel()
    tasks[0].cancel()  # its place goes to the first in line at once, who is sent away before he has it
    tasks[32].cancel()
    await asyncio.sleep(0.01)
    assert (admission.running, admission.in_flight) == (32, 67)
    await emptied(tasks)
    assert admission.in_flight == 0


async def test_when_all_have_left_it_is_as_in_the_beginning() -> None:
    admission = Admission(60, lambda: 1.0)
    tasks = await filled(admission, 60)
    await asyncio.sleep(3 * INTERVAL_SECONDS)
    assert admission.places < FIRST_PLACES
    assert admission.is_full
    await emptied(tasks)
    await asyncio.sleep(INTERVAL_SECONDS)
    assert (admission.places, admission.is_full) == (FIRST_PLACES, False)


async def test_a_request_too_many_is_refused_unseen(database: Database, tenant: Tenant) -> None:
    async with opened_door(database, most_in_flight=3) as door:
        async with crowded(door.admission):
            for key in (tenant.secret, "no key", None):
                answer = await door.post(key, json.dumps({"query": START}).encode(), x_request_id="mine")
                assert (answer.status_code, answer.json()) == (503, {"errors": [ERROR]})
                told = {name: answer.headers[name] for name in SHOWN}
                assert told == SHOWN
                assert "connection" not in answer.headers
            rest = await door.post(tenant.secret, b"{}", "/api/v1/agent/create")
            assert (rest.status_code, rest.json()) == (503, {"error": {"message": MESSAGE}})
            assert rest.headers["retry-after"] == "1"
            vital = [(await door.http.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")]
            assert vital == [200, 200, 200]
            metrics = (await door.http.get("/metrics")).text
        assert "creditgraph_admission_refusals_total 4.0" in metrics
        assert "creditgraph_requests_in_flight 3.0" in metrics
        assert await door.data(tenant.secret, RUNS) == {
            "viewer": {"account": {"workflows": {"totalCount": 0}}}
        }
        assert await door.data(tenant.secret, START) == {"startWorkflow": {"__typename": "WorkflowStarted"}}


async def test_a_body_that_is_still_to_come_ends_the_connection(door: Door) -> None:
    async with crowded(door.admission):
        large = await door.post(None, b" " * 100_000)
        unsure = await door.post(None, b"{}", expect="100-continue")
    assert (large.status_code, large.headers["connection"]) == (503, "close")
    assert (unsure.status_code, unsure.headers["connection"]) == (503, "close")


async def test_who_sends_slowly_takes_no_place(door: Door, tenant: Tenant) -> None:
    sent = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await sent.wait()
        yield json.dumps(ALIVE).encode() + b"}"

    headers = {"authorization": f"Bearer {tenant.secret}", "content-type": "application/json"}
    slow = asyncio.create_task(door.http.post("/graphql", content=slowly(), headers=headers))
    await asyncio.sleep(0.05)
    assert door.admission.in_flight == 0
    sent.set()
    assert (await slow).status_code == 200


@pytest.fixture
async def door(database: Database) -> AsyncIterator[Door]:
    """A door that takes in three at once."""
    async with opened_door(database, most_in_flight=3) as door:
        yield door


@pytest.fixture
async def live(sqlite_database_url: str) -> AsyncIterator[Served]:
    """The service, of one process that takes in one at a time."""
    async with served(sqlite_database_url, most_in_flight=1) as service:
        await service.database.write(Command(None, publish_built_in_rate_card))
        yield service
        await service.until_quiet()


async def test_an_operation_too_many_over_a_socket_is_refused_and_the_socket_stays(live: Served) -> None:
    tenant = await new_tenant(live.database)
    async with listener(live.socket_url, tenant.secret) as client:
        async with crowded(live.admission):
            for query in (START, BALANCE):
                name = await client.subscribe(query)
                assert await client.message(name) == {"id": name, "type": "error", "payload": [ERROR]}
        name = await client.subscribe(RUNS)
        assert await client.event(name) == {"account": {"workflows": {"totalCount": 0}}}


async def test_a_socket_that_is_opened_meanwhile_closes(live: Served) -> None:
    tenant = await new_tenant(live.database)
    async with crowded(live.admission), raw_socket(live.socket_url) as client:
        await client.send(type="connection_init", payload={"authorization": f"Bearer {tenant.secret}"})
        assert await client.close_code() == 1013


async def test_who_listens_takes_no_place(live: Served) -> None:
    tenant = await new_tenant(live.database)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(listener(live.socket_url, tenant.secret))
        for _ in range(3):
            name = await client.subscribe(BALANCE)
            await client.event(name)
            told = await stack.enter_async_context(events(live.http_url, tenant.secret, BALANCE))
            await anext(told)
        # These have nothing to be told.
        quiet = await client.subscribe("subscription { serviceUsageAdded(after: 0) { sequence } }")
        async with asyncio.timeout(5):
            while live.admission.in_flight:  # noqa: ASYNC110 - a counter, which nobody announces
                await asyncio.sleep(0.05)
        assert client.kept(quiet) == []


SHOWN = {
    "content-type": "application/json",
    "retry-after": "1",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": "mine",
}
