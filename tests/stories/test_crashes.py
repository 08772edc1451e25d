"""Power cuts amidst writes: what was acknowledged is there once, what was not can be sent again."""

import asyncio
import random
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import make_url

from tests.databases.opened import opened, run_apart
from tests.databases.postgresql import OwnPostgresqlServer, postgresql_server
from tests.stories.caller import Caller
from tests.stories.calls import CREDITS_EACH, SIDE_BY_SIDE, USAGES, Call, Load
from tests.stories.clients import clients
from tests.stories.process import ServerProcess, served
from tests.stories.stores import verify_books
from tests.tenant import new_tenant

CALLERS = SIDE_BY_SIDE
ROUNDS = {"sqlite": 20, "postgresql": 10}
SOAK_TIMES = 20
GRANTED = "1000000"

FOUND = """
query Found {
  viewer {
    account {
      balance { available held spent }
      usage { totalCredits usageCount }
      holds(first: 1) { totalCount }
    }
  }
}
"""


async def test_killed_amidst_calls(server: ServerProcess, http: httpx2.Client) -> None:
    await tell(server, prepaid_on(server, http), ROUNDS[backend(server)])


@pytest.mark.soak
async def test_killed_amidst_calls_many_times(server: ServerProcess, http: httpx2.Client) -> None:
    await tell(server, prepaid_on(server, http), SOAK_TIMES * ROUNDS[backend(server)])


@pytest.mark.soak
async def test_killed_with_all_its_workers(
    sqlite_database_url: str, tmp_path: Path, http: httpx2.Client
) -> None:
    with served(sqlite_database_url, tmp_path, "--workers", "2") as server:
        await tell(server, prepaid_on(server, http), ROUNDS["sqlite"])
        server.audit()


async def test_postgresql_crashes_amidst_calls(tmp_path: Path, http: httpx2.Client) -> None:
    await tell_of_restarts(tmp_path, http, ROUNDS["postgresql"])


@pytest.mark.soak
async def test_postgresql_crashes_amidst_calls_many_times(tmp_path: Path, http: httpx2.Client) -> None:
    await tell_of_restarts(tmp_path, http, SOAK_TIMES * ROUNDS["postgresql"])


async def test_while_postgresql_is_away_callers_hear_unavailable(tmp_path: Path, http: httpx2.Client) -> None:
    with postgresql_server() as store:
        if not isinstance(store, OwnPostgresqlServer):
            pytest.skip("the server that the environment names is not ours to stop")
        store.create_database("away")
        with served(store.url("away"), tmp_path) as server:
            owner = prepaid_on(server, http)
            call, load = Call(1), Load(owner)
            load.calls.append(call)
            async with clients(owner, 1) as many:
                store.stop()
                answer = await many.ask(owner.url, *call.request(0))
                assert answer.codes == ["UNAVAILABLE"]
                assert http.get(f"{server.url}/readyz").status_code == httpx2.codes.SERVICE_UNAVAILABLE
                assert http.get(f"{server.url}/healthz").status_code == httpx2.codes.OK
                store.start()
                await load.finish_all(many)
            check(owner, load)
            server.audit()


async def tell(server: ServerProcess, owner: Caller, rounds: int) -> None:
    load, draw = Load(owner), random.Random(9)
    for _ in range(rounds):
        async with clients(owner, CALLERS) as many:
            load.heard.clear()
            calling = [asyncio.create_task(load.make_calls(many, n, CALLERS)) for n in range(CALLERS)]
            await load.heard.wait()
            await asyncio.sleep(draw.uniform(0.05, 0.35))
            await asyncio.to_thread(server.kill)
            await asyncio.gather(*calling)
        await asyncio.gather(
            asyncio.to_thread(verify_books, server.database_url), asyncio.to_thread(server.start)
        )
        # Nothing that was acknowledged may be missing even before anybody sends it again.
        nothing_is_missing(owner, load)
    assert load.unavailable == 0
    async with clients(owner, CALLERS) as many:
        await load.finish_all(many)
        await load.replay_all(many)
    check(owner, load)


async def tell_of_restarts(folder: Path, http: httpx2.Client, rounds: int) -> None:
    with postgresql_server() as store:
        store.create_database("crashing")
        with served(store.url("crashing"), folder) as server:
            owner = prepaid_on(server, http)
            load = Load(owner)
            async with clients(owner, CALLERS) as many:
                calling = [asyncio.create_task(load.make_calls(many, n, CALLERS)) for n in range(CALLERS)]
                for _ in range(rounds):
                    load.heard.clear()
                    await load.heard.wait()
                    await asyncio.sleep(0.2)
                    await asyncio.to_thread(store.restart_immediately)
                    await asyncio.to_thread(verify_books, server.database_url)
                load.stopping = True
                await asyncio.gather(*calling)
                await load.finish_all(many)
                await load.replay_all(many)
            check(owner, load)
            server.audit()


def prepaid_on(server: ServerProcess, http: httpx2.Client) -> Caller:
    """Make an account with a grant and no credit line, and its key."""
    made: list[tuple[str, str]] = []

    async def make() -> None:
        async with opened(server.database_url) as database:
            tenant = await new_tenant(database, overdraft_limit="0")
            await tenant.grant(GRANTED)
            made.append((str(tenant.account_id), tenant.secret))

    run_apart(make())
    [(account_id, secret)] = made
    return Caller(http, server.url, secret, account_id)


def backend(server: ServerProcess) -> str:
    """Say which database a server has."""
    return make_url(server.database_url).get_backend_name()


def nothing_is_missing(owner: Caller, load: Load) -> None:
    account = owner.query(FOUND)["account"]
    assert account["usage"]["usageCount"] >= sum(call.acknowledged_usages for call in load.calls)
    assert account["holds"]["totalCount"] >= sum(bool(call.answers) for call in load.calls)


def check(owner: Caller, load: Load) -> None:
    calls = len(load.calls)
    spent = calls * USAGES * CREDITS_EACH
    assert calls > 0
    assert owner.query(FOUND)["account"] == {
        "balance": {"available": str(int(GRANTED) - spent), "held": "0", "spent": str(spent)},
        "usage": {"totalCredits": str(spent), "usageCount": calls * USAGES},
        "holds": {"totalCount": calls},
    }
    ids = [
        *(call.answers[0]["hold"]["id"] for call in load.calls),
        *(call.answers[0]["workflow"]["id"] for call in load.calls),
    ]
    assert len(set(ids)) == 2 * calls
