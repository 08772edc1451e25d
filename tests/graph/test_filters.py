"""Filters, each by itself and together, with exact results; and totalCount counts what the filter leaves."""

from datetime import datetime, timedelta
from typing import Any

from models.workflow import WorkflowStatus
from tests.clock import NOON
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant, issue

WORKFLOWS = """query($filter: WorkflowFilter) { viewer { account {
  workflows(filter: $filter, orderBy: OLDEST_FIRST) { totalCount nodes { metadata } } } } }"""
USAGES = """query($filter: ServiceUsageFilter) { viewer { account {
  servicesUsed(filter: $filter, orderBy: OLDEST_FIRST) { totalCount nodes { unitsConsumed } } } } }"""


def moment(at: datetime) -> str:
    return at.isoformat()


async def numbers(ask: Door, tenant: Tenant, query: str, **given: Any) -> list[int]:
    """The numbers of the rows that a filter leaves."""
    [found] = (await ask.data(tenant.secret, query, {"filter": given}))["viewer"]["account"].values()
    assert found["totalCount"] == len(found["nodes"])
    return [
        int(node["unitsConsumed"] if "unitsConsumed" in node else node["metadata"]["n"])
        for node in found["nodes"]
    ]


async def test_runs_by_each_filter(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant, business_adapter="languagelearning")
    key, _ = await issue(tenant.database, tenant.account_id, "another")
    runs = [
        await tenant.start(metadata={"n": 0}, started_at=NOON - timedelta(minutes=9)),
        await tenant.start("café", metadata={"n": 1}, started_at=NOON - timedelta(minutes=8)),
        await tenant.start(metadata={"n": 2}, started_at=NOON - timedelta(minutes=7), user_id="Zoë"),
        await tenant.start(metadata={"n": 3}, started_at=NOON - timedelta(minutes=6), agent_id=agent.id),
        await tenant.start(
            metadata={"n": 4}, started_at=NOON - timedelta(minutes=5), attributed_key_id=key.id
        ),
    ]
    runs.append(
        await tenant.start(
            metadata={"n": 5}, started_at=NOON - timedelta(minutes=4), parent_workflow_id=runs[0].id
        )
    )
    for run, status in zip(runs, ["COMPLETED", "FAILED", "CANCELLED"], strict=False):
        await tenant.end(run, WorkflowStatus(status))
    everything = [0, 1, 2, 3, 4, 5]
    for given, expected in [
        ({}, everything),
        ({"status": None, "workflowName": None, "agentId": None, "startedFrom": None}, everything),
        ({"status": []}, everything),
        ({"status": ["RUNNING"]}, [3, 4, 5]),
        ({"status": "FAILED"}, [1]),
        ({"status": ["FAILED", "CANCELLED", "FAILED"]}, [1, 2]),
        ({"workflowName": "café"}, [1]),
        ({"workflowName": "cafe\u0301"}, [1]),
        ({"workflowName": "CAFÉ"}, []),
        ({"businessAdapter": "languagelearning"}, [3]),
        ({"agentId": f"agent_{agent.id.hex}"}, [3]),
        ({"userId": "Zoë"}, [2]),
        ({"userId": "Zoe\u0308"}, [2]),
        ({"apiKeyId": f"key_{key.id.hex}"}, [4]),
        ({"parentWorkflowId": f"workflow_{runs[0].id.hex}"}, [5]),
        ({"startedFrom": moment(runs[2].started_at)}, [2, 3, 4, 5]),
        ({"startedTo": moment(runs[2].started_at)}, [0, 1]),
        ({"startedFrom": moment(runs[1].started_at), "startedTo": moment(runs[3].started_at)}, [1, 2]),
        ({"startedFrom": "0001-01-01T00:00:00Z", "startedTo": "9999-12-31T23:59:59.999999Z"}, everything),
        ({"startedFrom": "9999-12-31T23:59:59.999999Z"}, []),
        ({"startedTo": "0001-01-01T00:00:00Z"}, []),
        ({"status": ["RUNNING"], "startedTo": moment(runs[4].started_at)}, [3]),
        ({"status": ["FAILED"], "userId": "Zoë"}, []),
    ]:
        assert await numbers(ask, tenant, WORKFLOWS, **given) == expected, given
    assert await ask.data(tenant.secret, WORKFLOWS, {"filter": None}) == await ask.data(
        tenant.secret, WORKFLOWS, {"filter": {}}
    )


async def test_usages_by_each_filter(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    times = [NOON - timedelta(minutes=minutes) for minutes in (5, 4, 3, 2, 1)]
    await tenant.add(run, "PHONE twilio 1 MINUTES", used_at=times[0])
    [voided] = await tenant.add(run, "GPT gpt-4o 2 TOKENS", used_at=times[1])
    await tenant.add(run, "GPT gpt-4o-mini 3 TOKENS", used_at=times[2])
    await tenant.end(run)
    await tenant.add(run, "VISION gpt-4o 4 IMAGES", used_at=times[3])
    await tenant.void(voided)
    everything = [1, 2, 3, 4]
    for given, expected in [
        ({}, everything),
        ({"serviceType": None, "late": None, "voided": None, "provider": None}, everything),
        ({"serviceType": []}, everything),
        ({"serviceType": ["GPT"]}, [2, 3]),
        ({"serviceType": ["PHONE", "VISION"]}, [1, 4]),
        ({"serviceType": ["SEARCH"]}, []),
        ({"provider": "gpt-4o"}, [2, 4]),
        ({"late": True}, [4]),
        ({"late": False}, [1, 2, 3]),
        ({"voided": True}, [2]),
        ({"voided": False}, [1, 3, 4]),
        ({"usedFrom": moment(times[1])}, [2, 3, 4]),
        ({"usedTo": moment(times[1])}, [1]),
        ({"usedFrom": moment(times[1]), "usedTo": moment(times[3])}, [2, 3]),
        ({"usedFrom": moment(times[3]), "usedTo": moment(times[1])}, []),
        ({"usedFrom": "0001-01-01T00:00:00Z", "usedTo": "9999-12-31T23:59:59.999999Z"}, everything),
        ({"provider": "gpt-4o", "serviceType": ["GPT"], "voided": False}, []),
    ]:
        assert await numbers(ask, tenant, USAGES, **given) == expected, given


async def test_agents_and_keys_by_each_filter(ask: Door, tenant: Tenant) -> None:
    first = await new_agent(tenant, "first")
    await new_agent(tenant, "second", "languagelearning")
    await ask.data(
        tenant.secret,
        "mutation($id: ID!) { archiveAgent(input: {agentId: $id}) { __typename } }",
        {"id": f"agent_{first.id.hex}"},
    )
    key, _ = await issue(tenant.database, tenant.account_id, "revoked")
    await ask.data(
        tenant.secret,
        "mutation($id: ID!) { revokeApiKey(input: {apiKeyId: $id}) { __typename } }",
        {"id": f"key_{key.id.hex}"},
    )
    for call, expected in {
        "agents": ["second", "first"],
        "agents(archived: null, businessAdapter: null)": ["second", "first"],
        "agents(archived: true)": ["first"],
        "agents(archived: false)": ["second"],
        'agents(businessAdapter: "languagelearning")': ["second"],
        'agents(businessAdapter: "languagelearning", archived: true)': [],
        "apiKeys": ["revoked", "first"],
        "apiKeys(revoked: null)": ["revoked", "first"],
        "apiKeys(revoked: true)": ["revoked"],
        "apiKeys(revoked: false)": ["first"],
    }.items():
        query = f"{{ viewer {{ account {{ list: {call} {{ totalCount nodes {{ name }} }} }} }} }}"
        found = (await ask.data(tenant.secret, query))["viewer"]["account"]["list"]
        assert [node["name"] for node in found["nodes"]] == expected, call
        assert found["totalCount"] == len(expected)


async def test_filters_hold_below_agents_keys_and_runs(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    run = await tenant.start(agent_id=agent.id)
    await tenant.start("other", agent_id=agent.id)
    await tenant.add(run, "PHONE twilio 1 MINUTES", "GPT gpt-4o 2 TOKENS")
    query = """{ viewer { account { agents { nodes { workflows(filter: {workflowName: "phone_ai_call"}) { totalCount nodes {
      workflowName servicesUsed(filter: {serviceType: [GPT]}) { totalCount nodes { serviceType } } } } } } }
      apiKey { workflows(filter: {workflowName: "other"}) { totalCount nodes { workflowName } } } } }"""
    viewer = (await ask.data(tenant.secret, query))["viewer"]
    usages = {"totalCount": 1, "nodes": [{"serviceType": "GPT"}]}
    runs = {"totalCount": 1, "nodes": [{"workflowName": "phone_ai_call", "servicesUsed": usages}]}
    assert viewer["account"]["agents"]["nodes"] == [{"workflows": runs}]
    assert viewer["apiKey"]["workflows"] == {"totalCount": 1, "nodes": [{"workflowName": "other"}]}
