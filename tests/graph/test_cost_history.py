"""What runs cost before, asked by itself and beside a quote."""

from typing import Any

from metering.tracking import RecordWorkflow
from models.identity import IdKind, format_id
from models.workflow import WorkflowStatus
from models.writer import Command
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.graph.quoting import services
from tests.tenant import Tenant, given, metered

FIGURES = "runs enough p10 p50 p90"
HISTORY = f"{{ workflowName from to {FIGURES} message byService {{ serviceType provider {FIGURES} }} }}"
ASK = f"""query($name: String!, $agent: ID, $user: String, $from: DateTime, $to: DateTime) {{
  costHistory(workflowName: $name, agentId: $agent, userId: $user, from: $from, to: $to) {HISTORY} }}"""
QUOTE = f"query($in: ServicePlanInput!) {{ quote(input: $in) {{ totalCredits history {HISTORY} }} }}"
ENOUGH = {"enough": True, "p10": "2", "p50": "10", "p90": "18"}


async def ran(tenant: Tenant, count: int, **fields: Any) -> None:
    """Record completed runs that cost 1, 2, 3 … credits for a language model."""
    items = [
        RecordWorkflow(
            tenant.run(**fields),
            WorkflowStatus.COMPLETED,
            None,
            (metered(f"GPT gpt-4o-mini {number}000 TOKENS"),),
        )
        for number in range(1, count + 1)
    ]
    for answer in await tenant.record(*items):
        given(answer)


async def history(ask: Door, tenant: Tenant, **variables: Any) -> Any:
    """Ask what runs cost before."""
    variables = {"name": "phone_ai_call"} | variables
    return (await ask.data(tenant.secret, ASK, variables))["costHistory"]


async def test_low_expected_and_high_are_told_with_each_service(ask: Door, tenant: Tenant) -> None:
    await ran(tenant, 20)
    assert await history(ask, tenant) == {
        "workflowName": "phone_ai_call",
        "from": "2025-12-04T12:00:00Z",
        "to": None,
        "runs": 20,
        **ENOUGH,
        "message": None,
        "byService": [{"serviceType": "GPT", "provider": "gpt-4o-mini", "runs": 20, **ENOUGH}],
    }


async def test_too_few_runs_are_said_to_be_too_few(ask: Door, tenant: Tenant) -> None:
    await ran(tenant, 19)
    answer = await history(ask, tenant)
    few = {"runs": 19, "enough": False, "p10": None, "p50": None, "p90": None}
    assert {name: answer[name] for name in few} == few
    assert answer["message"].startswith("19 completed runs are known of 'phone_ai_call'")
    assert answer["byService"] == [{"serviceType": "GPT", "provider": "gpt-4o-mini", **few}]


async def test_agent_user_and_period_narrow_it(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    await ran(tenant, 20, agent_id=agent.id, user_id="ann")
    await ran(tenant, 3, user_id="bob")
    for narrowed, runs in (
        ({}, 23),
        ({"agent": format_id(IdKind.AGENT, agent.id)}, 20),
        ({"user": "bob"}, 3),
        ({"to": "2026-03-04T12:00:00Z"}, 0),
        ({"from": "2026-03-04T12:00:00Z"}, 23),
        ({"name": "other"}, 0),
    ):
        assert (await history(ask, tenant, **narrowed))["runs"] == runs, narrowed
    backwards = {"name": "a", "from": "2026-03-04T12:00:00Z", "to": "2026-03-04T11:00:00Z"}
    error = await ask.error(tenant.secret, ASK, backwards)
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "to"}


async def test_a_quote_shows_it_beside_its_own_figure(ask: Door, tenant: Tenant) -> None:
    await ran(tenant, 20)
    plan = {"services": services("GPT 12000 TOKENS gpt-4o-mini"), "workflowName": "phone_ai_call"}
    quote = (await ask.data(tenant.secret, QUOTE, {"in": plan}))["quote"]
    assert (quote["totalCredits"], quote["history"]) == ("12", await history(ask, tenant))
    del plan["workflowName"]
    assert (await ask.data(tenant.secret, QUOTE, {"in": plan}))["quote"]["history"] is None


async def test_two_statements_answer_for_any_number_of_runs(ask: Door, tenant: Tenant) -> None:
    for number in (1, 40):
        await ran(tenant, number)
        await ask.data(tenant.secret, "{ viewer { scopes } }")
        # That the key was used is noted behind the answer.
        await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
        with statements(tenant.database) as sent:
            await history(ask, tenant)
        # The key, the runs, their services.
        assert len([text for text in sent if not text.startswith("BEGIN")]) == 2
