"""Several processes behind one address: who died is replaced, each hears the others, and figures add up."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.stories.caller import ADD, START, Caller
from tests.stories.conftest import account_on
from tests.stories.process import ServerProcess, served
from tests.streams import USAGES, listener

WORKERS = 2
TOKENS = {"serviceType": "GPT", "provider": "gpt-4o-mini", "units": "2500", "unitType": "TOKENS"}
STARTED = 'creditgraph_operations_total{kind="mutation",operation="other",outcome="ok"}'
PATIENCE_SECONDS = 60


@pytest.fixture
def both(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of two processes."""
    with served(database_url, tmp_path, "--workers", str(WORKERS)) as server:
        until(lambda: figure(server, "creditgraph_processes") == WORKERS)
        yield server


def test_a_process_that_is_killed_is_replaced_and_figures_add_up(
    both: ServerProcess, http: httpx2.Client
) -> None:
    owner = account_on(both, http)
    for name in ("one", "two", "three"):
        owner.mutate(START, workflowName="phone_ai_call", idempotencyKey=name)
    before = workers(both)
    assert len(before) == WORKERS
    for _ in range(20):
        assert httpx2.get(f"{both.url}/healthz", trust_env=False).status_code == httpx2.codes.OK
    asked = 'creditgraph_http_requests_total{route="healthz",status="200"}'
    assert figure(both, asked) == 20
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len(set(workers(both)) - {before[0]}) == WORKERS)
    assert before[1] in workers(both)
    until(lambda: figure(both, "creditgraph_processes") == WORKERS)
    # What the dead one counted is not forgotten.
    assert figure(both, asked) == 20
    assert figure(both, STARTED) == 3
    # Each process asks the store by itself, at its own time; what they know is not added up.
    told: set[float] = set()
    until(lambda: told.add(figure(both, "creditgraph_running_workflows")) or 3 in told)
    assert told <= {0, 3}


async def test_each_hears_what_the_other_writes(both: ServerProcess, http: httpx2.Client) -> None:
    owner = account_on(both, http)
    workflow = owner.mutate(START, workflowName="phone_ai_call", idempotencyKey="run")["workflow"]["id"]
    one, other = workers(both)
    socket_url = both.url.replace("http", "ws") + "/graphql"
    for writing, listening in ((one, other), (other, one)):
        async with AsyncExitStack() as ears:
            # The one that stands still takes no connection: whoever connects is taken by the other.
            with stopped(writing):
                ear = await ears.enter_async_context(listener(socket_url, owner.key))
                name = await ear.subscribe(USAGES)
                await ear.event(name)  # where it stands
            with stopped(listening):
                added = await asyncio.to_thread(add_once, owner, workflow, f"by {writing}")
            assert (await ear.event(name))["serviceUsage"]["id"] == added


def add_once(owner: Caller, workflow: str, key: str) -> str:
    """Add a usage over a connection of its own, and give its id."""
    with httpx2.Client(trust_env=False, timeout=PATIENCE_SECONDS) as fresh:
        caller = Caller(fresh, owner.url, owner.key)
        added = caller.mutate(ADD, workflowId=workflow, idempotencyKey=key, **TOKENS)
    return str(added["serviceUsage"]["id"])


@contextmanager
def stopped(process_id: int) -> Iterator[None]:
    """Let a process stand still for the length of the block, which must be shorter than what it is given up after."""
    os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGCONT)


def workers(server: ServerProcess) -> list[int]:
    """Give the processes that serve, in the order of their ids."""
    children = f"/proc/{server.process_id}/task/{server.process_id}/children"
    ids = map(int, Path(children).read_text().split())
    return sorted(each for each in ids if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes())


def figure(server: ServerProcess, name: str) -> float:
    """Scrape, by whichever process answers, and give a figure; 0 for one that is not told."""
    text = httpx2.get(f"{server.url}/metrics", trust_env=False, timeout=PATIENCE_SECONDS).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)
