"""Replays over GraphQL: the whole answer, bad input by its field, and jobs from their start to their end."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from metering.replaying import MOST_UNFINISHED, rate_card_fields
from models.api_key import Scope
from models.identity import IdKind, format_id
from server.background.replays import ReplayWorker
from tests.door import Door, scoped
from tests.graph.agents import new_agent
from tests.metering.replaying.history import dearer_card, every_case
from tests.tenant import Tenant, new_tenant

GUIDE = Path(__file__).parents[2] / "docs" / "replay.md"
FIGURES = "runCount usageCount actualCredits refusedRunCount refusedUsageCount refusedCredits comparedCredits replayedCredits savedCredits"
ANSWER = f"""totals {{ {FIGURES} }} byWorkflowName {{ workflowName {FIGURES} }} byAgent {{ agentId isRest {FIGURES} }}
  byService {{ serviceType provider usageCount actualCredits refusedUsageCount refusedCredits replayedUsageCount replayedCredits }}
  changedChoices {{ serviceType from to usageCount actualCredits replayedCredits savedCredits }}
  refusals {{ kind runCount usageCount actualCredits }}
  refusedRuns {{ workflowId workflowName kind message actualCredits }}"""
REPLAY = f"query($in: ReplayInput!) {{ replay(input: $in) {{ {ANSWER} }} }}"
TOTALS = (
    "query($in: ReplayInput!) { replay(input: $in) { totals { runCount replayedCredits savedCredits } } }"
)
JOB = f"id status request runTotal runDone error cancelRequested createdAt startedAt finishedAt result {{ {ANSWER} }}"
START = f"mutation($in: ReplayInput!) {{ startReplay(input: $in) {{ __typename ... on ReplayStarted {{ job {{ {JOB} }} }} ... on Refusal {{ code message }} ... on TooManyReplayJobs {{ most }} }} }}"
CANCEL = "mutation($id: ID!) { cancelReplay(input: {replayJobId: $id}) { __typename ... on ReplayCancelled { job { id status finishedAt } } ... on Refusal { code message } ... on ReplayJobEnded { status finishedAt } } }"
PERIOD = {"from": "2026-03-03T00:00:00Z", "to": "2026-03-04T00:00:00Z"}
COST_OPTIMIZED = {**PERIOD, "preset": "cost_optimized"}


def figures(*values: Any) -> dict[str, Any]:
    return dict(zip(FIGURES.split(), values, strict=True))


async def test_the_whole_answer(ask: Door, tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    runs = await every_case(tenant, agent)
    replay = (await ask.data(tenant.secret, REPLAY, {"in": COST_OPTIMIZED}))["replay"]
    assert replay["totals"] == figures(7, 12, "398", 2, 4, "343", "55", "32", "23")
    assert replay["byWorkflowName"] == [
        {"workflowName": "long_chat", **figures(1, 2, "240", 1, 2, "240", "0", "0", "0")},
        {"workflowName": "phone_ai_call", **figures(1, 2, "103", 1, 2, "103", "0", "0", "0")},
        {"workflowName": "voice_chat", **figures(2, 4, "44", 0, 0, "0", "44", "21", "23")},
        {"workflowName": "reminder", **figures(2, 3, "9", 0, 0, "0", "9", "9", "0")},
        {"workflowName": "voided_chat", **figures(1, 1, "2", 0, 0, "0", "2", "2", "0")},
    ]
    assert replay["byAgent"] == [
        {"agentId": None, "isRest": False, **figures(6, 9, "362", 2, 4, "343", "19", "12", "7")},
        {
            "agentId": format_id(IdKind.AGENT, agent.id),
            "isRest": False,
            **figures(1, 3, "36", 0, 0, "0", "36", "20", "16"),
        },
    ]
    assert replay["byService"][0] == {
        "serviceType": "GPT",
        "provider": "gpt-4o",
        "usageCount": 3,
        "actualCredits": "183",
        "refusedUsageCount": 1,
        "refusedCredits": "160",
        "replayedUsageCount": 0,
        "replayedCredits": "0",
    }
    assert replay["changedChoices"][0] == {
        "serviceType": "GPT",
        "from": "gpt-4o",
        "to": "gpt-4o-mini",
        "usageCount": 2,
        "actualCredits": "23",
        "replayedCredits": "4",
        "savedCredits": "19",
    }
    assert replay["refusals"] == [
        {"kind": "OVER_LIMIT", "runCount": 1, "usageCount": 2, "actualCredits": "240"},
        {"kind": "SERVICE_DISABLED", "runCount": 1, "usageCount": 2, "actualCredits": "103"},
    ]
    assert replay["refusedRuns"][1] == {
        "workflowId": format_id(IdKind.WORKFLOW, runs["phone"].id),
        "workflowName": "phone_ai_call",
        "kind": "SERVICE_DISABLED",
        "message": "PHONE is disabled: set phone_enabled to true, or leave it out of the request.",
        "actualCredits": "103",
    }


@pytest.mark.parametrize(
    ("given", "totals"),
    [
        ({"rateCardVersion": "dearer"}, (7, "446", "-48")),
        ({"rateCard": rate_card_fields(dearer_card("mine"))}, (7, "446", "-48")),
        ({"preset": "cost_optimized", "rateCard": rate_card_fields(dearer_card("mine"))}, (7, "36", "19")),
        (
            {
                "configuration": {
                    "primary_ai_model": "gpt-4",
                    "phone_enabled": True,
                    "cost_optimization": False,
                }
            },
            (7, "901", "-503"),
        ),
        ({"preset": "cost_optimized", "filter": {"workflowName": "voice_chat"}}, (2, "21", "23")),
        ({"preset": "cost_optimized", "filter": {"userId": "ann"}}, (1, "0", "0")),
        ({"preset": "cost_optimized", "filter": {"businessAdapter": "languagelearning"}}, (0, "0", "0")),
    ],
)
async def test_what_is_otherwise(
    ask: Door, tenant: Tenant, given: dict[str, Any], totals: tuple[int, str, str]
) -> None:
    await every_case(tenant)
    replay = (await ask.data(tenant.secret, TOTALS, {"in": PERIOD | given}))["replay"]
    assert tuple(replay["totals"].values()) == totals


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"to": PERIOD["from"]}, "to", "to: it must be later than from."),
        ({"to": "2027-05-04T00:00:00Z"}, "to", "to: at most 400 days after from can be replayed at once."),
        ({"preset": None}, "preset", "preset: give preset or configuration, rateCardVersion or rateCard"),
        ({"preset": "cheap"}, "preset", "preset: There is no preset 'cheap'."),
        ({"configuration": {}}, "configuration", "configuration: give either preset or configuration"),
        (
            {"preset": None, "configuration": {"primary_model": "gpt-4"}},
            "configuration.primary_model",
            "configuration.primary_model: there is no such field. Did you mean 'primary_ai_model'?",
        ),
        (
            {"preset": None, "configuration": {"tts_provider": "elevenlab"}},
            "configuration.tts_provider",
            "configuration.tts_provider: there is no VOICE_TTS provider 'elevenlab'. Did you mean 'elevenlabs'?",
        ),
        ({"rateCardVersion": "v9"}, "rateCardVersion", "rateCardVersion: there is no version 'v9'."),
        ({"rateCard": {"version": "x"}}, "rateCard.effective_from", "rateCard.effective_from: missing"),
        (
            {"filter": {"agentId": "agent_1"}},
            "filter.agentId",
            "filter.agentId: This is not an id: ids look like 'agent_'",
        ),
    ],
)
async def test_bad_input_is_named(
    ask: Door, tenant: Tenant, given: dict[str, Any], field: str, message: str
) -> None:
    for operation in (TOTALS, START.replace(JOB, "id")):
        error = await ask.error(tenant.secret, operation, {"in": COST_OPTIMIZED | given})
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}
        assert error["message"].startswith(message)


async def test_replays_are_counted_as_work(ask: Door, tenant: Tenant) -> None:
    again = " ".join(f"r{n}: replay(input: $in) {{ totals {{ runCount }} }}" for n in range(3))
    code = await ask.code(tenant.secret, f"query($in: ReplayInput!) {{ {again} }}", {"in": COST_OPTIMIZED})
    assert code == "QUERY_TOO_COMPLEX"


async def started(ask: Door, tenant: Tenant) -> Any:
    return (await ask.data(tenant.secret, START, {"in": COST_OPTIMIZED}))["startReplay"]["job"]


async def test_a_job_from_start_to_end(ask: Door, tenant: Tenant) -> None:
    await every_case(tenant)
    job = await started(ask, tenant)
    assert job == {
        "id": job["id"],
        "status": "QUEUED",
        "request": {
            "from": "2026-03-03T00:00:00+00:00",
            "to": "2026-03-04T00:00:00+00:00",
            "preset": "cost_optimized",
            "configuration": None,
            "rate_card_version": None,
            "rate_card": None,
            "runs": {},
        },
        "runTotal": None,
        "runDone": 0,
        "error": None,
        "cancelRequested": False,
        "createdAt": "2026-03-04T12:00:00Z",
        "startedAt": None,
        "finishedAt": None,
        "result": None,
    }
    assert await ReplayWorker(tenant.database).work_off() == 1
    find = f"query($id: ID!) {{ replayJob(id: $id) {{ {JOB} }} node(id: $id) {{ id ... on ReplayJob {{ status }} }} }}"
    found = await ask.data(tenant.secret, find, {"id": job["id"]})
    done = found["replayJob"]
    assert (done["status"], done["runTotal"], done["runDone"]) == ("COMPLETED", 7, 7)
    at_once = await ask.data(tenant.secret, REPLAY, {"in": COST_OPTIMIZED})
    assert done["result"] == at_once["replay"]
    assert found["node"] == {"id": job["id"], "status": "COMPLETED"}
    ended = (await ask.data(tenant.secret, CANCEL, {"id": job["id"]}))["cancelReplay"]
    assert ended == {
        "__typename": "ReplayJobEnded",
        "code": "REPLAY_JOB_ENDED",
        "message": "The replay is COMPLETED since 2026-03-04T12:00:00+00:00; nothing is left to cancel.",
        "status": "COMPLETED",
        "finishedAt": "2026-03-04T12:00:00Z",
    }


async def test_the_queue_and_its_list(ask: Door, tenant: Tenant) -> None:
    ids = [(await started(ask, tenant))["id"] for _ in range(MOST_UNFINISHED)]
    refused = (await ask.data(tenant.secret, START, {"in": COST_OPTIMIZED}))["startReplay"]
    assert refused == {
        "__typename": "TooManyReplayJobs",
        "code": "TOO_MANY_REPLAY_JOBS",
        "message": "5 replays of this account are unfinished; wait until one is done, or cancel one.",
        "most": 5,
    }
    cancelled = (await ask.data(tenant.secret, CANCEL, {"id": ids[0]}))["cancelReplay"]
    assert cancelled["job"] == {"id": ids[0], "status": "CANCELLED", "finishedAt": "2026-03-04T12:00:00Z"}
    assert (await ask.data(tenant.secret, CANCEL, {"id": ids[0]}))["cancelReplay"] == cancelled
    jobs = "{ viewer { account { replayJobs(first: 3) { totalCount nodes { id status } } } } }"
    listed = (await ask.data(tenant.secret, jobs))["viewer"]["account"]["replayJobs"]
    assert listed == {
        "totalCount": 5,
        "nodes": [{"id": each, "status": "QUEUED"} for each in reversed(ids[2:])],
    }


async def test_a_job_is_its_accounts_alone(ask: Door, tenant: Tenant) -> None:
    job_id = (await started(ask, tenant))["id"]
    other = await new_tenant(tenant.database, "Other")
    find = "query($id: ID!) { replayJob(id: $id) { id } node(id: $id) { id } }"
    assert await ask.data(other.secret, find, {"id": job_id}) == {"replayJob": None, "node": None}
    refused = (await ask.data(other.secret, CANCEL, {"id": job_id}))["cancelReplay"]
    assert refused == {
        "__typename": "ReplayJobNotFound",
        "code": "REPLAY_JOB_NOT_FOUND",
        "message": "There is no such replay job in this account.",
    }


async def test_only_who_may_read_sees_an_answer(ask: Door, tenant: Tenant) -> None:
    manager = await scoped(tenant, Scope.MANAGE)
    _, answer = await ask(manager, START, {"in": COST_OPTIMIZED})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert answer["data"]["startReplay"]["job"]["status"] == "QUEUED"


EXAMPLES = {
    "phone_ai_call": ("PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"),
    "voice_chat": (
        "VOICE_STT openai-whisper 2 MINUTES",
        "GPT gpt-4o 1500 TOKENS",
        "VOICE_TTS elevenlabs 450 CHARACTERS",
    ),
    "emergency_medical_call": (
        "PHONE twilio 5 MINUTES",
        "GPT gpt-4o 2500 TOKENS",
        "VOICE_TTS openai-tts 800 CHARACTERS",
    ),
    "language_learning_voice_chat": (
        "VOICE_STT deepgram 2 MINUTES",
        "GPT gpt-4o-mini 1800 TOKENS",
        "VOICE_TTS cartesia 600 CHARACTERS",
    ),
}


async def test_the_guide_shows_what_the_worked_examples_would_have_cost(ask: Door, tenant: Tenant) -> None:
    for name, usages in EXAMPLES.items():
        await tenant.add(await tenant.start(name), *usages)
    blocks = re.findall(
        r"```graphql\n(.*?)```\n\n(?:[^`]*\n)?```text\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL
    )
    queries = [query for query, _ in blocks]
    shown = [json.loads(answer) for _, answer in blocks]
    assert len(blocks) == 3
    assert {"data": await ask.data(tenant.secret, queries[0])} == shown[0]
    made = await ask.data(tenant.secret, queries[1])
    job_id = made["startReplay"]["job"]["id"]
    made["startReplay"]["job"]["id"] = "replay_…"
    assert {"data": made} == shown[1]
    await ReplayWorker(tenant.database).work_off()
    assert {"data": await ask.data(tenant.secret, queries[2], {"jobId": job_id})} == shown[2]
