"""Agents: created, changed and archived within their account."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from metering.agents import archive_agent, create_agent, service_configuration_of, update_agent
from metering.errors import AccountNotFound, AgentNotFound, InvalidAgent
from metering.tracking import RecordWorkflow
from models.agent import Agent, AgentVersion
from models.database import Database
from models.identity import new_id
from models.workflow import WorkflowStatus
from models.writer import Command
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, given, new_tenant

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


async def versions(tenant: Tenant, agent: Agent) -> Sequence[AgentVersion]:
    statement = select(AgentVersion).where(
        AgentVersion.account_id == tenant.account_id, AgentVersion.agent_id == agent.id
    )
    async with tenant.database.read() as session:
        return (await session.scalars(statement.order_by(AgentVersion.version))).all()


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


async def test_each_change_is_a_version_and_runs_keep_theirs(tenant: Tenant, clock: SettableClock) -> None:
    agent = await create(tenant)
    first = await tenant.start(agent_id=agent.id)
    later = clock.forward(minutes=1)
    assert (await update(tenant, agent, name="Renamed")).version == 2
    second = await tenant.start(agent_id=agent.id)
    [recorded] = await tenant.record(
        RecordWorkflow(tenant.run(agent_id=agent.id), WorkflowStatus.COMPLETED, None, ())
    )
    other = await tenant.start()
    found = [(await tenant.workflow(run.id)).agent_version for run in (first, second, other)]
    assert (found, given(recorded).workflow.agent_version) == ([1, 2, None], 2)
    kept = await versions(tenant, agent)
    assert [(it.version, it.name, it.created_at) for it in kept] == [
        (1, "Helper", NOON),
        (2, "Renamed", later),
    ]
    for it in kept:
        assert (it.custom_settings, it.business_adapter, it.preset) == (OWN_MODEL, "emergencyservices", None)
        assert it.configuration == service_configuration_of(agent).to_mapping()


async def test_an_update_that_changes_nothing_makes_no_version(
    tenant: Tenant, clock: SettableClock, nothing_written: NothingWritten
) -> None:
    agent = await create(tenant)
    same = {"location": "Graz", "service_configuration": {"primary_ai_model": "gpt-4o-mini"}}
    clock.forward(minutes=1)
    async with nothing_written():
        await update(tenant, agent, name="Helper", custom_settings=same)
        await update(tenant, agent)
    unchanged = await stored(tenant, agent)
    assert (unchanged.version, unchanged.updated_at) == (1, NOON)


async def test_archiving_makes_no_version(tenant: Tenant) -> None:
    agent = await create(tenant)
    assert (await archive(tenant, agent)).version == 1
    assert [it.version for it in await versions(tenant, agent)] == [1]


async def test_updates_at_once_make_a_version_each(tenant: Tenant) -> None:
    agent = await create(tenant)
    await asyncio.gather(*(update(tenant, agent, name=f"name {number}") for number in range(8)))
    kept = await versions(tenant, agent)
    assert [it.version for it in kept] == list(range(1, 10))
    assert {it.name for it in kept[1:]} == {f"name {number}" for number in range(8)}
    assert (await stored(tenant, agent)).name == kept[-1].name


async def test_an_agent_whose_adapter_has_gone_can_be_renamed(tenant: Tenant) -> None:
    agent = await create(tenant)

    def uninstall(session: Session, *, now: datetime) -> None:  # noqa: ARG001 - a verb
        session.execute(sql_update(Agent).where(Agent.id == agent.id).values(business_adapter="gone"))

    await tenant.database.write(Command(tenant.account_id, uninstall))
    assert (await update(tenant, agent, name="Renamed")).version == 2
    assert [it.configuration is None for it in await versions(tenant, agent)] == [False, True]


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
