"""The four worked examples as runs of the last hour: 103, 33, 121 and 19 credits."""

from datetime import datetime, timedelta

from metering.tracking import PastUsage, RecordWorkflow, StartWorkflow, record_workflows
from models.database import Database
from models.workflow import WorkflowStatus
from models.writer import SetCommand
from pricing.units import Quantity, ServiceType, UnitType
from server.demo.account import DemoAccount


async def record_worked_examples(database: Database, demo: DemoAccount) -> None:
    """Record the worked examples as completed runs that ended in the last hour."""
    runs = _worked_examples(demo, database.clock())
    for answer in await database.write(SetCommand(demo.account_id, record_workflows, runs)):
        if isinstance(answer, Exception):
            raise answer


def _worked_examples(demo: DemoAccount, now: datetime) -> tuple[RecordWorkflow, ...]:
    call_center, mobile_app = demo.call_center_key_id, demo.mobile_app_key_id
    started = [
        StartWorkflow(demo.account_id, call_center, "phone_ai_call", "worked-example-1", user_id="caller-01"),
        StartWorkflow(
            demo.account_id,
            mobile_app,
            "voice_chat",
            "worked-example-2",
            agent_id=demo.assistant_id,
            user_id="user-01",
        ),
        StartWorkflow(
            demo.account_id,
            call_center,
            "emergency_medical_call",
            "worked-example-3",
            agent_id=demo.dispatcher_id,
            user_id="caller-02",
        ),
        StartWorkflow(
            demo.account_id,
            mobile_app,
            "language_learning_voice_chat",
            "worked-example-4",
            agent_id=demo.tutor_id,
            user_id="learner-01",
        ),
    ]
    return tuple(
        _completed(start, now - timedelta(minutes=minutes), usages)
        for start, minutes, usages in zip(started, (50, 38, 26, 14), _USAGES, strict=True)
    )


def _completed(start: StartWorkflow, started_at: datetime, usages: tuple[PastUsage, ...]) -> RecordWorkflow:
    timed = StartWorkflow(
        start.account_id,
        start.api_key_id,
        start.workflow_name,
        start.idempotency_key,
        agent_id=start.agent_id,
        user_id=start.user_id,
        started_at=started_at,
    )
    return RecordWorkflow(timed, WorkflowStatus.COMPLETED, started_at + timedelta(minutes=5), usages)


def _usage(service_type: ServiceType, provider: str, units: str, unit_type: UnitType) -> PastUsage:
    return PastUsage(service_type, provider, Quantity.parse(units, unit_type))


_USAGES = (
    (
        _usage(ServiceType.PHONE, "twilio", "5", UnitType.MINUTES),
        _usage(ServiceType.GPT, "gpt-4o-mini", "3000", UnitType.TOKENS),
    ),
    (
        _usage(ServiceType.VOICE_STT, "openai-whisper", "2", UnitType.MINUTES),
        _usage(ServiceType.GPT, "gpt-4o", "1500", UnitType.TOKENS),
        _usage(ServiceType.VOICE_TTS, "elevenlabs", "450", UnitType.CHARACTERS),
    ),
    (
        _usage(ServiceType.PHONE, "twilio", "5", UnitType.MINUTES),
        _usage(ServiceType.GPT, "gpt-4o", "2500", UnitType.TOKENS),
        _usage(ServiceType.VOICE_TTS, "openai-tts", "800", UnitType.CHARACTERS),
    ),
    (
        _usage(ServiceType.VOICE_STT, "deepgram", "2", UnitType.MINUTES),
        _usage(ServiceType.GPT, "gpt-4o-mini", "1800", UnitType.TOKENS),
        _usage(ServiceType.VOICE_TTS, "cartesia", "600", UnitType.CHARACTERS),
    ),
)
