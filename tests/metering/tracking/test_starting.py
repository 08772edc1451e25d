"""Starting runs: what they remember, who may start them, and what is refused."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from metering.agents import archive_agent, create_agent
from metering.api_keys import revoke_api_key
from metering.errors import (
    AccountNotFound,
    AgentNotFound,
    ApiKeyNotFound,
    OverdraftLimitReached,
    TimeOutOfRange,
    WorkflowNotFound,
)
from metering.tracking import StartWorkflow, start_workflows
from models.agent import Agent
from models.database import Database
from models.identity import new_id
from models.workflow import WorkflowStatus
from models.writer import Command, SetCommand
from tests.clock import NOON
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, new_tenant


async def an_agent(tenant: Tenant) -> Agent:
    verb = partial(
        create_agent,
        account_id=tenant.account_id,
        name="Helper",
        business_adapter="emergencyservices",
        preset=None,
        custom_settings={},
    )
    return await tenant.database.write(Command(tenant.account_id, verb))


async def test_a_run_remembers_what_it_was_started_with(tenant: Tenant) -> None:
    agent = await an_agent(tenant)
    parent = await tenant.start("campaign")
    started = await tenant.start(
        "phone_ai_call",
        agent_id=agent.id,
        user_id="user-1",
        parent_workflow_id=parent.id,
        started_at=NOON - timedelta(minutes=3),
        metadata={"call": {"line": 7}},
    )
    run = await tenant.workflow(started.id)
    assert (run.workflow_name, run.status, run.user_id) == ("phone_ai_call", WorkflowStatus.RUNNING, "user-1")
    assert (run.agent_id, run.business_adapter) == (agent.id, "emergencyservices")
    assert (run.api_key_id, run.parent_workflow_id) == (tenant.api_key_id, parent.id)
    assert (run.started_at, run.recorded_at) == (NOON - timedelta(minutes=3), NOON)
    assert (run.ended_at, run.duration_micros) == (None, None)
    assert (str(run.total_credits), run.usage_count) == ("0", 0)
    assert run.run_metadata == {"call": {"line": 7}}


async def test_a_named_adapter_goes_before_the_agents(tenant: Tenant) -> None:
    agent = await an_agent(tenant)
    run = await tenant.start(agent_id=agent.id, business_adapter="languagelearning")
    assert run.business_adapter == "languagelearning"


async def test_a_run_can_be_attributed_to_another_key(tenant: Tenant) -> None:
    other = await tenant.with_another_key()
    run = await tenant.start(attributed_key_id=other.api_key_id)
    assert (await tenant.workflow(run.id)).api_key_id == other.api_key_id


@pytest.mark.parametrize("by", [timedelta(0), -timedelta(days=35), timedelta(minutes=5)])
async def test_the_window_includes_its_edges(tenant: Tenant, by: timedelta) -> None:
    assert (await tenant.start(started_at=NOON + by)).started_at == NOON + by


@pytest.mark.parametrize("by", [-timedelta(days=35, microseconds=1), timedelta(minutes=5, microseconds=1)])
async def test_outside_the_window_nothing_starts(
    tenant: Tenant, nothing_written: NothingWritten, by: timedelta
) -> None:
    async with nothing_written():
        with pytest.raises(TimeOutOfRange) as raised:
            await tenant.start(started_at=NOON + by)
    refusal = raised.value
    assert (refusal.code, refusal.field) == ("TIME_OUT_OF_RANGE", "startedAt")
    assert (refusal.earliest, refusal.latest) == (NOON - timedelta(days=35), NOON + timedelta(minutes=5))


async def test_strangers_are_not_found(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(database, "Stranger")
    agent, run = await an_agent(stranger), await stranger.start()
    async with nothing_written():
        for fields, refusal in (
            ({"agent_id": agent.id}, AgentNotFound),
            ({"agent_id": new_id()}, AgentNotFound),
            ({"attributed_key_id": stranger.api_key_id}, ApiKeyNotFound),
            ({"attributed_key_id": new_id()}, ApiKeyNotFound),
            ({"parent_workflow_id": run.id}, WorkflowNotFound),
            ({"parent_workflow_id": new_id()}, WorkflowNotFound),
        ):
            with pytest.raises(refusal):
                await tenant.start(**fields)


async def test_archived_agents_and_revoked_keys_are_not_found(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    agent, other = await an_agent(tenant), await tenant.with_another_key()
    archive = partial(archive_agent, account_id=tenant.account_id, agent_id=agent.id)
    revoke = partial(revoke_api_key, account_id=tenant.account_id, api_key_id=other.api_key_id)
    await tenant.database.write(Command(tenant.account_id, archive))
    await tenant.database.write(Command(tenant.account_id, revoke))
    async with nothing_written():
        with pytest.raises(AgentNotFound):
            await tenant.start(agent_id=agent.id)
        with pytest.raises(ApiKeyNotFound):
            await tenant.start(attributed_key_id=other.api_key_id)


async def test_a_refused_run_does_not_hold_up_the_others(tenant: Tenant) -> None:
    answers = await tenant.start_all(
        tenant.run("one"), tenant.run("two", agent_id=new_id()), tenant.run("three")
    )
    assert [type(answer).__name__ for answer in answers] == [
        "WorkflowStart",
        "AgentNotFound",
        "WorkflowStart",
    ]
    assert (await tenant.workflow(answers[2].workflow.id)).workflow_name == "three"


async def test_a_prepaid_account_with_nothing_left_starts_nothing(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    async with nothing_written():
        with pytest.raises(OverdraftLimitReached) as raised:
            await prepaid.start()
    assert (raised.value.code, str(raised.value.available)) == ("CREDITS_EXHAUSTED", "0")
    assert (
        raised.value.message == "The account has 0 credits left, credit line included: no workflow can start."
    )
    await prepaid.grant("0.000001")
    assert (await prepaid.start()).status is WorkflowStatus.RUNNING


async def test_an_account_that_does_not_exist_is_not_found(
    database: Database, tenant: Tenant, nothing_written: NothingWritten
) -> None:
    nobody: UUID = new_id()
    item = StartWorkflow(nobody, tenant.api_key_id, "phone_ai_call", "k")
    async with nothing_written():
        with pytest.raises(AccountNotFound):
            await database.write(SetCommand(nobody, start_workflows, (item,)))
