"""The four worked examples: 103, 33, 121 and 19 credits, line by line, live and recorded as a whole."""

from dataclasses import dataclass

import pytest

from tests.stories.caller import ADD, COMPLETE, CREATE_AGENT, RECORD, START, Caller, fresh_key

Line = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Example:
    """A run: its lines are service type, provider, units, unit type, credits, exact credits."""

    workflow_name: str
    adapter: str | None
    lines: tuple[Line, ...]
    total: str
    dearest_first: tuple[str, ...]

    def usages(self) -> list[dict[str, str]]:
        """Write the lines as input."""
        return [
            {"serviceType": kind, "provider": provider, "units": units, "unitType": unit_type}
            for kind, provider, units, unit_type, _, _ in self.lines
        ]

    def shown_lines(self) -> list[dict[str, str]]:
        """Write the lines as the run shows them."""
        return [
            {
                "serviceType": kind,
                "provider": provider,
                "unitsConsumed": units,
                "creditsUsed": credits_used,
                "exactCredits": exact,
            }
            for kind, provider, units, _, credits_used, exact in self.lines
        ]

    def breakdown(self) -> list[dict[str, object]]:
        """Write the lines as the run's breakdown shows them."""
        by_provider = {line[1]: line for line in self.lines}
        return [
            {
                "serviceType": kind,
                "provider": provider,
                "usageCount": 1,
                "totalCredits": credits_used,
                "units": [{"unitType": unit_type, "units": units}],
            }
            for kind, provider, units, unit_type, credits_used, _ in map(
                by_provider.__getitem__, self.dearest_first
            )
        ]


EXAMPLES = (
    Example(
        "phone_ai_call",
        None,
        (
            ("PHONE", "twilio", "5", "MINUTES", "100", "100"),
            ("GPT", "gpt-4o-mini", "3000", "TOKENS", "3", "3"),
        ),
        "103",
        ("twilio", "gpt-4o-mini"),
    ),
    Example(
        "voice_chat",
        None,
        (
            ("VOICE_STT", "openai-whisper", "2", "MINUTES", "20", "20"),
            ("GPT", "gpt-4o", "1500", "TOKENS", "12", "12"),
            ("VOICE_TTS", "elevenlabs", "450", "CHARACTERS", "1", "0.9"),
        ),
        "33",
        ("openai-whisper", "gpt-4o", "elevenlabs"),
    ),
    Example(
        "emergency_medical_call",
        "emergencyservices",
        (
            ("PHONE", "twilio", "5", "MINUTES", "100", "100"),
            ("GPT", "gpt-4o", "2500", "TOKENS", "20", "20"),
            ("VOICE_TTS", "openai-tts", "800", "CHARACTERS", "1", "0.8"),
        ),
        "121",
        ("twilio", "gpt-4o", "openai-tts"),
    ),
    Example(
        "language_learning_voice_chat",
        "languagelearning",
        (
            ("VOICE_STT", "deepgram", "2", "MINUTES", "16", "16"),
            ("GPT", "gpt-4o-mini", "1800", "TOKENS", "2", "1.8"),
            ("VOICE_TTS", "cartesia", "600", "CHARACTERS", "1", "0.9"),
        ),
        "19",
        ("deepgram", "gpt-4o-mini", "cartesia"),
    ),
)
BY_NAME = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.total)

WORKFLOW = """
query Workflow($id: ID!) {
  workflow(id: $id) {
    workflowName status businessAdapter totalCreditsUsed usageCount agent { id }
    servicesUsed { totalCount nodes { serviceType provider unitsConsumed creditsUsed exactCredits } }
    serviceBreakdown { serviceType provider usageCount totalCredits units { unitType units } }
  }
}
"""

USAGE = """
query Usage {
  viewer {
    account {
      usage {
        totalCredits usageCount
        workflowBreakdown { workflowName count totalCredits }
        serviceBreakdown { serviceType provider usageCount totalCredits units { unitType units } }
        workflowsUsed { workflowName totalCredits }
        topConsumingServices(first: 3) { service totalCredits }
        userBreakdown { userId usageCount totalCredits }
      }
    }
    apiKey { usage { totalCredits topConsumingServices(first: 1) { service totalCredits } } }
  }
}
"""


@BY_NAME
def test_live_tracking_comes_to_the_example(service: Caller, example: Example) -> None:
    agent_id = agent_of(service, example)
    name, key = example.workflow_name, fresh_key()
    started = service.mutate(START, workflowName=name, idempotencyKey=key, agentId=agent_id)
    assert (started["replayed"], started["workflow"]["status"]) == (False, "RUNNING")
    assert started["workflow"]["businessAdapter"] == example.adapter
    again = service.mutate(START, workflowName=name, idempotencyKey=key, agentId=agent_id)
    assert again == {**started, "replayed": True}

    workflow_id, running_total = started["workflow"]["id"], 0
    for number, (usage, line) in enumerate(zip(example.usages(), example.lines, strict=True), 1):
        given = {**usage, "workflowId": workflow_id, "idempotencyKey": fresh_key()}
        added = service.mutate(ADD, **given)
        running_total += int(line[4])
        assert (added["serviceUsage"]["creditsUsed"], added["serviceUsage"]["exactCredits"]) == line[4:]
        assert added["workflow"] == {"totalCreditsUsed": str(running_total), "usageCount": number}
        assert service.mutate(ADD, **given) == {**added, "replayed": True}

    ended = service.mutate(COMPLETE, workflowId=workflow_id)
    assert (ended["workflow"]["status"], ended["workflow"]["totalCreditsUsed"]) == (
        "COMPLETED",
        example.total,
    )
    assert service.mutate(COMPLETE, workflowId=workflow_id) == ended
    shown = service.query(WORKFLOW, {"id": workflow_id})
    assert shown == {
        "workflowName": name,
        "status": "COMPLETED",
        "businessAdapter": example.adapter,
        "totalCreditsUsed": example.total,
        "usageCount": len(example.lines),
        "agent": None if agent_id is None else {"id": agent_id},
        "servicesUsed": {"totalCount": len(example.lines), "nodes": example.shown_lines()},
        "serviceBreakdown": example.breakdown(),
    }


@BY_NAME
def test_a_recorded_run_comes_to_the_example(service: Caller, example: Example) -> None:
    given = {
        "workflowName": example.workflow_name,
        "idempotencyKey": fresh_key(),
        "agentId": agent_of(service, example),
        "servicesUsed": example.usages(),
    }
    recorded = service.mutate(RECORD, **given)
    workflow = dict(recorded["workflow"])
    assert workflow.pop("id").startswith("workflow_")
    assert workflow == {
        "workflowName": example.workflow_name,
        "status": "COMPLETED",
        "businessAdapter": example.adapter,
        "durationSeconds": "0",
        "totalCreditsUsed": example.total,
        "usageCount": len(example.lines),
        "servicesUsed": {"totalCount": len(example.lines), "nodes": example.shown_lines()},
        "serviceBreakdown": example.breakdown(),
    }
    assert recorded["replayed"] is False
    assert service.mutate(RECORD, **given) == {**recorded, "replayed": True}
    assert service.query(USAGE)["account"]["usage"]["totalCredits"] == example.total


def test_the_four_together_add_up_in_every_dimension(service: Caller) -> None:
    for example in EXAMPLES:
        service.mutate(
            RECORD,
            workflowName=example.workflow_name,
            idempotencyKey=fresh_key(),
            userId="user-1" if example.adapter else None,
            servicesUsed=example.usages(),
        )
    found = service.query(USAGE)
    assert found["account"]["usage"] == {
        "totalCredits": "276",
        "usageCount": 11,
        "workflowBreakdown": [
            {"workflowName": "emergency_medical_call", "count": 1, "totalCredits": "121"},
            {"workflowName": "phone_ai_call", "count": 1, "totalCredits": "103"},
            {"workflowName": "voice_chat", "count": 1, "totalCredits": "33"},
            {"workflowName": "language_learning_voice_chat", "count": 1, "totalCredits": "19"},
        ],
        "serviceBreakdown": [
            service_row("PHONE", "twilio", 2, "200", "MINUTES", "10"),
            service_row("GPT", "gpt-4o", 2, "32", "TOKENS", "4000"),
            service_row("VOICE_STT", "openai-whisper", 1, "20", "MINUTES", "2"),
            service_row("VOICE_STT", "deepgram", 1, "16", "MINUTES", "2"),
            service_row("GPT", "gpt-4o-mini", 2, "5", "TOKENS", "4800"),
            service_row("VOICE_TTS", "cartesia", 1, "1", "CHARACTERS", "600"),
            service_row("VOICE_TTS", "elevenlabs", 1, "1", "CHARACTERS", "450"),
            service_row("VOICE_TTS", "openai-tts", 1, "1", "CHARACTERS", "800"),
        ],
        "workflowsUsed": [
            {"workflowName": "emergency_medical_call", "totalCredits": "121"},
            {"workflowName": "phone_ai_call", "totalCredits": "103"},
            {"workflowName": "voice_chat", "totalCredits": "33"},
            {"workflowName": "language_learning_voice_chat", "totalCredits": "19"},
        ],
        "topConsumingServices": [
            {"service": "phone_twilio", "totalCredits": "200"},
            {"service": "gpt_gpt-4o", "totalCredits": "32"},
            {"service": "voice_stt_openai-whisper", "totalCredits": "20"},
        ],
        "userBreakdown": [
            {"userId": "user-1", "usageCount": 6, "totalCredits": "140"},
            {"userId": None, "usageCount": 5, "totalCredits": "136"},
        ],
    }
    assert found["apiKey"]["usage"] == {
        "totalCredits": "276",
        "topConsumingServices": [{"service": "phone_twilio", "totalCredits": "200"}],
    }


def agent_of(service: Caller, example: Example) -> str | None:
    if example.adapter is None:
        return None
    agent = service.mutate(CREATE_AGENT, businessAdapter=example.adapter)["agent"]
    assert agent["businessAdapter"] == example.adapter
    agent_id: str = agent["id"]
    return agent_id


def service_row(
    kind: str, provider: str, count: int, credits_used: str, unit_type: str, units: str
) -> dict[str, object]:
    return {
        "serviceType": kind,
        "provider": provider,
        "usageCount": count,
        "totalCredits": credits_used,
        "units": [{"unitType": unit_type, "units": units}],
    }
