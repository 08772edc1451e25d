"""Live numbers: two server processes serve one store, each hears the other, and leaves in good order."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.stories.process import ServerProcess, creditgraph, served
from tests.streams import BALANCE, USAGES, WORKFLOW, events, listener

START = 'mutation { startWorkflow(input: {workflowName: "phone_ai_call", idempotencyKey: "run"}) { ... on WorkflowStarted { workflow { id } } } }'
ADD = 'mutation ($workflow: ID!, $name: String!) { addServiceUsage(input: {workflowId: $workflow, serviceType: PHONE, provider: "twilio", units: 1, unitType: MINUTES, idempotencyKey: $name}) { __typename } }'
COMPLETE = "mutation ($workflow: ID!) { completeWorkflow(input: {workflowId: $workflow}) { __typename } }"


@pytest.fixture
def two(database_url: str, tmp_path: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two server processes on one store."""
    with served(database_url, tmp_path) as one, served(database_url, tmp_path) as other:
        yield one, other
        one.audit()


@pytest.fixture
def key(database_url: str) -> str:
    """The key of an account on the store that both serve."""
    account = creditgraph("account", "create", "Acme", database_url=database_url)
    return creditgraph("key", "issue", "--account", account, database_url=database_url)


async def mutate(server: ServerProcess, key: str, mutation: str, **given: Any) -> Any:
    """Run a mutation at one of the servers, and give what its one field answers."""
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as http:
        answer = await http.post(
            f"{server.url}/graphql",
            json={"query": mutation, "variables": given},
            headers={"authorization": f"Bearer {key}"},
        )
    [answered] = answer.json()["data"].values()
    return answered


async def add(server: ServerProcess, key: str, workflow: str, number: int) -> None:
    answer = await mutate(server, key, ADD, workflow=workflow, name=f"usage {number}")
    assert answer["__typename"] == "ServiceUsageAdded"


def socket_url(server: ServerProcess) -> str:
    return f"{server.url.replace('http', 'ws')}/graphql"


async def test_each_process_hears_the_others_writes(
    two: tuple[ServerProcess, ServerProcess], key: str
) -> None:
    workflow = (await mutate(two[0], key, START))["workflow"]["id"]
    async with listener(socket_url(two[0]), key) as here, listener(socket_url(two[1]), key) as there:
        ears = [
            (
                ear,
                await ear.subscribe(USAGES),
                await ear.subscribe(BALANCE),
                await ear.subscribe(WORKFLOW, workflow=workflow),
            )
            for ear in (here, there)
        ]
        for ear, *names in ears:
            for name in names:
                await ear.event(name)
        for number in range(1, 7):
            await add(two[number % 2], key, workflow, number)
            for ear, usages, balance, run in ears:
                assert (await ear.event(usages))["sequence"] == number
                assert (await ear.event(balance))["spent"] == str(20 * number)
                assert (await ear.event(run))["workflow"]["totalCreditsUsed"] == str(20 * number)
        await mutate(two[0], key, COMPLETE, workflow=workflow)
        for ear, _, _, run in ears:
            assert (await ear.event(run))["workflow"]["status"] == "COMPLETED"


async def test_one_that_is_told_to_stop_says_goodbye(
    two: tuple[ServerProcess, ServerProcess], key: str
) -> None:
    stopping = two[1]
    async with (
        listener(socket_url(stopping), key) as client,
        events(f"{stopping.url}/graphql", key, BALANCE) as stream,
    ):
        name = await client.subscribe(BALANCE)
        await client.event(name)
        await anext(stream)
        started = time.monotonic()
        os.kill(stopping.process_id, signal.SIGTERM)
        assert await client.close_code() == 1001
        assert client.kept(name)[-1]["payload"][0]["extensions"] == {"code": "UNAVAILABLE"}
        last = [event async for event in stream]
        assert last[-1] == ("complete", None)
        await asyncio.to_thread(stopping.wait)
        assert time.monotonic() - started < 8
    assert "Traceback" not in stopping.log()
