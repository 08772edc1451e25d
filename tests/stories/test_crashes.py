"""Power cuts amidst writes: what was acknowledged is there once, what was not can be sent again."""

import asyncio
import random
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases.postgresql import OwnPostgresqlServer, postgresql_server
from tests.stories.caller import ADD, ADD_MANY, START, Answer, Caller
from tests.stories.clients import Clients, clients
from tests.stories.conftest import account_on
from tests.stories.process import ServerProcess, served

WRITERS = 8
BATCH_SIZE = 20
ROUNDS = 3
SOAK_ROUNDS = 20
CREDITS_EACH = 3
TRIES = 200

FOUND = "query Found { viewer { account { balance { spent } usage { totalCredits usageCount } } } }"


@dataclass
class Writers:
    """Clients that go on adding usages, singly and in batches, and remember what was acknowledged."""

    owner: Caller
    workflow_id: str
    sent: list[list[dict[str, str]]] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)
    unavailable: int = 0
    stopping: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def write(self, many: Clients) -> None:
        """Send request after request until the server goes away or the writers are stopped."""
        while not self.stopping:
            usages = self._next_usages()
            self.sent.append(usages)
            try:
                await self.send(many, usages)
            except httpx2.TransportError:
                return

    async def send(self, many: Clients, usages: list[dict[str, str]]) -> bool:
        """Send usages in one request and note them as acknowledged; False where the store was away."""
        if len(usages) == 1:
            answer = await many.ask(self.owner.url, ADD, usages[0])
        else:
            answer = await many.ask(self.owner.url, ADD_MANY, {"usages": usages})
        if self._is_unavailable(answer):
            return False
        (value,) = answer.data.values()
        results = [value] if len(usages) == 1 else value["results"]
        for usage, result in zip(usages, results, strict=True):
            self._acknowledge(usage["idempotencyKey"], result)
        return True

    async def send_everything_again(self, many: Clients) -> None:
        """Send all that was ever sent, with the same keys, until all of it is acknowledged."""
        for usages in self.sent:
            for _ in range(TRIES):
                if await self.send(many, usages):
                    break
                await asyncio.sleep(0.05)
            else:
                pytest.fail("the store does not come back")

    def _acknowledge(self, key: str, result: dict[str, Any]) -> None:
        usage_id = result["serviceUsage"]["id"]
        if key in self.acknowledged:
            # What was acknowledged once was recorded then, and is the same usage for ever.
            assert (result["replayed"], usage_id) == (True, self.acknowledged[key])
        self.acknowledged[key] = usage_id
        self.heard.set()

    def _is_unavailable(self, answer: Answer) -> bool:
        if not answer.codes:
            return False
        assert answer.codes == ["UNAVAILABLE"], answer
        assert answer.status in {httpx2.codes.OK, httpx2.codes.SERVICE_UNAVAILABLE}
        self.unavailable += 1
        return True

    def _next_usages(self) -> list[dict[str, str]]:
        number = next(self._numbers)
        return [
            {
                "workflowId": self.workflow_id,
                "serviceType": "GPT",
                "provider": "gpt-4o-mini",
                "units": "2500",
                "unitType": "TOKENS",
                "idempotencyKey": f"usage-{number}-{position}",
            }
            for position in range(BATCH_SIZE if number % 2 else 1)
        ]


async def test_killed_amidst_writes(server: ServerProcess, owner: Caller) -> None:
    await tell(server, owner, ROUNDS)


@pytest.mark.soak
async def test_killed_amidst_writes_many_times(server: ServerProcess, owner: Caller) -> None:
    await tell(server, owner, SOAK_ROUNDS)


@pytest.mark.soak
async def test_killed_with_all_its_workers(
    sqlite_database_url: str, tmp_path: Path, http: httpx2.Client
) -> None:
    with served(sqlite_database_url, tmp_path, "--workers", "2") as server:
        await tell(server, account_on(server, http), ROUNDS)
        server.audit()


async def test_postgresql_crashes_amidst_writes(tmp_path: Path, http: httpx2.Client) -> None:
    with postgresql_server() as store:
        store.create_database("crashing")
        with served(store.url("crashing"), tmp_path) as server:
            owner = account_on(server, http)
            writers = start_writers(owner)
            async with clients(owner, WRITERS) as many:
                writing = [asyncio.create_task(writers.write(many)) for _ in range(WRITERS)]
                for _ in range(ROUNDS):
                    await asyncio.sleep(0.4)
                    await asyncio.to_thread(store.restart_immediately)
                await asyncio.sleep(0.4)
                writers.stopping = True
                await asyncio.gather(*writing)
                await writers.send_everything_again(many)
            check(owner, writers)
            server.audit()


async def test_while_postgresql_is_away_callers_hear_unavailable(tmp_path: Path, http: httpx2.Client) -> None:
    with postgresql_server() as store:
        if not isinstance(store, OwnPostgresqlServer):
            pytest.skip("the server that the environment names is not ours to stop")
        store.create_database("away")
        with served(store.url("away"), tmp_path) as server:
            owner = account_on(server, http)
            writers = start_writers(owner)
            async with clients(owner, 1) as many:
                writers.sent.append(writers._next_usages())  # noqa: SLF001  # one request, made here
                store.stop()
                assert await writers.send(many, writers.sent[0]) is False
                assert http.get(f"{server.url}/readyz").status_code == httpx2.codes.SERVICE_UNAVAILABLE
                assert http.get(f"{server.url}/healthz").status_code == httpx2.codes.OK
                store.start()
                await writers.send_everything_again(many)
            check(owner, writers)
            server.audit()


async def tell(server: ServerProcess, owner: Caller, rounds: int) -> None:
    writers = start_writers(owner)
    draw = random.Random(9)
    for _ in range(rounds):
        async with clients(owner, WRITERS) as many:
            writers.heard.clear()
            writing = [asyncio.create_task(writers.write(many)) for _ in range(WRITERS)]
            await writers.heard.wait()
            await asyncio.sleep(draw.uniform(0.1, 0.5))
            await asyncio.to_thread(server.kill)
            await asyncio.gather(*writing)
        await asyncio.to_thread(server.start)
        # Nothing that was acknowledged may be missing even before anybody sends it again.
        assert usage_count(owner) >= len(writers.acknowledged)
    async with clients(owner, 1) as many:
        await writers.send_everything_again(many)
    assert writers.unavailable == 0
    check(owner, writers)


def start_writers(owner: Caller) -> Writers:
    started = owner.mutate(START, workflowName="crashing", idempotencyKey="start")
    return Writers(owner, started["workflow"]["id"])


def usage_count(owner: Caller) -> int:
    found: int = owner.query(FOUND)["account"]["usage"]["usageCount"]
    return found


def check(owner: Caller, writers: Writers) -> None:
    sent = sum(len(usages) for usages in writers.sent)
    assert sent > 0
    assert len(set(writers.acknowledged.values())) == sent
    total = str(sent * CREDITS_EACH)
    assert owner.query(FOUND)["account"] == {
        "balance": {"spent": total},
        "usage": {"totalCredits": total, "usageCount": sent},
    }
