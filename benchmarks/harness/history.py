"""A heavy key's history: as many usages as are wanted, recorded by the service's own verb, books and all.

What comes after some thousands of runs says the same again at other times, and is copied (copies.py).
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import lcm

import uvloop

from benchmarks.harness.copies import write_copies
from metering.auditing import audit, unhurried
from metering.rollups import rebuild_rollups
from metering.tracking import RecordWorkflow
from models.migrations import migrate
from models.workflow import WorkflowStatus
from models.writer import Command
from tests.databases.opened import opened_with_prices
from tests.tenant import Tenant, given, metered, new_tenant

USAGES_OF_A_RUN = 20
RUNS_AT_A_TIME = 50
DAYS = 30
MINUTES = DAYS * 24 * 60
SERVICES_USED = tuple(
    metered(text)
    for text in (
        "PHONE twilio 5 MINUTES",
        "GPT gpt-4o-mini 3000 TOKENS",
        "GPT gpt-4o 2500 TOKENS",
        "VOICE_STT deepgram 2 MINUTES",
        "VOICE_STT openai-whisper 2 MINUTES",
        "VOICE_TTS cartesia 600 CHARACTERS",
        "VOICE_TTS elevenlabs 450 CHARACTERS",
    )
)
NAMES = ("phone_ai_call", "voice_chat", "emergency_medical_call", "language_learning_voice_chat", "chat")
USERS = 500
PATTERN = lcm(len(SERVICES_USED), len(NAMES), USERS)
"""After so many runs they are the same again, but for their times."""
PROVEN = 1_000_000 // USAGES_OF_A_RUN
"""Longer histories are made in the same way, and auditing one takes longer than making it."""


class Historian:
    """Makes the history of one key longer; the store is open only while it writes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._tenant: Tenant | None = None
        self._runs = 0
        self._now = datetime.now(UTC)

    @property
    def secret(self) -> str:
        """The key's secret, once there is a history."""
        assert self._tenant is not None  # noqa: S101 - for the types
        return self._tenant.secret

    def reach(self, usages: int) -> None:
        """Record runs until they have so many usages."""
        uvloop.run(self._reach(usages // USAGES_OF_A_RUN))

    async def _reach(self, runs: int) -> None:
        if self._tenant is None:
            await migrate(self._url)
        async with opened_with_prices(self._url) as database:
            if self._tenant is None:
                self._tenant = await new_tenant(database, "Heavy")
            tenant = replace(self._tenant, database=database)
            while self._runs < min(runs, PATTERN):
                items = self._next(tenant, min(RUNS_AT_A_TIME, min(runs, PATTERN) - self._runs))
                for answer in await tenant.record(*items):
                    given(answer)
            if self._runs < runs:
                await self._copy(tenant, runs)

    async def _copy(self, tenant: Tenant, runs: int) -> None:
        numbers = range(self._runs, runs)
        copies = ((self._run(tenant, number), _key(number % PATTERN)) for number in numbers)
        await asyncio.to_thread(write_copies, self._url, tenant.account_id, copies)
        self._runs = runs
        rebuild = partial(rebuild_rollups, account_id=tenant.account_id)
        await tenant.database.write(Command(tenant.account_id, rebuild))
        if runs <= PROVEN:
            found = await tenant.database.ask(unhurried(audit))
            if not found.ok:
                raise SystemExit(f"Copies are not what is recorded: {found.differences[:3]}")

    def _next(self, tenant: Tenant, count: int) -> list[RecordWorkflow]:
        first, self._runs = self._runs, self._runs + count
        return [self._run(tenant, number) for number in range(first, self._runs)]

    def _run(self, tenant: Tenant, number: int) -> RecordWorkflow:
        """Write down a run; one follows the other through the days, again and again."""
        started_at = self._now - timedelta(minutes=MINUTES - number * 7 % MINUTES)
        used = (SERVICES_USED[(number + each * each) % len(SERVICES_USED)] for each in range(USAGES_OF_A_RUN))
        start = tenant.run(
            NAMES[number % len(NAMES)],
            user_id=f"user-{number % USERS}",
            started_at=started_at,
            idempotency_key=_key(number),
        )
        usages = tuple(replace(usage, used_at=started_at) for usage in used)
        return RecordWorkflow(start, WorkflowStatus.COMPLETED, started_at + timedelta(minutes=5), usages)


def _key(number: int) -> str:
    return f"history-{number}"
