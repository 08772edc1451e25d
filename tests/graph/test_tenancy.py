"""Nothing of one account is ever visible to another: its ids answer as ids of nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from models.account import Account
from models.agent import Agent
from models.api_key import ApiKey
from models.database import Database
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant, new_tenant, next_key

KINDS = ("account", "key", "agent", "workflow", "usage", "grant")

QUERIES = {
    "node": "query($id: ID!) { node(id: $id) { id __typename } }",
    "nodes": "query($id: ID!) { nodes(ids: [$id, $id]) { id __typename } }",
    "agent": "query($id: ID!) { agent(id: $id) { name } }",
    "workflow": "query($id: ID!) { workflow(id: $id) { workflowName } }",
    "serviceUsage": "query($id: ID!) { serviceUsage(id: $id) { provider } }",
    "apiKey": "query($id: ID!) { apiKey(id: $id) { name prefix } }",
    "account": "query($id: ID!) { account(id: $id) { name } }",
    "runs of an agent": "query($id: ID!) { viewer { account { workflows(filter: {agentId: $id}) { totalCount nodes { id } } } } }",
    "runs of a key": "query($id: ID!) { viewer { account { workflows(filter: {apiKeyId: $id}) { totalCount nodes { id } } } } }",
    "runs of a run": "query($id: ID!) { viewer { account { workflows(filter: {parentWorkflowId: $id}) { totalCount nodes { id } } } } }",
    "usage of an agent": "query($id: ID!) { viewer { account { usage(filter: {agentId: $id}) { totalCredits usageCount } } } }",
    "acts of a key": "query($id: ID!) { viewer { account { auditLog(filter: {apiKeyId: $id}) { totalCount nodes { id } } } } }",
    "usage of a key": "query($id: ID!) { viewer { account { usage(filter: {apiKeyId: $id}) { totalCredits usageCount } } } }",
}
MUTATIONS = {
    "startWorkflow with an agent": 'startWorkflow(input: {workflowName: "w", idempotencyKey: "KEY", agentId: $id})',
    "startWorkflow with a key": 'startWorkflow(input: {workflowName: "w", idempotencyKey: "KEY", apiKeyId: $id})',
    "startWorkflow with a parent": 'startWorkflow(input: {workflowName: "w", idempotencyKey: "KEY", parentWorkflowId: $id})',
    "recordWorkflow": 'recordWorkflow(input: {workflowName: "w", idempotencyKey: "KEY", agentId: $id, servicesUsed: []})',
    "completeWorkflow": "completeWorkflow(input: {workflowId: $id})",
    "failWorkflow": "failWorkflow(input: {workflowId: $id})",
    "cancelWorkflow": "cancelWorkflow(input: {workflowId: $id})",
    "addServiceUsage": 'addServiceUsage(input: {workflowId: $id, serviceType: GPT, provider: "gpt-4o", units: 5, unitType: TOKENS, idempotencyKey: "KEY"})',
    "voidServiceUsage": 'voidServiceUsage(input: {serviceUsageId: $id, reason: "r", idempotencyKey: "KEY"})',
    "updateAgent": 'updateAgent(input: {agentId: $id, name: "stolen"})',
    "archiveAgent": "archiveAgent(input: {agentId: $id})",
    "rotateApiKey": "rotateApiKey(input: {apiKeyId: $id})",
    "revokeApiKey": "revokeApiKey(input: {apiKeyId: $id})",
    "issueApiKey": 'issueApiKey(input: {name: "n", accountId: $id})',
}
BATCH = """mutation($id: ID!) { addServiceUsages(input: {usages: [{workflowId: $id, serviceType: GPT, provider: "gpt-4o",
  units: 5, unitType: TOKENS, idempotencyKey: "KEY"}]}) { ... on ServiceUsagesAdded { refusedCount results {
  __typename ... on Refusal { code message } } } } }"""


@pytest.fixture
async def mine(database: Database) -> AsyncIterator[dict[str, str]]:
    """The ids of what an account has, one of each kind, all of it unchanged after the test."""
    tenant = await new_tenant(database, "Mine")
    agent = await new_agent(tenant)
    grant = await tenant.grant("7")
    workflow = await tenant.start(agent_id=agent.id)
    [usage] = await tenant.add(workflow, "PHONE twilio 1 MINUTES")
    ids = (tenant.account_id, tenant.api_key_id, agent.id, workflow.id, usage.id, grant.id)
    before = await rows(database, tenant)
    yield {kind: f"{kind}_{value.hex}" for kind, value in zip(KINDS, ids, strict=True)}
    assert await rows(database, tenant) == before


async def rows(database: Database, tenant: Tenant) -> list[Any]:
    """All rows of an account, as values."""
    found: list[Any] = []
    async with database.read() as session:
        for model in (Account, ApiKey, Agent, Workflow, ServiceUsage, Grant):
            columns = [it.key for it in model.__mapper__.column_attrs if it.key != "last_used_at"]
            key = model.id if model is Account else model.account_id  # type: ignore[attr-defined]
            owned = await session.scalars(
                model.__table__.select().with_only_columns(model.id).where(key == tenant.account_id)
            )
            for row_id in owned.all():
                primary = row_id if model in (Account, ApiKey) else (tenant.account_id, row_id)
                row = await session.get_one(model, primary)
                found.append([getattr(row, column) for column in columns])
    return found


async def answer(ask: Door, key: str, query: str, id_: str) -> str:
    """The whole answer as text, with the id taken out of it."""
    return json.dumps(await ask(key, query.replace("KEY", next_key()), {"id": id_})).replace(id_, "ID")


async def test_another_account_s_ids_answer_as_ids_of_nothing(
    ask: Door, tenant: Tenant, mine: dict[str, str]
) -> None:
    mutations = {
        name: f"mutation($id: ID!) {{ {field} {{ __typename ... on Refusal {{ code message }} }} }}"
        for name, field in MUTATIONS.items()
    }
    before = await rows(tenant.database, tenant)
    for name, query in {**QUERIES, **mutations, "addServiceUsages": BATCH}.items():
        for kind, id_ in mine.items():
            nothing = f"{kind}_{uuid4().hex}"
            expected = await answer(ask, tenant.secret, query, nothing)
            assert await answer(ask, tenant.secret, query, id_) == expected, (name, kind)
            assert "INTERNAL" not in expected
    assert await rows(tenant.database, tenant) == before


async def test_its_own_account_finds_them_all(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    workflow = await tenant.start(agent_id=agent.id)
    [usage] = await tenant.add(workflow, "PHONE twilio 1 MINUTES")
    grant = await tenant.grant("7")
    values = (tenant.account_id, tenant.api_key_id, agent.id, workflow.id, usage.id, grant.id)
    ids = [f"{kind}_{value.hex}" for kind, value in zip(KINDS, values, strict=True)]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    missing = f"workflow_{uuid4().hex}"
    found = (await ask.data(tenant.secret, query, {"ids": [*ids, missing, ids[0]]}))["nodes"]
    assert found == [*({"id": id_} for id_ in ids), None, {"id": ids[0]}]


async def test_rates_and_cards_are_everybody_s(ask: Door, tenant: Tenant) -> None:
    card = (await ask.data(tenant.secret, "{ rateCard { id rates { id price } } }"))["rateCard"]
    query = "query($id: ID!) { node(id: $id) { id ... on Rate { price } } }"
    assert (await ask.data(tenant.secret, query, {"id": card["id"]}))["node"] == {"id": card["id"]}
    for rate in card["rates"]:
        assert (await ask.data(tenant.secret, query, {"id": rate["id"]}))["node"] == rate


async def test_lists_of_an_account_hold_nothing_of_another(
    ask: Door, tenant: Tenant, mine: dict[str, str]
) -> None:
    query = """{ viewer { account { balance { spent granted available } agents { totalCount nodes { id } }
      workflows { totalCount nodes { id } } servicesUsed { totalCount nodes { id } } grants { totalCount nodes { id } }
      apiKeys { totalCount nodes { name } } usage { totalCredits usageCount } } } }"""
    empty = {"totalCount": 0, "nodes": []}
    assert mine
    assert (await ask.data(tenant.secret, query))["viewer"]["account"] == {
        "balance": {"spent": "0", "granted": "0", "available": "0"},
        "agents": empty,
        "workflows": empty,
        "servicesUsed": empty,
        "grants": empty,
        "apiKeys": {"totalCount": 1, "nodes": [{"name": "first"}]},
        "usage": {"totalCredits": "0", "usageCount": 0},
    }


async def test_an_idempotency_key_belongs_to_its_account(ask: Door, tenant: Tenant) -> None:
    other = await new_tenant(tenant.database, "Other")
    query = 'mutation { startWorkflow(input: {workflowName: "w", idempotencyKey: "same"}) { ... on WorkflowStarted { replayed } } }'
    for key in (tenant.secret, other.secret):
        assert (await ask.data(key, query))["startWorkflow"] == {"replayed": False}
    assert (await ask.data(tenant.secret, query))["startWorkflow"] == {"replayed": True}


async def test_an_operator_s_key_has_no_things_of_an_account(ask: Door, operator: str) -> None:
    for kind, field in [
        ("agent", "agent"),
        ("workflow", "workflow"),
        ("usage", "serviceUsage"),
        ("key", "apiKey"),
    ]:
        query = f'{{ {field}(id: "{kind}_{uuid4().hex}") {{ id }} }}'
        assert await ask.code(operator, query) == "FORBIDDEN"
    for kind in ("agent", "workflow", "usage", "grant", "key"):
        query = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
        _, answered = await ask(operator, query, {"id": f"{kind}_{uuid4().hex}"})
        assert {error["extensions"]["code"] for error in answered["errors"]} == {"FORBIDDEN"}
    viewer = "{ viewer { account { id } apiKey { name workflows { totalCount nodes { id } } usage { totalCredits workflowBreakdown { count } } } } }"
    assert (await ask.data(operator, viewer))["viewer"] == {
        "account": None,
        "apiKey": {
            "name": "operator",
            "workflows": {"totalCount": 0, "nodes": []},
            "usage": {"totalCredits": "0", "workflowBreakdown": []},
        },
    }
