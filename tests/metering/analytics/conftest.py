"""A random history over clock changes, and the same history as plain rows."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models.database import Database
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.clock import SettableClock
from tests.graph.agents import new_agent
from tests.tenant import Tenant, given, new_tenant

BEGINNING = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""Clocks go forward in New York on 8 March and in Vienna on 29 March 2026."""
DAYS = 40
SERVICES = (
    "PHONE twilio 1.5 MINUTES",
    "GPT gpt-4o 1234 TOKENS",
    "GPT gpt-4o 700 INPUT_TOKENS",
    "GPT gpt-4o-mini 0.000001 TOKENS",
    "VISION gpt-4o 2 IMAGES",
)


@dataclass(frozen=True, slots=True)
class History:
    """What is recorded, row by row: usages that count with their runs, and runs."""

    tenant: Tenant
    usages: list[tuple[ServiceUsage, Workflow]]
    runs: list[Workflow]


@pytest.fixture
async def history(database: Database, clock: SettableClock) -> History:
    """Runs of some weeks: late usages, voided ones, runs that go on, that end late, and of agents or none."""
    chance = random.Random(20260329)
    clock.now = BEGINNING
    tenant, stranger = await new_tenant(database), await new_tenant(database, name="Stranger")
    agents = [(await new_agent(tenant, f"agent {number}")).id for number in range(2)]
    keys = [tenant.api_key_id, (await tenant.with_another_key()).api_key_id]
    open_runs: list[Workflow] = []
    for _ in range(DAYS):
        clock.forward(hours=chance.randrange(20, 28), minutes=chance.randrange(60))
        items = [
            tenant.run(
                chance.choice(["voice_chat", "café"]),
                agent_id=chance.choice([*agents, None]),
                user_id=chance.choice(["ann", "bob", "zoë", None]),
                attributed_key_id=chance.choice(keys),
                started_at=clock.now - timedelta(seconds=chance.randrange(86_400)),
            )
            for _ in range(3)
        ]
        open_runs += [given(answer).workflow for answer in await tenant.start_all(*items)]
        await _use(chance, tenant, open_runs, clock.now)
        await stranger.add(await stranger.start(), SERVICES[0])
        for run in chance.sample(open_runs, min(2, len(open_runs))):
            await tenant.end(run)
            open_runs.remove(run)
    clock.forward(hours=1)
    return await _recorded(tenant)


async def _use(chance: random.Random, tenant: Tenant, runs: list[Workflow], now: datetime) -> None:
    items = [
        tenant.usage(
            chance.choice(runs).id,
            chance.choice(SERVICES),
            # Mostly of the last day, sometimes weeks late, and now and then on the full hour or at midnight.
            used_at=min(
                now,
                _rounded(
                    chance, now - timedelta(seconds=chance.randrange(chance.choice([86_400, 34 * 86_400])))
                ),
            ),
        )
        for _ in range(12)
    ]
    answers = await tenant.add_all(*items)
    for answer in chance.sample(answers, 2):
        await tenant.void(given(answer).usage)


def _rounded(chance: random.Random, at: datetime) -> datetime:
    at = at.replace(microsecond=chance.choice([0, 1, 999_999]))
    return chance.choice(
        [at, at, at.replace(minute=0, second=0, microsecond=0), at.replace(hour=22, minute=59)]
    )


async def _recorded(tenant: Tenant) -> History:
    of_run = (Workflow.account_id == ServiceUsage.account_id) & (Workflow.id == ServiceUsage.workflow_id)
    used = (
        select(ServiceUsage, Workflow)
        .join(Workflow, of_run)
        .where(ServiceUsage.account_id == tenant.account_id, ServiceUsage.voided_at.is_(None))
    )
    async with tenant.database.read() as session:
        usages = [(usage, run) for usage, run in await session.execute(used)]
        runs = list(await session.scalars(select(Workflow).where(Workflow.account_id == tenant.account_id)))
    return History(tenant, usages, runs)
