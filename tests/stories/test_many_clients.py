"""64 clients at once: usages that are sent twice, at once or later, or whose answer nobody hears, count once."""

import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx2

from tests.stories.caller import ADD, START, Caller
from tests.stories.clients import clients, take_turns
from tests.stories.conftest import account_on
from tests.stories.process import served

CLIENTS = 64
USAGES = 2_000
SENT_TWICE = USAGES // 3
ABANDONED = 90
LONGEST_STAY_SECONDS = 0.3
RUNS = 5

Usage = dict[str, str]
Job = Callable[[], Awaitable[object]]

FOUND = """
query Found {
  viewer {
    account {
      balance { spent }
      usage { totalCredits usageCount topConsumingServices { service totalCredits } }
      workflows(orderBy: OLDEST_FIRST) { nodes { totalCreditsUsed usageCount } }
    }
  }
}
"""


async def test_64_clients_on_one_server(service: Caller) -> None:
    await tell(service, [service.url])


async def test_64_clients_on_two_servers_of_one_postgresql(
    postgresql_database_url: str, tmp_path: Path, http: httpx2.Client
) -> None:
    with (
        served(postgresql_database_url, tmp_path) as first,
        served(postgresql_database_url, tmp_path) as second,
    ):
        await tell(account_on(first, http), [first.url, second.url])
        first.audit()


async def test_64_clients_on_two_workers_of_one_sqlite(
    sqlite_database_url: str, tmp_path: Path, http: httpx2.Client
) -> None:
    with served(sqlite_database_url, tmp_path, "--workers", "2") as server:
        await tell(account_on(server, http), [server.url])
        server.audit()


async def tell(owner: Caller, urls: list[str]) -> None:
    usages = list(made_usages(start_runs(owner)))
    draw = random.Random(64)
    # These are sent by clients that leave at some moment, and again when all is over.
    abandoned = draw.sample(usages, ABANDONED)
    twice = draw.sample(usages, SENT_TWICE)
    twice_at_once, twice_later = twice[: SENT_TWICE // 2], twice[SENT_TWICE // 2 :]
    ids: dict[str, set[str]] = {usage["idempotencyKey"]: set() for usage in usages}

    async with clients(owner, CLIENTS) as many:

        async def send(usage: Usage) -> bool:
            answer = await many.ask(draw.choice(urls), ADD, usage)
            added = answer.data["addServiceUsage"]
            ids[usage["idempotencyKey"]].add(added["serviceUsage"]["id"])
            replayed: bool = added["replayed"]
            return replayed

        async def leave(usage: Usage) -> None:
            seconds = draw.uniform(0, LONGEST_STAY_SECONDS)
            await many.ask_and_leave(draw.choice(urls), ADD, usage, after_seconds=seconds)

        stayed = [usage for usage in usages if usage not in abandoned]
        jobs: list[Job] = [
            partial(send, usage) for usage in stayed + [u for u in twice_at_once if u in stayed]
        ]
        jobs += [partial(leave, usage) for usage in abandoned]
        draw.shuffle(jobs)
        await take_turns(CLIENTS, jobs)
        assert all(await take_turns(CLIENTS, [partial(send, u) for u in twice_later if u in stayed]))
        recorded_unheard = await take_turns(CLIENTS, [partial(send, usage) for usage in abandoned])

    assert sum(recorded_unheard) > 0, "no answer was lost: the clients left too early"
    assert {len(found) for found in ids.values()} == {1}
    assert len(set.union(*ids.values())) == USAGES
    check(owner, usages)


def start_runs(owner: Caller) -> list[str]:
    return [
        owner.mutate(START, workflowName=f"run-{number}", idempotencyKey=f"run-{number}")["workflow"]["id"]
        for number in range(RUNS)
    ]


def made_usages(workflow_ids: list[str]) -> Iterator[Usage]:
    """Make usages of 1 to 2,000 tokens, at 8 credits a thousand."""
    for number in range(USAGES):
        yield {
            "workflowId": workflow_ids[number % RUNS],
            "serviceType": "GPT",
            "provider": "gpt-4o",
            "units": str(number + 1),
            "unitType": "TOKENS",
            "idempotencyKey": f"usage-{number}",
        }


def check(owner: Caller, usages: list[Usage]) -> None:
    prices = [-(-int(usage["units"]) * 8 // 1_000) for usage in usages]
    total = str(sum(prices))
    assert owner.query(FOUND)["account"] == {
        "balance": {"spent": total},
        "usage": {
            "totalCredits": total,
            "usageCount": USAGES,
            "topConsumingServices": [{"service": "gpt_gpt-4o", "totalCredits": total}],
        },
        "workflows": {
            "nodes": [
                {"totalCreditsUsed": str(sum(prices[run::RUNS])), "usageCount": USAGES // RUNS}
                for run in range(RUNS)
            ]
        },
    }
    assert total == "17000", total
