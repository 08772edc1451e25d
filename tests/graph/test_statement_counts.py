"""One statement for each level of a nested query, however many parents a level has."""

from typing import Any

import pytest

from models.writer import Command
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant

NESTED = """{ viewer { account { agents(first: 20) { nodes { name workflows { nodes { workflowName
  servicesUsed { nodes { creditsUsed rate { rateCardVersion price tiers { price } } } } } } } } } } }"""

EVERYTHING = """{ viewer { account {
  balance { available }
  agents(first: 20) { totalCount nodes { name serviceConfiguration { primaryAiModel }
    usage { totalCredits usageCount serviceBreakdown { totalCredits } userBreakdown { userId }
            workflowBreakdown { count } workflowsUsed { totalCredits } topConsumingServices { service } }
    workflows { totalCount nodes { workflowName serviceBreakdown { totalCredits } agent { name } apiKey { name }
      parentWorkflow { id }
      servicesUsed { totalCount nodes { creditsUsed rate { rateCardVersion } workflow { id } } } } } } }
  apiKeys { totalCount nodes { name workflows { totalCount } usage { topConsumingServices { service totalCredits } } } }
  grants { nodes { remaining } } } } }"""


HOLDS = """{ viewer { account { agents(first: 20) { nodes { workflows(first: 2) { nodes { holds(first: 2, filter: {status: [OPEN]}) {
  totalCount nodes { status remaining rateCard { version } workflow { workflowName } lines { remaining
    parts { remaining grant { remaining } lentBy { remaining lines { remaining } } } } } } } } } } } } }"""


async def fill(tenant: Tenant, agents: int) -> None:
    """Agents with two runs each, every run with two usages; every second run is started by the first."""
    await tenant.grant("5000")
    for number in range(agents):
        agent = await new_agent(tenant, f"agent {number}")
        first = await tenant.start(agent_id=agent.id, user_id=f"user {number}")
        second = await tenant.start("voice_chat", agent_id=agent.id, parent_workflow_id=first.id)
        for run in (first, second):
            await tenant.add(run, "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
        await tenant.hold(first, "PHONE twilio 1 MINUTES", "GPT gpt-4o-mini 1000 TOKENS")
        await tenant.hold(second, "PHONE twilio 2 MINUTES")


async def counted(ask: Door, tenant: Tenant, query: str) -> tuple[Any, list[str]]:
    """Ask, and give the answer with the statements that it took."""
    await settled(ask, tenant)
    with statements(tenant.database) as sent:
        answer = await ask.data(tenant.secret, query)
    return answer, [text for text in sent if not text.startswith("BEGIN")]


async def settled(ask: Door, tenant: Tenant) -> None:
    """Wait for the note of the key's use, which the first request of a minute writes behind its answer."""
    await ask.data(tenant.secret, "{ viewer { scopes } }")
    await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb


@pytest.mark.parametrize("agents", [1, 20])
@pytest.mark.parametrize(("query", "expected"), [(NESTED, 6), (EVERYTHING, 25), (HOLDS, 12)])
async def test_statements_do_not_grow_with_the_parents(
    ask: Door, tenant: Tenant, query: str, expected: int, agents: int
) -> None:
    await fill(tenant, agents)
    answer, sent = await counted(ask, tenant, query)
    assert len(answer["viewer"]["account"]["agents"]["nodes"]) == agents
    # The first finds the account, and from there on one goes to each level.
    assert len(sent) == expected, "\n".join(sent)


async def test_a_page_of_100_runs_costs_what_one_run_costs(ask: Door, tenant: Tenant) -> None:
    query = "{ viewer { account { workflows(first: 100) { nodes { agent { name } apiKey { name } } } } } }"
    counts = []
    await ask.data(tenant.secret, query)  # what is asked again is compiled
    for number in (1, 99):
        await tenant.start_all(*(tenant.run() for _ in range(number)))
        answer, sent = await counted(ask, tenant, query)
        counts.append((len(answer["viewer"]["account"]["workflows"]["nodes"]), len(sent)))
    # One for the account, and one for the runs with their agents and keys.
    assert counts == [(1, 2), (100, 2)]
