"""A process that is told to stop under load: every request has its answer, or was never taken."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.stories.caller import ADD, START, Caller
from tests.stories.clients import body
from tests.stories.conftest import account_on
from tests.stories.process import ServerProcess, served

CLIENTS = 24
PLENTY = 4 * CLIENTS
TOKENS = {"serviceType": "GPT", "provider": "gpt-4o-mini", "units": "2500", "unitType": "TOKENS"}
COUNT = "query Count { viewer { account { usage { usageCount totalCredits } } } }"
ANSWERED_SECONDS = 30


@dataclass(slots=True)
class Sent:
    """What became of the requests of all clients."""

    acknowledged: int = 0
    turned_away: int = 0
    cut: list[str] = field(default_factory=list)
    not_ready_at: float | None = None
    plenty: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture(params=["1", "2"])
def several(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of one or of two processes."""
    with served(database_url, tmp_path, "--workers", request.param) as server:
        yield server


async def add_usages(owner: Caller, workflow: str, name: str, sent: Sent) -> None:
    """Add one usage after another until nobody listens any more."""
    headers = {"authorization": f"Bearer {owner.key}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=ANSWERED_SECONDS) as http:
        for number in range(100_000):
            given = {"workflowId": workflow, "idempotencyKey": f"{name}-{number}", **TOKENS}
            try:
                answer = await http.post(f"{owner.url}/graphql", json=body(ADD, given), headers=headers)
            except httpx2.ConnectError:
                sent.turned_away += 1
                return
            except httpx2.TransportError as error:
                sent.cut.append(repr(error))
                return
            assert answer.json()["data"]["addServiceUsage"]["serviceUsage"]["creditsUsed"] == "3"
            sent.acknowledged += 1
            if sent.acknowledged == PLENTY:
                sent.plenty.set()


async def ask_whether_ready(url: str, sent: Sent) -> None:
    """Ask on new connections, as a load balancer does, until nobody listens any more."""
    while True:
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=ANSWERED_SECONDS) as http:
                answer = await http.get(f"{url}/readyz")
        except httpx2.ConnectError:
            return
        except httpx2.TransportError as error:
            sent.cut.append(repr(error))
            return
        if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            assert answer.json() == {"status": "the service is stopping"}
            assert answer.headers["connection"] == "close"
            sent.not_ready_at = sent.not_ready_at or time.monotonic()
        await asyncio.sleep(0.02)


async def test_no_request_is_cut(several: ServerProcess, http: httpx2.Client) -> None:
    owner = account_on(several, http)
    started = owner.mutate(START, workflowName="phone_ai_call", idempotencyKey="run")
    workflow, sent = started["workflow"]["id"], Sent()
    clients = [asyncio.create_task(add_usages(owner, workflow, f"client {n}", sent)) for n in range(CLIENTS)]
    balancer = asyncio.create_task(ask_whether_ready(several.url, sent))
    await sent.plenty.wait()
    before, told_at = sent.acknowledged, time.monotonic()
    os.kill(several.process_id, signal.SIGTERM)
    await asyncio.gather(*clients, balancer)
    assert await asyncio.to_thread(several.wait) == 0
    assert sent.cut == []
    assert sent.turned_away == CLIENTS
    # While it drains it goes on taking requests.
    assert sent.acknowledged > before
    assert sent.not_ready_at is not None
    assert sent.not_ready_at - told_at < 0.9
    several.restart()
    assert owner.query(COUNT)["account"]["usage"] == {
        "usageCount": sent.acknowledged,
        "totalCredits": str(3 * sent.acknowledged),
    }
    several.audit()
    assert "Traceback" not in several.log()
