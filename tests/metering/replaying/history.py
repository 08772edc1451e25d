"""A small history with every case that a replay meets, and its period: the third of March.

At noon of that day a second card comes into force: gpt-4o and gpt-4o-mini are dearer on it, and it prices SMS.
"""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from metering.rate_cards import publish_rate_card
from metering.replaying import Replay, ReplayRequest, replay_request
from metering.tracking import RecordWorkflow, StartWorkflow
from models.agent import Agent
from models.database import Database
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command
from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.rate_card_file import built_in_rate_card
from pricing.units import ServiceType, UnitType
from tests.tenant import Tenant, given, metered, new_tenant, next_key

DAY = datetime(2026, 3, 3, tzinfo=UTC)
NEXT_DAY = datetime(2026, 3, 4, tzinfo=UTC)
CHANGED_AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
BUILT_IN = built_in_rate_card().version


def dearer_card(version: str = "dearer") -> RateCard:
    """The built-in card with gpt-4o at 10, gpt-4o-mini at 2, and SMS at 3 credits a message."""
    dearer = {"gpt-4o": 10_000_000, "gpt-4o-mini": 2_000_000}
    rates = [
        replace(rate, price_micros=dearer[rate.provider])
        if rate.service_type is ServiceType.GPT and rate.provider in dearer
        else rate
        for rate in built_in_rate_card().rates
    ]
    sms = Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 3_000_000)
    return replace(built_in_rate_card(), version=version, effective_from=CHANGED_AT, rates=(*rates, sms))


async def publish(database: Database, card: RateCard, account_id: UUID | None = None) -> None:
    """Publish a card, for everybody or for one account."""
    await database.write(Command(None, partial(publish_rate_card, card=card, account_id=account_id)))


async def every_case(tenant: Tenant, agent: Agent | None = None) -> dict[str, Workflow]:
    """Record the history; give its runs by the names that they are told under."""
    await publish(tenant.database, dearer_card())
    stranger = await new_tenant(tenant.database, "Stranger")
    await recorded(stranger, "phone_ai_call", "10:00", "10:05 PHONE twilio 50 MINUTES")
    voided = await recorded(
        tenant, "voided_chat", "9:00", "9:01 GPT gpt-4 1000 TOKENS", "9:02 GPT gpt-4o-mini 2000 TOKENS"
    )
    nothing = await recorded(tenant, "all_voided", "9:00", "9:01 GPT gpt-4 1000 TOKENS")
    for usage in (await usages_of(tenant, voided))[0], (await usages_of(tenant, nothing))[0]:
        await tenant.void(usage)
    await recorded(tenant, "idle", "9:30")
    return {
        "voided": voided,
        "phone": await recorded(
            tenant,
            "phone_ai_call",
            "10:00",
            "10:05 PHONE twilio 5 MINUTES",
            "10:05 GPT gpt-4o-mini 3000 TOKENS",
            user_id="ann",
            business_adapter="emergencyservices",
        ),
        "through the change": await recorded(
            tenant,
            "voice_chat",
            "11:50",
            "11:55 VOICE_STT openai-whisper 2 MINUTES",
            "12:05 GPT gpt-4o 1500 TOKENS",
            "12:06 VOICE_TTS elevenlabs 450 CHARACTERS",
            agent_id=None if agent is None else agent.id,
        ),
        "sms": await recorded(
            tenant, "reminder", "13:00", "13:01 SMS twilio 2 MESSAGES", "13:02 GPT gpt-4o-mini 1000 TOKENS"
        ),
        "partly in the period": await recorded(
            tenant, "voice_chat", "-23:50", "-23:55 GPT gpt-4o 1000 TOKENS", "0:05 GPT gpt-4o 1000 TOKENS"
        ),
        "at the edges": await recorded(
            tenant,
            "reminder",
            "0:00",
            "0:00 GPT gpt-4o-mini 1000 TOKENS",
            "+0:00 GPT gpt-4o-mini 1000 TOKENS",
        ),
        "over the limit": await recorded(
            tenant,
            "long_chat",
            "8:00",
            "8:10 GPT gpt-4o 20000 TOKENS",
            "8:11 VOICE_TTS elevenlabs 40000 CHARACTERS",
        ),
    }


async def recorded(tenant: Tenant, name: str, start: str, *usages: str, **fields: Any) -> Workflow:
    """Record a run with its usages, each of which begins with its time: "10:05 PHONE twilio 5 MINUTES"."""
    run = StartWorkflow(
        tenant.account_id, tenant.api_key_id, name, next_key(), started_at=moment(start), **fields
    )
    timed = [text.split(" ", 1) for text in usages]
    past = tuple(metered(text, moment(at)) for at, text in timed)
    [answer] = await tenant.record(RecordWorkflow(run, WorkflowStatus.COMPLETED, moment("+11:00"), past))
    workflow: Workflow = given(answer).workflow
    return workflow


async def usages_of(tenant: Tenant, workflow: Workflow) -> list[ServiceUsage]:
    """Read the usages of a run as they were recorded."""
    of_run = select(ServiceUsage).where(
        ServiceUsage.account_id == tenant.account_id, ServiceUsage.workflow_id == workflow.id
    )
    async with tenant.database.read() as session:
        return list(await session.scalars(of_run.order_by(ServiceUsage.id)))


async def replayed(tenant: Tenant, **fields: Any) -> Replay:
    """Replay the third of March, or what the fields say."""
    request = ReplayRequest(**{"start": DAY, "end": NEXT_DAY, **fields})
    question = partial(
        replay_request,
        account_id=tenant.account_id,
        request=request,
        progress=lambda _done, _total: None,
        now=tenant.database.clock(),
    )
    return await tenant.database.ask(question)


def moment(text: str) -> datetime:
    """Read a time of the third of March; with a minus, of the second, with a plus, of the fourth."""
    day = {"-": 2, "+": 4}.get(text[0], 3)
    hour, minute = text.lstrip("-+").split(":")
    return datetime(2026, 3, day, int(hour), int(minute), tzinfo=UTC)


def in_words(figures: Any) -> str:
    """Write figures as "7 runs 12 usages 398; refused 2 4 343; 55 -> 32"."""
    return (
        f"{figures.run_count} runs {figures.usage_count} usages {figures.actual}; "
        f"refused {figures.refused_run_count} {figures.refused_usage_count} {figures.refused}; "
        f"{figures.compared} -> {figures.replayed}"
    )
