"""Accounts with much to nest, and answers as they were written."""

import json
from datetime import UTC, datetime
from typing import Any

from models.workflow import WorkflowStatus
from tests.databases.statements import statements
from tests.door import Door
from tests.graph.agents import new_agent
from tests.tenant import Tenant

NAMES = ("plain", 'q"u\\o/te', "ünï€ 😀 \u2028", "tab\tand\x7f")


async def fill(tenant: Tenant) -> None:
    """Agents with names that are hard to write; runs and usages with and without each of their values."""
    for name in NAMES:
        agent = await new_agent(tenant, name)
        for number in range(3):
            run = await tenant.start(
                ("phone_ai_call", "voice_chat")[number % 2],
                agent_id=agent.id,
                user_id=(None, 'u"1', "ü")[number],
                business_adapter=(None, "emergencyservices", None)[number],
                started_at=(
                    None,
                    datetime(2026, 2, 2, 3, 4, 5, 60_000, UTC),
                    datetime(2026, 2, 28, tzinfo=UTC),
                )[number],
            )
            texts = (
                "PHONE twilio 2.5 MINUTES",
                "GPT gpt-4o-mini 1 TOKENS",
                "GPT gpt-4o-mini 3000 INPUT_TOKENS",
            )
            usages = await tenant.add(run, *texts[: number + 1])
            if number:
                await tenant.end(run, (WorkflowStatus.COMPLETED, WorkflowStatus.FAILED)[number % 2])
                await tenant.add(run, "PHONE twilio 0.000001 MINUTES")
            if number == 2:
                await tenant.void(usages[0], 'why "not"')


async def answer(ask: Door, tenant: Tenant, query: str, **variables: Any) -> bytes:
    """Ask, and give the data as it was written."""
    content = json.dumps({"query": query, "variables": variables}).encode()
    response = await ask.post(tenant.secret, content, **{"content-type": "application/json"})
    data, _, _ = response.content.partition(b',"extensions":')
    assert data.startswith(b'{"data":{"viewer"'), response.content
    return data.removeprefix(b'{"data":')


async def counted(ask: Door, tenant: Tenant, query: str, **variables: Any) -> int:
    """Ask, and count the statements."""
    with statements(tenant.database) as sent:
        await answer(ask, tenant, query, **variables)
    return len([text for text in sent if text.startswith("SELECT")])
