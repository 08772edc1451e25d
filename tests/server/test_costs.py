"""Every answer tells what it cost; a key that has used up its points waits, and hears how long."""

import json
from itertools import count
from typing import Any

import httpx2
import pytest

from metering.rate_cards import publish_built_in_rate_card
from models.database import Database
from models.writer import Command
from server.answers import CHARACTERS_OF_A_POINT, POINTS_OF_A_REFUSAL
from tests.door import Door, opened_door
from tests.streams import events, served
from tests.tenant import Tenant, issue, new_tenant

SCOPES = "{ viewer { scopes } }"
AGENTS = "{ viewer { account { agents(first: 100) { nodes { id name } } } } }"

NUMBERS = count()


def unread(query: str) -> str:
    """Write a document as nobody has sent it before, of the same length each time."""
    return f"{query} # {next(NUMBERS):06}"


def cost(answer: dict[str, Any]) -> tuple[int, int, int]:
    told = answer["extensions"]["cost"]
    return told["requested"], told["actual"], told["remaining"]


@pytest.fixture
async def poor(database: Database) -> Any:
    """A service whose keys have 2,000 points, and one more each second."""
    async with opened_door(database, cost_limit=2_000, cost_restore_rate=1) as door:
        yield door


async def test_an_answer_tells_its_cost(poor: Door, tenant: Tenant) -> None:
    _, answer = await poor(tenant.secret, SCOPES)
    assert answer["extensions"] == {
        "cost": {"requested": 2, "actual": 2, "limit": 2_000, "remaining": 1_998, "restoreRate": 1}
    }


async def test_what_an_empty_page_did_not_need_is_given_back(poor: Door, tenant: Tenant) -> None:
    _, answer = await poor(tenant.secret, unread(AGENTS))
    assert cost(answer) == (204, 4, 1_996)
    _, answer = await poor(tenant.secret, SCOPES)
    assert cost(answer)[2] == 1_994 - len(unread(AGENTS)) // CHARACTERS_OF_A_POINT


async def test_a_mutation_costs_its_work_besides_its_answer(poor: Door, tenant: Tenant) -> None:
    mutation = 'mutation { startWorkflow(input: {workflowName: "call", idempotencyKey: "one"}) { __typename ... on WorkflowStarted { workflow { workflowName } } } }'
    _, answer = await poor(tenant.secret, mutation)
    assert answer["data"]["startWorkflow"]["__typename"] == "WorkflowStarted"
    assert cost(answer) == (14, 14, 1_986)


async def test_who_has_used_up_the_points_waits(poor: Door, tenant: Tenant) -> None:
    lists = " ".join(f"a{n}: agents(first: 100) {{ nodes {{ id name }} }}" for n in range(6))
    pages = unread(f"{{ viewer {{ account {{ {lists} }} }} }}")
    assert cost((await poor(tenant.secret, pages))[1])[:2] == (1_214, 14)
    await poor(tenant.secret, "{ nonsense }")
    response = await poor.post(tenant.secret, json.dumps({"query": pages}).encode())
    [error] = response.json()["errors"]
    # What was paid: an answer, a refusal, and the reading of both. One point comes back each second.
    left = (
        2_000
        - 14
        - 1_000
        - len(pages) // CHARACTERS_OF_A_POINT
        - len("{ nonsense }") // CHARACTERS_OF_A_POINT
    )
    seconds = 1_214 - left
    assert (response.status_code, response.headers["retry-after"]) == (429, str(seconds))
    assert error == {
        "message": f"This key has used up its points; try again in {seconds} seconds.",
        "extensions": {"code": "RATE_LIMITED", "retryAfterSeconds": seconds},
    }


async def test_documents_that_cannot_run_use_points_up(poor: Door, tenant: Tenant) -> None:
    for _ in range(2):
        assert await poor.code(tenant.secret, "{ nonsense }") == "BAD_USER_INPUT"
    status, answer = await poor(tenant.secret, SCOPES)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert POINTS_OF_A_REFUSAL * 2 == 2_000
    # Nor is anything read any more that would have to be read first.
    status, answer = await poor(tenant.secret, unread("{ nonsense }"))
    assert (status, answer["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")


async def test_one_key_does_not_use_up_another_ones_points(poor: Door, tenant: Tenant) -> None:
    for _ in range(2):
        await poor(tenant.secret, "{ nonsense }")
    _, other = await issue(tenant.database, tenant.account_id, "another")
    assert cost((await poor(other, SCOPES))[1]) == (2, 2, 1_998)


async def test_what_no_key_could_ever_pay_is_not_a_matter_of_waiting(
    database: Database, tenant: Tenant
) -> None:
    async with opened_door(database, cost_limit=100, cost_restore_rate=1) as door:
        status, answer = await door(tenant.secret, AGENTS)
        assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "QUERY_TOO_COMPLEX")


async def test_without_limits_the_cost_is_told_all_the_same(database: Database, tenant: Tenant) -> None:
    async with opened_door(database, cost_limit=0) as door:
        _, answer = await door(tenant.secret, SCOPES)
        assert answer["extensions"]["cost"] == {
            "requested": 2,
            "actual": 2,
            "limit": None,
            "remaining": None,
            "restoreRate": None,
        }


async def test_each_event_of_a_subscription_pays_for_its_work(sqlite_database_url: str) -> None:
    async with served(sqlite_database_url, cost_limit=20_000, cost_restore_rate=1) as service:
        await service.database.write(Command(None, publish_built_in_rate_card))
        tenant = await new_tenant(service.database)
        run = await tenant.start()
        heard = "subscription { serviceUsageAdded { serviceUsage { workflow { agent { shadowComparison { __typename } } } } } }"
        async with events(service.http_url, tenant.secret, heard) as stream:
            paid = []
            for _ in range(2):
                await tenant.add(run, "PHONE twilio 1 MINUTES")
                await anext(stream)
                async with httpx2.AsyncClient(trust_env=False) as http:
                    asked = await http.post(
                        service.http_url, json={"query": SCOPES}, headers={"x-api-key": tenant.secret}
                    )
                paid.append(20_000 - cost(asked.json())[2])
        first, second = paid
        assert first > 10_000  # to subscribe, and one event
        assert 5_000 < second - first < 6_000
        await service.until_quiet()
