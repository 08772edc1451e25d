"""Shadow policies: one in force for an agent, checked like an agent's settings, its history kept."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from metering.agents import archive_agent
from metering.errors import AgentNotFound, InvalidShadowPolicy, ShadowPolicyNotFound
from models.agent import Agent
from models.selection import ShadowPolicy
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.graph.agents import new_agent
from tests.metering.conftest import NothingWritten
from tests.selecting import remove_shadow, set_shadow
from tests.tenant import Tenant, new_tenant


async def policies(tenant: Tenant, agent: Agent) -> Sequence[ShadowPolicy]:
    statement = select(ShadowPolicy).where(
        ShadowPolicy.account_id == tenant.account_id, ShadowPolicy.agent_id == agent.id
    )
    async with tenant.database.read() as session:
        return (await session.scalars(statement.order_by(ShadowPolicy.id))).all()


async def archived(tenant: Tenant, agent: Agent) -> Agent:
    verb = partial(archive_agent, account_id=tenant.account_id, agent_id=agent.id)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def test_one_policy_is_in_force_and_those_before_stay(tenant: Tenant, clock: SettableClock) -> None:
    agent = await new_agent(tenant)
    await set_shadow(tenant, agent, preset="cost_optimized")
    second = clock.forward(minutes=1)
    await set_shadow(tenant, agent, configuration={"primary_ai_model": "gpt-4o", "voice_enabled": False})
    third = clock.forward(minutes=1)
    assert (await remove_shadow(tenant, agent)).removed_at == third
    kept = await policies(tenant, agent)
    assert [(it.preset, it.set_at, it.removed_at) for it in kept] == [
        ("cost_optimized", NOON, second),
        (None, second, third),
    ]
    assert (kept[0].configuration["tts_provider"], kept[0].configuration["max_credits_per_request"]) == (
        "openai-tts",
        "50",
    )
    assert (kept[1].configuration["primary_ai_model"], kept[1].configuration["voice_enabled"]) == (
        "gpt-4o",
        False,
    )


async def test_setting_what_is_in_force_changes_nothing(
    tenant: Tenant, clock: SettableClock, nothing_written: NothingWritten
) -> None:
    agent = await new_agent(tenant)
    policy = await set_shadow(tenant, agent, preset="balanced")
    clock.forward(minutes=1)
    async with nothing_written():
        assert (await set_shadow(tenant, agent, preset="balanced")).id == policy.id
    assert [it.removed_at for it in await policies(tenant, agent)] == [None]


async def test_sets_at_once_leave_one_in_force(tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    models = ("gpt-4o", "gpt-4", "gpt-4o-mini", "claude-3-haiku")
    given = [{"primary_ai_model": model} for model in models]
    await asyncio.gather(*(set_shadow(tenant, agent, configuration=it) for it in given))
    kept = await policies(tenant, agent)
    assert {it.configuration["primary_ai_model"] for it in kept} == set(models)
    assert [it.removed_at is None for it in kept] == [False, False, False, True]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"preset": "balancd"}, "preset", "Did you mean 'balanced'?"),
        ({"configuration": {"stt_providr": "deepgram"}}, "configuration.stt_providr", "'stt_provider'"),
        ({"configuration": {"stt_provider": "deepgran"}}, "configuration.stt_provider", "'deepgram'"),
        (
            {"configuration": {"voice_enabled": False, "tts_provider": "cartesia"}},
            "configuration.tts_provider",
            "voice_enabled is false",
        ),
        (
            {"configuration": {"max_credits_per_request": "-1"}},
            "configuration.max_credits_per_request",
            "'-1'",
        ),
    ],
)
async def test_what_cannot_be_tried_is_refused_by_its_field(
    tenant: Tenant, nothing_written: NothingWritten, given: dict[str, Any], field: str, words: str
) -> None:
    agent = await new_agent(tenant)
    async with nothing_written():
        with pytest.raises(InvalidShadowPolicy) as raised:
            await set_shadow(tenant, agent, **given)
    assert (raised.value.code, raised.value.field) == ("INVALID_SHADOW_POLICY", field)
    assert words in raised.value.message


async def test_agents_of_others_and_archived_ones_are_not_found(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    theirs, gone = await new_agent(stranger), await new_agent(tenant)
    await set_shadow(stranger, theirs, preset="balanced")
    await archived(tenant, gone)
    async with nothing_written():
        for agent in (theirs, gone):
            with pytest.raises(AgentNotFound):
                await set_shadow(tenant, agent, preset="balanced")
        with pytest.raises(AgentNotFound):
            await remove_shadow(tenant, theirs)
    assert [it.removed_at for it in await policies(stranger, theirs)] == [None]


async def test_there_must_be_one_to_remove(tenant: Tenant) -> None:
    agent = await new_agent(tenant)
    with pytest.raises(ShadowPolicyNotFound):
        await remove_shadow(tenant, agent)
    await set_shadow(tenant, agent, preset="balanced")
    await archived(tenant, agent)
    await remove_shadow(tenant, agent)
    with pytest.raises(ShadowPolicyNotFound):
        await remove_shadow(tenant, agent)
