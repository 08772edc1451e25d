"""The runs of the demo's history, as values: real requests to a language model, told as conversations.

Each of the 19,366 requests of one real hour becomes one language-model usage of one run; their token counts
and the pauses between them are real. Which run is what, and when it started, is drawn from a seed.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from uuid import UUID

from metering.tracking import PastUsage, RecordWorkflow, StartWorkflow
from models.workflow import WorkflowStatus
from pricing.decimal_text import MICROS
from pricing.units import Quantity, ServiceType, UnitType
from server.demo.account import DemoAccount

DAYS = 33
"""The oldest run is younger than the 35 days for which usages can be dated back."""

# Conversations go on side by side: this many abreast makes the real pauses between turns about half a minute.
_ABREAST = 160
_CHARACTERS_A_TOKEN = 4
_HOURS_UNTIL_NOW = 2
_TURNS = (3, 4, 5, 6, 7, 8)
_BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 8, 13, 17, 18, 17, 14, 16, 18, 18, 16, 14, 12, 11, 10, 8, 5, 3)
_BY_WEEKDAY = (10, 11, 11, 10, 9, 5, 4)


@dataclass(frozen=True, slots=True)
class _Request:
    seconds: int
    tokens: int
    generated_tokens: int


@dataclass(frozen=True, slots=True)
class _Services:
    model: str
    stt: str
    tts: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class _Kind:
    workflow_name: str
    share: int
    user: str
    users: int
    services: _Services
    key_id: UUID
    agent_id: UUID | None


def history_runs(demo: DemoAccount, *, now: datetime, seed: int) -> list[RecordWorkflow]:
    """Work out the whole history, oldest run first; the last one ends within the hours before now."""
    draw = random.Random(seed)  # noqa: S311 - believable, not secret
    conversations = list(_conversations(_requests(), draw))
    draw.shuffle(conversations)
    kinds = _kinds(demo)
    drawn = draw.choices(kinds, [kind.share for kind in kinds], k=len(conversations))
    starts = _starts(now, len(conversations), draw)
    return [
        _run(demo, kind, conversation, started_at=start, idempotency_key=f"demo-run-{number}", draw=draw)
        for number, (kind, conversation, start) in enumerate(zip(drawn, conversations, starts, strict=True))
    ]


def _requests() -> list[_Request]:
    text = files("server.demo").joinpath("requests.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return [
        _request(int(row["seconds"]), int(row["context_tokens"]), int(row["generated_tokens"]))
        for row in rows
    ]


def _request(seconds: int, context: int, generated: int) -> _Request:
    return _Request(seconds, context + generated, generated)


def _conversations(requests: Sequence[_Request], draw: random.Random) -> Iterator[Sequence[_Request]]:
    position = 0
    while position < len(requests):
        block = requests[position : position + draw.choice(_TURNS) * _ABREAST]
        for first in range(min(_ABREAST, len(block))):
            yield block[first::_ABREAST]
        position += len(block)


def _starts(now: datetime, count: int, draw: random.Random) -> list[datetime]:
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=ago) for ago in range(_HOURS_UNTIL_NOW, DAYS * 24)]
    busy = [_BY_HOUR[hour.hour] * _BY_WEEKDAY[hour.weekday()] for hour in hours]
    drawn = draw.choices(hours, busy, k=count)
    return sorted(hour + timedelta(seconds=draw.randrange(3600)) for hour in drawn)


def _run(
    demo: DemoAccount,
    kind: _Kind,
    conversation: Sequence[_Request],
    *,
    started_at: datetime,
    idempotency_key: str,
    draw: random.Random,
) -> RecordWorkflow:
    duration_seconds = conversation[-1].seconds - conversation[0].seconds + draw.randint(20, 60)
    ended_at = started_at + timedelta(seconds=duration_seconds)
    start = StartWorkflow(
        demo.account_id,
        kind.key_id,
        kind.workflow_name,
        idempotency_key,
        agent_id=kind.agent_id,
        # Some users come often, most seldom.
        user_id=f"{kind.user}-{draw.randint(1, draw.randint(1, kind.users)):02d}",
        started_at=started_at,
    )
    usages = (
        *_calls(kind.services, duration_seconds, ended_at),
        *_turns(kind.services, conversation, started_at),
    )
    return RecordWorkflow(
        start, _status(draw), ended_at, (*usages, *_voices(kind.services, conversation, ended_at))
    )


def _calls(services: _Services, duration_seconds: int, ended_at: datetime) -> Iterator[PastUsage]:
    if services.phone is not None:
        started_minutes = -(-duration_seconds // 60)
        yield _usage(ServiceType.PHONE, services.phone, started_minutes, UnitType.MINUTES, ended_at)


def _turns(
    services: _Services, conversation: Sequence[_Request], started_at: datetime
) -> Iterator[PastUsage]:
    for request in conversation:
        used_at = started_at + timedelta(seconds=request.seconds - conversation[0].seconds + 5)
        yield _usage(ServiceType.GPT, services.model, request.tokens, UnitType.TOKENS, used_at)


def _voices(services: _Services, conversation: Sequence[_Request], ended_at: datetime) -> Iterator[PastUsage]:
    listened_seconds = 10 * len(conversation)
    spoken_characters = _CHARACTERS_A_TOKEN * sum(request.generated_tokens for request in conversation)
    yield _usage(ServiceType.VOICE_STT, services.stt, listened_seconds, UnitType.SECONDS, ended_at)
    yield _usage(ServiceType.VOICE_TTS, services.tts, spoken_characters, UnitType.CHARACTERS, ended_at)


def _usage(
    service_type: ServiceType, provider: str, units: int, unit_type: UnitType, at: datetime
) -> PastUsage:
    return PastUsage(service_type, provider, Quantity(units * MICROS, unit_type), at)


def _status(draw: random.Random) -> WorkflowStatus:
    return draw.choices(
        (WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.CANCELLED), (94, 4, 2)
    )[0]


def _kinds(demo: DemoAccount) -> tuple[_Kind, ...]:
    center, mobile, graphiql = demo.call_center_key_id, demo.mobile_app_key_id, demo.graphiql_key_id
    return (
        _Kind("phone_ai_call", 30, "caller", 40, _CHEAP_CALL, center, None),
        _Kind("voice_chat", 25, "user", 30, _BALANCED_CHAT, mobile, demo.assistant_id),
        _Kind("voice_chat", 5, "user", 5, _PREMIUM_CHAT, graphiql, None),
        _Kind("emergency_medical_call", 7, "caller", 40, _EMERGENCY_CALL, center, demo.dispatcher_id),
        _Kind("language_learning_voice_chat", 33, "learner", 50, _LESSON, mobile, demo.tutor_id),
    )


_CHEAP_CALL = _Services("gpt-4o-mini", "deepgram", "openai-tts", "twilio")
_BALANCED_CHAT = _Services("gpt-4o", "deepgram", "cartesia", None)
_PREMIUM_CHAT = _Services("gpt-4o", "openai-whisper", "elevenlabs", None)
_EMERGENCY_CALL = _Services("gpt-4o", "openai-whisper", "openai-tts", "twilio")
_LESSON = _Services("gpt-4o-mini", "deepgram", "cartesia", None)
