"""What agents were: versions, and the one that a run runs under."""

from functools import partial
from typing import Any

import pytest

from metering.agents import archive_agent
from models.base import Json
from models.identity import IdKind, format_id
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant, new_tenant

UPDATE = """mutation($in: UpdateAgentInput!) { updateAgent(input: $in) {
  __typename ... on AgentUpdated { agent { version name } } ... on Refusal { code } } }"""
VERSIONS = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { agent(id: $id) {
  version versions(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { version name businessAdapter preset customSettings createdAt
      serviceConfiguration { primaryAiModel origins { field origin } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
RUN = """query($id: ID!) { workflow(id: $id) { agentVersion agent { name version }
  agentAtStart { version name serviceConfiguration { primaryAiModel } } } }"""
LISTED = """{ viewer { account { agents(first: 20) { nodes { versions(first: 2) { nodes { version name } } } }
  workflows(first: 40) { nodes { agentVersion agentAtStart { name } } } } } }"""


async def renamed(ask: Door, tenant: Tenant, agent: str, *names: str) -> None:
    for name in names:
        answer = await ask.data(tenant.secret, UPDATE, {"in": {"agentId": agent, "name": name}})
        assert answer["updateAgent"]["agent"]["name"] == name


async def page(ask: Door, tenant: Tenant, agent: str, **paging: Any) -> Any:
    return (await ask.data(tenant.secret, VERSIONS, {"id": agent, **paging}))["agent"]["versions"]


async def test_a_run_keeps_the_version_that_it_runs_under(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    settings: Json = {"service_configuration": {"primary_ai_model": "gpt-4o-mini"}}
    agent = await new_agent(tenant, "Helper", custom_settings=settings)
    id_ = format_id(IdKind.AGENT, agent.id)
    run = format_id(IdKind.WORKFLOW, (await tenant.start(agent_id=agent.id)).id)
    clock.forward(minutes=1)
    changed = {"service_configuration": {"primary_ai_model": "gpt-4"}}
    answer = await ask.data(
        tenant.secret, UPDATE, {"in": {"agentId": id_, "name": "Better", "customSettings": changed}}
    )
    assert answer["updateAgent"]["agent"] == {"version": 2, "name": "Better"}
    archive = partial(archive_agent, account_id=tenant.account_id, agent_id=agent.id)
    await tenant.database.write(Command(tenant.account_id, archive))
    assert (await ask.data(tenant.secret, RUN, {"id": run}))["workflow"] == {
        "agentVersion": 1,
        "agent": {"name": "Better", "version": 2},
        "agentAtStart": {
            "version": 1,
            "name": "Helper",
            "serviceConfiguration": {"primaryAiModel": "gpt-4o-mini"},
        },
    }
    found = await page(ask, tenant, id_)
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (2, False)
    newest, oldest = found["nodes"]
    assert (newest["version"], newest["customSettings"], newest["createdAt"]) == (
        2,
        changed,
        "2026-03-04T12:01:00Z",
    )
    assert oldest["createdAt"] == NOON.isoformat().replace("+00:00", "Z")
    origins = {it["field"]: it["origin"] for it in oldest["serviceConfiguration"]["origins"]}
    assert (origins["primary_ai_model"], origins["stt_provider"]) == ("AGENT", "ADAPTER")


async def test_a_run_without_an_agent_has_no_version(ask: Door, tenant: Tenant) -> None:
    run = format_id(IdKind.WORKFLOW, (await tenant.start()).id)
    nothing = {"agentVersion": None, "agent": None, "agentAtStart": None}
    assert (await ask.data(tenant.secret, RUN, {"id": run}))["workflow"] == nothing


async def test_versions_are_walked_in_both_directions(ask: Door, tenant: Tenant) -> None:
    id_ = format_id(IdKind.AGENT, (await new_agent(tenant, "0")).id)
    await renamed(ask, tenant, id_, *"123456")
    first = await page(ask, tenant, id_, first=3)
    assert [it["version"] for it in first["nodes"]] == [7, 6, 5]
    rest = await page(ask, tenant, id_, first=100, after=first["pageInfo"]["endCursor"])
    assert [it["version"] for it in rest["nodes"]] == [4, 3, 2, 1]
    last = await page(ask, tenant, id_, last=2)
    assert [it["version"] for it in last["nodes"]] == [2, 1]
    before = await page(ask, tenant, id_, last=2, before=last["pageInfo"]["startCursor"])
    assert [it["version"] for it in before["nodes"]] == [4, 3]


@pytest.mark.parametrize("count", [2, 20])
async def test_many_agents_take_the_statements_of_one(ask: Door, tenant: Tenant, count: int) -> None:
    for number in range(count):
        agent = await new_agent(tenant, f"agent {number}")
        await tenant.start(agent_id=agent.id)
        await renamed(ask, tenant, format_id(IdKind.AGENT, agent.id), "a", "b")
        await tenant.start(agent_id=agent.id)
    await ask.data(tenant.secret, "{ viewer { scopes } }")
    await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
    with statements(tenant.database) as sent:
        account = (await ask.data(tenant.secret, LISTED))["viewer"]["account"]
    # The key, the account, its agents and runs, the versions of each.
    assert len([text for text in sent if not text.startswith("BEGIN")]) == 5
    assert [
        [(it["version"], it["name"]) for it in agent["versions"]["nodes"]]
        for agent in account["agents"]["nodes"]
    ] == [[(3, "b"), (2, "a")]] * count
    runs = [(it["agentVersion"], it["agentAtStart"]["name"]) for it in account["workflows"]["nodes"]]
    assert sorted(runs) == sorted([(1, f"agent {number}") for number in range(count)] + [(3, "b")] * count)


async def test_versions_need_the_scope_to_read_and_are_their_accounts(ask: Door, tenant: Tenant) -> None:
    theirs = await new_agent(await new_tenant(tenant.database, "Stranger"))
    asked = {"id": format_id(IdKind.AGENT, theirs.id)}
    assert await ask.data(tenant.secret, VERSIONS, asked) == {"agent": None}
