"""Lists: every row once and in order, whichever way they are walked, and on whatever bad input."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.workflow import Workflow
from tests.clock import NOON
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant, issue

ROWS = 250

WORKFLOWS = """query($first: Int, $after: String, $last: Int, $before: String, $order: WorkflowOrder!) {
  viewer { account { list: workflows(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
    totalCount nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""
USAGES = WORKFLOWS.replace("WorkflowOrder", "ServiceUsageOrder").replace("workflows(", "servicesUsed(")

UNORDERED = """query($first: Int, $after: String, $last: Int, $before: String) {
  viewer { account { list: %s(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""


async def page(ask: Door, tenant: Tenant, query: str, **variables: Any) -> dict[str, Any]:
    """One page, its parts checked against one another."""
    found: dict[str, Any] = (await ask.data(tenant.secret, query, variables))["viewer"]["account"]["list"]
    assert [edge["node"] for edge in found["edges"]] == found["nodes"]
    cursors = [edge["cursor"] for edge in found["edges"]]
    assert found["pageInfo"]["startCursor"] == (cursors[0] if cursors else None)
    assert found["pageInfo"]["endCursor"] == (cursors[-1] if cursors else None)
    return found


async def forward(ask: Door, tenant: Tenant, query: str, size: int, **variables: Any) -> list[str]:
    ids: list[str] = []
    after = None
    while True:
        found = await page(ask, tenant, query, first=size, after=after, **variables)
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        ids += [node["id"] for node in found["nodes"]]
        if not found["pageInfo"]["hasNextPage"]:
            assert found["totalCount"] == len(ids)
            return ids
        assert len(found["nodes"]) == size
        after = found["pageInfo"]["endCursor"]


async def backward(ask: Door, tenant: Tenant, query: str, size: int, **variables: Any) -> list[str]:
    ids: list[str] = []
    before = None
    while True:
        found = await page(ask, tenant, query, last=size, before=before, **variables)
        assert found["pageInfo"]["hasNextPage"] is (before is not None)
        ids = [node["id"] for node in found["nodes"]] + ids
        if not found["pageInfo"]["hasPreviousPage"]:
            return ids
        before = found["pageInfo"]["startCursor"]


def written(workflow: Workflow) -> str:
    return f"workflow_{workflow.id.hex}"


@pytest.fixture
async def workflows(tenant: Tenant) -> list[Workflow]:
    """Runs at only three moments and of only three prices: most places differ by the id alone."""
    moments = [NOON - timedelta(minutes=minutes) for minutes in (3, 2, 1)]
    items = [tenant.run(started_at=moments[number % 3]) for number in range(ROWS)]
    started = [answer.workflow for answer in await tenant.start_all(*items)]
    texts = ["GPT gpt-4o-mini 1000 TOKENS", "GPT gpt-4o-mini 2000 TOKENS", None]
    priced = [(run, texts[number % 7 % 3]) for number, run in enumerate(started)]
    await tenant.add_all(*(tenant.usage(run.id, text) for run, text in priced if text))
    async with tenant.database.read() as session:
        return list(await session.scalars(select(Workflow)))


async def test_every_run_comes_once_in_every_order(
    ask: Door, tenant: Tenant, workflows: list[Workflow]
) -> None:
    by_start = sorted(workflows, key=lambda run: (run.started_at, run.id))
    by_cost = sorted(workflows, key=lambda run: (run.total_credits.micros, run.id))
    for order, expected in {
        "OLDEST_FIRST": by_start,
        "NEWEST_FIRST": by_start[::-1],
        "CHEAPEST_FIRST": by_cost,
        "DEAREST_FIRST": by_cost[::-1],
    }.items():
        ids = [written(run) for run in expected]
        assert await forward(ask, tenant, WORKFLOWS, 33, order=order) == ids
        assert await backward(ask, tenant, WORKFLOWS, 100, order=order) == ids


async def test_every_usage_comes_once_in_every_order(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    texts = [f"GPT gpt-4o-mini {1000 * (number % 3 + 1)} TOKENS" for number in range(ROWS)]
    times = [NOON - timedelta(minutes=number % 2) for number in range(ROWS)]
    answers = await tenant.add_all(
        *(tenant.usage(run.id, text, used_at=at) for text, at in zip(texts, times, strict=True))
    )
    rows = [answer.usage for answer in answers if not isinstance(answer, Exception)]
    by_use = sorted(rows, key=lambda row: (row.used_at, row.id))
    by_cost = sorted(rows, key=lambda row: (row.credits.micros, row.id), reverse=True)
    for order, expected in {
        "OLDEST_FIRST": by_use,
        "NEWEST_FIRST": by_use[::-1],
        "DEAREST_FIRST": by_cost,
    }.items():
        ids = [f"usage_{row.id.hex}" for row in expected]
        assert await forward(ask, tenant, USAGES, 100, order=order) == ids
        assert await backward(ask, tenant, USAGES, 64, order=order) == ids


async def test_agents_keys_and_grants_come_newest_first(ask: Door, tenant: Tenant) -> None:
    agents = [f"agent_{(await new_agent(tenant)).id.hex}" for _ in range(5)]
    issued = [(await issue(tenant.database, tenant.account_id, "k"))[0].id for _ in range(4)]
    keys = [f"key_{key.hex}" for key in (tenant.api_key_id, *issued)]
    grants = [f"grant_{(await tenant.grant('1')).id.hex}" for _ in range(5)]
    for name, ids in {"agents": agents, "apiKeys": keys, "grants": grants}.items():
        assert await forward(ask, tenant, UNORDERED % name, 2) == ids[::-1]
        assert await backward(ask, tenant, UNORDERED % name, 2) == ids[::-1]


async def test_accounts_page_for_an_operator(ask: Door, tenant: Tenant, operator: str) -> None:
    mutation = "mutation($n: String!) { createAccount(input: {name: $n}) { ... on AccountCreated { account { id } } } }"
    ids = [f"account_{tenant.account_id.hex}"]
    for number in range(4):
        answer = await ask.data(operator, mutation, {"n": f"account {number}"})
        ids.append(answer["createAccount"]["account"]["id"])
    query = "query($after: String) { accounts(first: 2, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"
    found: list[str] = []
    after = None
    for more in (True, True, False):
        answer = (await ask.data(operator, query, {"after": after}))["accounts"]
        assert (answer["totalCount"], answer["pageInfo"]["hasNextPage"]) == (5, more)
        found += [node["id"] for node in answer["nodes"]]
        after = answer["pageInfo"]["endCursor"]
    assert found == ids[::-1]


async def test_rows_that_come_meanwhile_disturb_no_page(ask: Door, tenant: Tenant) -> None:
    first = [written(answer.workflow) for answer in await tenant.start_all(*(tenant.run() for _ in range(6)))]
    page_1 = await page(ask, tenant, WORKFLOWS, first=3, order="NEWEST_FIRST")
    await tenant.start_all(
        *(tenant.run(started_at=NOON + timedelta(minutes=offset)) for offset in (1, 2, -10))
    )
    page_2 = await page(
        ask, tenant, WORKFLOWS, first=3, after=page_1["pageInfo"]["endCursor"], order="NEWEST_FIRST"
    )
    assert [node["id"] for node in page_1["nodes"] + page_2["nodes"]] == first[::-1]


async def test_each_parent_has_a_page_of_its_own(ask: Door, tenant: Tenant) -> None:
    expected = {}
    for number in range(3):
        agent = await new_agent(tenant, f"agent {number}")
        answers = await tenant.start_all(*(tenant.run(agent_id=agent.id) for _ in range(number * 2)))
        expected[agent.name] = [written(answer.workflow) for answer in answers]
    query = """query($after: String) { viewer { account { agents { nodes { name workflows(first: 3, after: $after, orderBy: OLDEST_FIRST) {
      totalCount nodes { id } pageInfo { hasNextPage endCursor } } } } } } }"""
    agents = (await ask.data(tenant.secret, query))["viewer"]["account"]["agents"]["nodes"]
    for agent in agents:
        ids = expected[agent["name"]]
        assert agent["workflows"]["totalCount"] == len(ids)
        assert [node["id"] for node in agent["workflows"]["nodes"]] == ids[:3]
        assert agent["workflows"]["pageInfo"]["hasNextPage"] is (len(ids) > 3)


BAD_PAGING: list[tuple[dict[str, Any], str]] = [
    ({"first": 0}, "first"),
    ({"first": -1}, "first"),
    ({"first": 101}, "first"),
    ({"last": 0}, "last"),
    ({"last": -1}, "last"),
    ({"last": 101}, "last"),
    ({"first": 1, "last": 1}, "last"),
    ({"first": 1, "before": "x"}, "last"),
    ({"last": 1, "after": "x"}, "last"),
    ({"after": ""}, "after"),
    ({"before": ""}, "before"),
    ({"after": "garbage"}, "after"),
    ({"after": "é\0\ud800"}, "after"),
    ({"after": "a" * 100_000}, "after"),
]


async def test_bad_paging_names_the_argument(ask: Door, tenant: Tenant) -> None:
    for variables, field in BAD_PAGING:
        error = await ask.error(tenant.secret, WORKFLOWS, {"order": "NEWEST_FIRST", **variables})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}, variables
        assert error["message"].startswith(f"{field}: ")


async def test_null_is_the_default_and_other_than_int_is_refused(ask: Door, tenant: Tenant) -> None:
    await page(ask, tenant, WORKFLOWS, order="NEWEST_FIRST", first=None)
    for first in (2**31, 2**63, 10**30, 1.5, "1", True):
        variables = {"order": "NEWEST_FIRST", "first": first}
        assert await ask.code(tenant.secret, WORKFLOWS, variables) == "BAD_USER_INPUT", first
