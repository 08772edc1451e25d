"""Agents: created, changed and archived within their account."""

from functools import partial
from typing import Any

import pytest

from metering.agents import archive_agent, create_agent, service_configuration_of, update_agent
from metering.errors import AccountNotFound, AgentNotFound, InvalidAgent
from models.agent import Agent
from models.database import Database
from models.identity import new_id
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, new_tenant

OWN_MODEL = {"service_configuration": {"primary_ai_model": "gpt-4o-mini"}, "location": "Graz"}


async def create(tenant: Tenant, **fields: Any) -> Agent:
    given = {
        "name": "Helper",
        "business_adapter": "emergencyservices",
        "preset": None,
        "custom_settings": OWN_MODEL,
        "account_id": tenant.account_id,
        **fields,
    }
    return await tenant.database.write(Command(given["account_id"], partial(create_agent, **given)))


async def update(tenant: Tenant, agent: Agent, **fields: Any) -> Agent:
    given = {"name": None, "custom_settings": None, **fields}
    verb = partial(update_agent, account_id=tenant.account_id, agent_id=agent.id, **given)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def archive(tenant: Tenant, agent: Agent) -> Agent:
    verb = partial(archive_agent, account_id=tenant.account_id, agent_id=agent.id)
    return await tenant.database.write(Command(tenant.account_id, verb))


async def stored(tenant: Tenant, agent: Agent) -> Agent:
    async with tenant.database.read() as session:
        return await session.get_one(Agent, (tenant.account_id, agent.id))


async def test_an_agent_is_kept_with_its_settings(tenant: Tenant) -> None:
    agent = await stored(tenant, await create(tenant))
    assert (agent.name, agent.business_adapter, agent.preset) == ("Helper", "emergencyservices", None)
    assert agent.custom_settings == OWN_MODEL
    assert (agent.created_at, agent.updated_at, agent.archived_at) == (NOON, NOON, None)
    configuration = service_configuration_of(agent)
    assert (configuration.primary_ai_model, configuration.stt_provider) == ("gpt-4o-mini", "openai-whisper")


async def test_without_a_name_it_is_called_after_its_adapter(tenant: Tenant) -> None:
    assert (await create(tenant, name=None)).name == "emergencyservices"


async def test_a_preset_decides_what_the_agent_does_not(tenant: Tenant) -> None:
    agent = await stored(tenant, await create(tenant, preset="balanced", custom_settings={}))
    assert agent.preset == "balanced"
    assert service_configuration_of(agent).tts_provider == "cartesia"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"business_adapter": "unheard-of"}, "businessAdapter"),
        ({"preset": "unheard-of"}, "preset"),
    ],
)
async def test_what_does_not_hold_together_is_refused(
    tenant: Tenant, nothing_written: NothingWritten, fields: dict[str, Any], field: str
) -> None:
    async with nothing_written():
        with pytest.raises(InvalidAgent) as raised:
            await create(tenant, **fields)
    assert (raised.value.code, raised.value.field) == ("INVALID_AGENT", field)


BROKEN = {"service_configuration": {"voice_enabled": "perhaps"}}


async def test_settings_that_no_adapter_understands_are_refused(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    agent = await create(tenant)
    async with nothing_written():
        with pytest.raises(InvalidAgent) as created:
            await create(tenant, custom_settings=BROKEN)
        with pytest.raises(InvalidAgent) as updated:
            await update(tenant, agent, custom_settings=BROKEN)
    assert "voice_enabled" in created.value.field
    assert updated.value.field == created.value.field
    assert (await stored(tenant, agent)).custom_settings == OWN_MODEL


async def test_what_is_not_named_stays(tenant: Tenant, clock: SettableClock) -> None:
    agent = await create(tenant)
    now = clock.forward(minutes=1)
    await update(tenant, agent, name="Renamed")
    changed = await stored(tenant, agent)
    assert (changed.name, changed.custom_settings, changed.updated_at) == ("Renamed", OWN_MODEL, now)
    await update(tenant, agent, custom_settings={})
    changed = await stored(tenant, agent)
    assert (changed.name, changed.custom_settings, changed.created_at) == ("Renamed", {}, NOON)


async def test_an_archived_agent_stays_and_does_not_change(tenant: Tenant, clock: SettableClock) -> None:
    agent = await create(tenant)
    assert (await archive(tenant, agent)).archived_at == NOON
    clock.forward(minutes=1)
    assert (await archive(tenant, agent)).archived_at == NOON
    with pytest.raises(AgentNotFound):
        await update(tenant, agent, name="Renamed")
    assert (await stored(tenant, agent)).name == "Helper"


async def test_another_accounts_agent_is_not_found(tenant: Tenant, database: Database) -> None:
    theirs = await create(await new_tenant(database, "Stranger"))
    for verb in (partial(update, name="Mine"), archive):
        with pytest.raises(AgentNotFound):
            await verb(tenant, theirs)


async def test_an_agent_needs_an_account(tenant: Tenant, nothing_written: NothingWritten) -> None:
    async with nothing_written():
        with pytest.raises(AccountNotFound):
            await create(tenant, account_id=new_id())
