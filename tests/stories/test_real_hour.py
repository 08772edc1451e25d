"""A real hour of 19,366 language-model requests, recorded over HTTP: exact to the credit, and only once."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.stories.caller import ADD_MANY_COUNTED, CREATE_AGENT, START, Caller, fresh_key
from tests.stories.real_hour import RealRequest, an_hour_before, batches, real_hour

SENDERS = 3
RUNS = (
    ("phone_ai_call", "emergencyservices"),
    ("voice_chat", "languagelearning"),
    ("lesson", "languagelearning"),
)

TOTALS = """
query Totals($from: DateTime!, $to: DateTime!) {
  viewer {
    account {
      balance { spent overdraft }
      usage(from: $from, to: $to) {
        totalCredits usageCount
        workflowBreakdown { workflowName count totalCredits }
        serviceBreakdown { serviceType provider usageCount totalCredits units { unitType units } }
      }
      agents(first: 3) { nodes { id usage { totalCredits usageCount } workflows { nodes { totalCreditsUsed usageCount } } } }
    }
    apiKey { usage { totalCredits usageCount } }
  }
}
"""

EXACT_CREDITS = """
query ExactCredits($after: String) {
  viewer {
    account {
      servicesUsed(first: 100, after: $after) { nodes { exactCredits } pageInfo { hasNextPage endCursor } }
    }
  }
}
"""


@pytest.mark.parametrize(
    ("model", "credits_per_thousand", "total"), [("gpt-4o-mini", 1, 37_193), ("gpt-4o", 8, 221_227)]
)
def test_a_real_hour(
    service: Caller,
    model: str,
    credits_per_thousand: int,
    total: int,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    requests = real_hour()
    agents, workflow_ids = start_runs(service, requests)
    began = time.perf_counter()
    assert send(service, requests, workflow_ids, model) == counts(added=19_366)
    seconds = time.perf_counter() - began
    found = totals(service, requests)
    check_totals(found, requests, agents, credits_per_thousand, total, model)

    assert send(service, requests, workflow_ids, model) == counts(replayed=19_366)
    assert totals(service, requests) == found
    if model == "gpt-4o-mini":
        assert sum(exact_credits(service), Decimal(0)) == Decimal("26450.535")
    with capsys.disabled():
        name = request.node.callspec.params["shared"]
        rate = round(len(requests) / seconds)
        sys.stdout.write(f"\nreal hour, {model} on {name}: {seconds:.1f} s, {rate:,} usages/s over HTTP\n")


def start_runs(service: Caller, requests: list[RealRequest]) -> tuple[list[str], list[str]]:
    agents: list[str] = []
    workflow_ids: list[str] = []
    for name, adapter in RUNS:
        agent = service.mutate(CREATE_AGENT, name=name, businessAdapter=adapter)["agent"]["id"]
        started = service.mutate(
            START,
            workflowName=name,
            agentId=agent,
            startedAt=an_hour_before(requests),
            idempotencyKey=fresh_key(),
        )
        agents.append(agent)
        workflow_ids.append(started["workflow"]["id"])
    return agents, workflow_ids


def send(service: Caller, requests: list[RealRequest], workflow_ids: list[str], model: str) -> dict[str, int]:
    """Send the hour, a few batches at a time, and add up what the answers say."""
    with ThreadPoolExecutor(SENDERS) as senders:
        answers = list(
            senders.map(
                lambda usages: service.mutate(ADD_MANY_COUNTED, usages=usages),
                batches(requests, workflow_ids, model),
            )
        )
    assert len(answers) == 20
    return {name: sum(answer[name] for answer in answers) for name in answers[0]}


def counts(*, added: int = 0, replayed: int = 0) -> dict[str, int]:
    return {"addedCount": added, "replayedCount": replayed, "refusedCount": 0}


def totals(service: Caller, requests: list[RealRequest]) -> Any:
    # A period leaves its end out, and the last request comes right at the hour's end.
    end = requests[-1].used_at + timedelta(seconds=1)
    return service.query(TOTALS, {"from": an_hour_before(requests), "to": end.isoformat()})


def check_totals(
    found: Any,
    requests: list[RealRequest],
    agents: list[str],
    credits_per_thousand: int,
    total: int,
    model: str,
) -> None:
    turns = [requests[turn :: len(RUNS)] for turn in range(len(RUNS))]
    shares = [sum(request.credits(credits_per_thousand) for request in turn) for turn in turns]
    assert sum(shares) == total
    account = found["account"]
    assert account["balance"] == {"spent": str(total), "overdraft": str(total)}
    assert found["apiKey"]["usage"] == {"totalCredits": str(total), "usageCount": 19_366}
    assert account["usage"] == {
        "totalCredits": str(total),
        "usageCount": 19_366,
        "workflowBreakdown": [
            {"workflowName": name, "count": 1, "totalCredits": str(share)}
            for share, (name, _) in sorted(zip(shares, RUNS, strict=True), reverse=True)
        ],
        "serviceBreakdown": [
            {
                "serviceType": "GPT",
                "provider": model,
                "usageCount": 19_366,
                "totalCredits": str(total),
                "units": [{"unitType": "TOKENS", "units": "26450535"}],
            }
        ],
    }
    by_agent = {agent["id"]: agent for agent in account["agents"]["nodes"]}
    assert [by_agent[agent]["usage"] for agent in agents] == [
        {"totalCredits": str(share), "usageCount": len(turn)}
        for share, turn in zip(shares, turns, strict=True)
    ]
    assert [by_agent[agent]["workflows"]["nodes"] for agent in agents] == [
        [{"totalCreditsUsed": str(share), "usageCount": len(turn)}]
        for share, turn in zip(shares, turns, strict=True)
    ]


def exact_credits(service: Caller) -> Iterator[Decimal]:
    after, more = None, True
    while more:
        page = service.query(EXACT_CREDITS, {"after": after})["account"]["servicesUsed"]
        yield from (Decimal(usage["exactCredits"]) for usage in page["nodes"])
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
