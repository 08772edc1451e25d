"""A month under another preset: asked at once, and worked off by the server in the background."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.stories.caller import RECORD, REFUSAL, Caller, fresh_key

FIGURES = "runCount usageCount actualCredits refusedRunCount refusedCredits comparedCredits replayedCredits savedCredits"
ANSWER = f"totals {{ {FIGURES} }} changedChoices {{ serviceType from to savedCredits }} refusals {{ kind runCount }}"
REPLAY = f"query($input: ReplayInput!) {{ replay(input: $input) {{ {ANSWER} }} }}"
START = f"mutation($input: ReplayInput!) {{ startReplay(input: $input) {{ ... on ReplayStarted {{ job {{ id status }} }} {REFUSAL} }} }}"
JOB = f"query($id: ID!) {{ replayJob(id: $id) {{ status runDone runTotal error result {{ {ANSWER} }} }} }}"
CANCEL = f"mutation($input: CancelReplayInput!) {{ cancelReplay(input: $input) {{ ... on ReplayCancelled {{ job {{ status }} }} {REFUSAL} }} }}"
PATIENCE_SECONDS = 30


def test_a_team_asks_what_the_cheap_preset_would_have_cost(service: Caller) -> None:
    now = datetime.now(UTC)
    for days_ago, (name, services) in enumerate(
        [
            (
                "voice_chat",
                [
                    ("VOICE_STT", "openai-whisper", "5", "MINUTES"),
                    ("GPT", "gpt-4", "3000", "TOKENS"),
                    ("VOICE_TTS", "elevenlabs", "2000", "CHARACTERS"),
                ],
            ),
            (
                "voice_chat",
                [("VOICE_STT", "openai-whisper", "90", "SECONDS"), ("GPT", "gpt-4", "1", "TOKENS")],
            ),
            ("phone_ai_call", [("PHONE", "twilio", "5", "MINUTES"), ("GPT", "gpt-4", "1000", "TOKENS")]),
        ],
        start=1,
    ):
        at = (now - timedelta(days=days_ago)).isoformat()
        used = [
            {"serviceType": kind, "provider": provider, "units": units, "unitType": unit, "usedAt": at}
            for kind, provider, units, unit in services
        ]
        service.mutate(
            RECORD,
            workflowName=name,
            idempotencyKey=fresh_key(),
            startedAt=at,
            endedAt=now.isoformat(),
            servicesUsed=used,
        )
    month = {"from": (now - timedelta(days=30)).isoformat(), "to": now.isoformat()}
    wanted = {**month, "preset": "cost_optimized"}
    # 50 + 75 + 4, 15 + 1 and 100 + 25 credits; in place of the first two 40 + 3 + 2 and 12 + 1.
    answer = {
        "totals": {
            "runCount": 3,
            "usageCount": 7,
            "actualCredits": "270",
            "refusedRunCount": 1,
            "refusedCredits": "125",
            "comparedCredits": "145",
            "replayedCredits": "58",
            "savedCredits": "87",
        },
        "changedChoices": [
            {"serviceType": "GPT", "from": "gpt-4", "to": "gpt-4o-mini", "savedCredits": "72"},
            {"serviceType": "VOICE_STT", "from": "openai-whisper", "to": "deepgram", "savedCredits": "13"},
            {"serviceType": "VOICE_TTS", "from": "elevenlabs", "to": "openai-tts", "savedCredits": "2"},
        ],
        "refusals": [{"kind": "SERVICE_DISABLED", "runCount": 1}],
    }
    assert service.query(REPLAY, {"input": wanted}) == answer
    started = service.mutate(START, **wanted)
    done = ended(service, started["job"]["id"])
    assert done == {"status": "COMPLETED", "runDone": 3, "runTotal": 3, "error": None, "result": answer}
    too_late = service.mutate(CANCEL, replayJobId=started["job"]["id"])
    assert too_late["code"] == "REPLAY_JOB_ENDED"


def ended(service: Caller, job_id: str) -> Any:
    """Wait for a job's end."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while (job := service.query(JOB, {"id": job_id}))["status"] in {"QUEUED", "RUNNING"}:
        assert time.monotonic() < give_up_at, job
        time.sleep(0.1)
    return job
