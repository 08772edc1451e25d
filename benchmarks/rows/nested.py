"""The nested query: 20 agents, 10 runs of each, their 3 to 5 usages and their breakdown."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from benchmarks.harness.clients import OverHttp, Request
from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.postgresql import Postgresql
from benchmarks.harness.programs import Program, node_program, python_program, those_present
from benchmarks.harness.stage import STORES, Service, Stage
from benchmarks.harness.turns import take_turns
from tests.stories.caller import CREATE_AGENT, RECORD, Caller

AGENTS, RUNS = 20, 10
CLIENTS = 8
POSTGRAPHILE, MERCURIUS, BY_HAND = "PostGraphile 5", "Mercurius JIT + loaders", "hand-written JSON SQL"
SERVICES = (
    ("PHONE", "twilio", "MINUTES"),
    ("GPT", "gpt-4o-mini", "TOKENS"),
    ("VOICE_STT", "deepgram", "MINUTES"),
    ("VOICE_TTS", "cartesia", "CHARACTERS"),
)
OURS = """{ viewer { account { agents(first: 20) { nodes { id name workflows(first: 10) { nodes {
  id workflowName status totalCreditsUsed
  servicesUsed(first: 10) { nodes { id serviceType provider unitsConsumed unitType creditsUsed } }
  serviceBreakdown { serviceType provider usageCount totalCredits }
} } } } } } }"""
IN_MERCURIUS = """query Nested($account: ID!) { agents(account: $account) { id name workflows {
  id workflowName status totalCredits
  servicesUsed { id serviceType provider units unitType credits }
  serviceBreakdown { serviceType provider usageCount totalCredits }
} } }"""
IN_POSTGRAPHILE = """query Nested($account: UUID!) {
  allAgents(first: 20, condition: {accountId: $account}) { nodes {
  id: rowId name workflowsByAccountIdAndAgentId(first: 10) { nodes {
    id: rowId workflowName status totalCredits
    serviceUsagesByAccountIdAndWorkflowId(first: 10) { nodes {
      id: rowId serviceType provider microUnits unitType credits
    } }
    breakdown { nodes { serviceType provider usageCount totalCredits } }
} } } } }"""
COPIES = """
INSERT INTO rival.account (id) SELECT id FROM account ON CONFLICT DO NOTHING;
INSERT INTO rival.agent SELECT account_id, id, name FROM agent;
INSERT INTO rival.workflow
SELECT account_id, id, agent_id, workflow_name, status, total_credits, usage_count FROM workflow;
INSERT INTO rival.service_usage
SELECT account_id, id, workflow_id, id::text, service_type, provider, unit_type, micro_units, credits, used_at
FROM service_usage;
ANALYZE;
"""


def nested(stage: Stage) -> Iterator[Figure]:
    """Ask the service on both databases; rivals look at no keys, permissions or limits."""
    for store in STORES:
        with ExitStack() as stack:
            url = stack.enter_context(stage.database(store))
            service = stack.enter_context(stage.service(url))
            caller = service.account()
            _fill(caller)
            database = None
            if store == "PostgreSQL":
                database = Postgresql.of(url)
                database.add_rivals()
                database.run(COPIES)
            sides = [_ours(stage, service, caller, database), *_rivals(stack, stage, caller, url, database)]
            _check(sides)
            series = take_turns(sides, stage.pace)
        work = Work("nested", f"nested query over HTTP, {CLIENTS} clients", store)
        targets = {POSTGRAPHILE: ">= 2", MERCURIUS: ">= 1.3", BY_HAND: ">= 0.7"}
        yield from compared(work, series, targets)


def _fill(caller: Caller) -> None:
    for agent in range(AGENTS):
        made = caller.mutate(CREATE_AGENT, name=f"Agent {agent}", businessAdapter="languagelearning")
        for run in range(RUNS):
            used = [_used(number) for number in range(3 + run % 3)]
            caller.mutate(
                RECORD,
                workflowName="language_learning_voice_chat",
                agentId=made["agent"]["id"],
                idempotencyKey=f"{agent} {run}",
                servicesUsed=used,
            )


def _used(number: int) -> dict[str, str]:
    service_type, provider, unit_type = SERVICES[number % len(SERVICES)]
    return {
        "serviceType": service_type,
        "provider": provider,
        "units": f"{number + 2}",
        "unitType": unit_type,
    }


def _ours(stage: Stage, service: Service, caller: Caller, database: Postgresql | None) -> OverHttp:
    processes = [service.process.process_id, *(database.processes() if database else ())]
    request = Request({"query": OURS}, caller.key)
    return OverHttp("creditgraph", stage.sending, service.url, [request], '"Agent 0"', CLIENTS, processes)


def _rivals(
    stack: ExitStack, stage: Stage, caller: Caller, url: str, database: Postgresql | None
) -> list[OverHttp]:
    account = caller.account_id.removeprefix("account_")
    if database is None:
        path = url.partition(":///")[2]
        programs = those_present(stack, {BY_HAND: python_program("json_sqlite", path)})
    else:
        programs = those_present(
            stack,
            {
                BY_HAND: python_program("json_postgresql", database.dsn),
                POSTGRAPHILE: node_program("postgraphile.cjs", database.dsn),
                MERCURIUS: node_program("mercurius_pg.cjs", database.dsn),
            },
        )
    processes = database.processes() if database else []
    return [_rival(stage, name, program, account, processes) for name, program in programs]


def _rival(stage: Stage, name: str, program: Program, account: str, processes: list[int]) -> OverHttp:
    query = {POSTGRAPHILE: IN_POSTGRAPHILE, MERCURIUS: IN_MERCURIUS, BY_HAND: ""}[name]
    request = Request({"query": query, "variables": {"account": account}})
    watched = [program.process_id, *processes]
    return OverHttp(name, stage.sending, program.url, [request], '"Agent 0"', CLIENTS, watched)


def _check(sides: list[OverHttp]) -> None:
    """Let all answer once: who leaves something out is no rival."""
    counts = {side.name: _ids(_answer(side)) for side in sides}
    if len(set(counts.values())) != 1:
        raise SystemExit(f"The answers differ: {counts}")


def _answer(side: OverHttp) -> Any:  # noqa: ANN401 - JSON
    [request] = side.requests
    headers = {"content-type": "application/json", "authorization": f"Bearer {request.key}"}
    asked = urllib.request.Request(f"{side.url}/graphql", json.dumps(request.body).encode(), headers)  # noqa: S310 - our own
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - likewise
        return json.load(answer)


def _ids(value: Any) -> int:  # noqa: ANN401 - JSON
    """Count the objects with an id, and the lines of breakdowns."""
    if isinstance(value, list):
        return sum(map(_ids, value))
    if isinstance(value, dict):
        return ("id" in value or "usageCount" in value) + sum(map(_ids, value.values()))
    return 0
