"""The worked examples, line by line, added one after another and recorded as a whole."""

import pytest

from metering.tracking import RecordWorkflow
from models.workflow import WorkflowStatus
from tests.tenant import Tenant, given, metered

EXAMPLES = [
    pytest.param(
        "phone_ai_call",
        None,
        {"PHONE twilio 5 MINUTES": "100", "GPT gpt-4o-mini 3000 TOKENS": "3"},
        "103",
        id="phone_ai_call",
    ),
    pytest.param(
        "voice_chat",
        None,
        {
            "VOICE_STT openai-whisper 2 MINUTES": "20",
            "GPT gpt-4o 1500 TOKENS": "12",
            "VOICE_TTS elevenlabs 450 CHARACTERS": "1",
        },
        "33",
        id="voice_chat",
    ),
    pytest.param(
        "emergency_medical_call",
        "emergencyservices",
        {
            "PHONE twilio 5 MINUTES": "100",
            "GPT gpt-4o 2500 TOKENS": "20",
            "VOICE_TTS openai-tts 800 CHARACTERS": "1",
        },
        "121",
        id="emergency_medical_call",
    ),
    pytest.param(
        "language_learning_voice_chat",
        "languagelearning",
        {
            "VOICE_STT deepgram 2 MINUTES": "16",
            "GPT gpt-4o-mini 1800 TOKENS": "2",
            "VOICE_TTS cartesia 600 CHARACTERS": "1",
        },
        "19",
        id="language_learning_voice_chat",
    ),
]


@pytest.mark.parametrize(("name", "adapter", "lines", "total"), EXAMPLES)
async def test_usages_added_to_a_run(
    tenant: Tenant, name: str, adapter: str | None, lines: dict[str, str], total: str
) -> None:
    workflow = await tenant.start(name, business_adapter=adapter)
    credits_ = [str((await tenant.add(workflow, text))[0].credits) for text in lines]
    ended = await tenant.end(workflow)
    assert credits_ == list(lines.values())
    assert str(ended.total_credits) == total
    assert ended.usage_count == len(lines)
    assert str((await tenant.account()).spent) == total


@pytest.mark.parametrize(("name", "adapter", "lines", "total"), EXAMPLES)
async def test_a_run_recorded_as_a_whole(
    tenant: Tenant, name: str, adapter: str | None, lines: dict[str, str], total: str
) -> None:
    item = RecordWorkflow(
        tenant.run(name, business_adapter=adapter),
        WorkflowStatus.COMPLETED,
        None,
        tuple(metered(text) for text in lines),
    )
    [answer] = await tenant.record(item)
    stored = await tenant.workflow(given(answer).workflow.id)
    assert (str(stored.total_credits), stored.usage_count) == (total, len(lines))
    assert str((await tenant.account()).spent) == total
