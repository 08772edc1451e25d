"""One limit for a key, however many processes serve it, and whether they are stopped and started again."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.stories.caller import Caller
from tests.stories.conftest import account_on
from tests.stories.process import ServerProcess, served

LIMIT = 150
RESTORE_RATE = 2
CHEAP = "{ viewer { scopes } }"


@pytest.fixture
def limited(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of two processes whose keys have few points."""
    settings = {"cost_limit": LIMIT, "cost_restore_rate": RESTORE_RATE}
    with served(database_url, tmp_path, "--workers", "2", **settings) as server:
        yield server


async def asked(caller: Caller, times: int) -> list[httpx2.Response]:
    """Ask again and again, over so many connections that both processes are asked."""
    headers = {"authorization": f"Bearer {caller.key}"}

    async def some(count: int) -> list[httpx2.Response]:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
            return [
                await http.post(f"{caller.url}/graphql", json={"query": CHEAP}, headers=headers)
                for _ in range(count)
            ]

    return [
        answer
        for answers in await asyncio.gather(*(some(times // 8) for _ in range(8)))
        for answer in answers
    ]


def points(answers: list[httpx2.Response]) -> int:
    return sum(
        answer.json()["extensions"]["cost"]["actual"] for answer in answers if answer.status_code == 200
    )


def test_two_processes_and_a_restart_make_no_second_limit(
    limited: ServerProcess, http: httpx2.Client
) -> None:
    caller = account_on(limited, http)
    start = time.monotonic()
    answers = asyncio.run(asked(caller, 200))
    allowed = LIMIT + RESTORE_RATE * (time.monotonic() - start)
    assert LIMIT * 0.8 <= points(answers) <= allowed
    assert set(Counter(answer.status_code for answer in answers)) == {200, 429}
    refused: dict[str, Any] = next(answer for answer in answers if answer.status_code == 429).json()
    assert refused["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    limited.kill()
    limited.start()
    again = asyncio.run(asked(caller, 80))
    assert points(again) <= LIMIT + RESTORE_RATE * (time.monotonic() - start) - points(answers)
