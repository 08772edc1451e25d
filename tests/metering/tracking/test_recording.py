"""Recording whole runs: all of a run, or nothing of it."""

from datetime import timedelta
from typing import Any

import pytest

from metering.errors import AgentNotFound, AmountTooLarge, RateUnknown, Refusal, TimeOutOfRange
from metering.tracking import PastUsage, RecordWorkflow
from models.identity import new_id
from models.workflow import WorkflowStatus
from tests.clock import NOON
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, given, metered

CALL = metered("PHONE twilio 5 MINUTES")
CHAT = metered("GPT gpt-4o-mini 3000 TOKENS")
AN_HOUR_AGO = NOON - timedelta(hours=1)


def whole(tenant: Tenant, *usages: PastUsage, ended_at: Any = None, **fields: Any) -> RecordWorkflow:
    status = fields.pop("status", WorkflowStatus.COMPLETED)
    return RecordWorkflow(tenant.run(**fields), status, ended_at, usages)


async def test_a_run_of_the_past_is_recorded_with_its_times(tenant: Tenant) -> None:
    item = whole(tenant, CALL, CHAT, started_at=AN_HOUR_AGO, ended_at=NOON, status=WorkflowStatus.FAILED)
    recorded = given((await tenant.record(item))[0]).workflow
    run = await tenant.workflow(recorded.id)
    assert (run.status, run.started_at, run.ended_at) == (WorkflowStatus.FAILED, AN_HOUR_AGO, NOON)
    assert (run.duration_micros, str(run.total_credits), run.usage_count) == (3_600_000_000, "103", 2)


async def test_a_run_may_be_recorded_while_it_still_runs(tenant: Tenant) -> None:
    recorded = given((await tenant.record(whole(tenant, CALL, status=WorkflowStatus.RUNNING)))[0]).workflow
    await tenant.add(recorded, "GPT gpt-4o-mini 3000 TOKENS")
    ended = await tenant.end(recorded)
    assert (str(ended.total_credits), ended.usage_count) == ("103", 2)


async def test_a_run_without_usages_costs_nothing(tenant: Tenant) -> None:
    recorded = given((await tenant.record(whole(tenant)))[0]).workflow
    assert (str(recorded.total_credits), recorded.usage_count, recorded.duration_micros) == ("0", 0, 0)


@pytest.mark.parametrize(
    ("usages", "fields", "refusal"),
    [
        ((CALL, metered("PHONE vonage 1 MINUTES")), {}, RateUnknown),
        ((CALL,), {"agent_id": new_id()}, AgentNotFound),
        ((CALL,), {"started_at": NOON, "ended_at": NOON - timedelta(microseconds=1)}, TimeOutOfRange),
        ((CALL,), {"ended_at": NOON + timedelta(minutes=5, microseconds=1)}, TimeOutOfRange),
        ((CALL,), {"started_at": NOON - timedelta(days=36)}, TimeOutOfRange),
        ((CALL, metered("PHONE twilio 1 MINUTES", NOON - timedelta(days=36))), {}, TimeOutOfRange),
        ((metered("PHONE twilio 30000000000 MINUTES"),) * 2, {}, AmountTooLarge),
    ],
)
async def test_nothing_of_a_refused_run_is_recorded(
    tenant: Tenant,
    nothing_written: NothingWritten,
    usages: tuple[PastUsage, ...],
    fields: dict[str, Any],
    refusal: type[Refusal],
) -> None:
    async with nothing_written():
        [answer] = await tenant.record(whole(tenant, *usages, **fields))
    assert isinstance(answer, refusal)
    assert str((await tenant.account()).spent) == "0"


async def test_a_refused_run_does_not_hold_up_the_others(tenant: Tenant) -> None:
    items = [whole(tenant, CALL), whole(tenant, metered("PHONE vonage 1 MINUTES")), whole(tenant, CHAT)]
    answers = await tenant.record(*items)
    assert [isinstance(answer, Refusal) for answer in answers] == [False, True, False]
    assert str((await tenant.account()).spent) == "103"


async def test_facts_need_no_cover(prepaid: Tenant) -> None:
    """A prepaid account with nothing left starts nothing, but what has happened is recorded."""
    given((await prepaid.record(whole(prepaid, CALL)))[0])
    account = await prepaid.account()
    assert (str(account.spent), str(account.overdraft)) == ("100", "100")


async def test_the_same_run_twice_in_one_call_is_recorded_once(tenant: Tenant) -> None:
    item = whole(tenant, CALL, CHAT)
    first, second = [given(answer) for answer in await tenant.record(item, item)]
    assert (first.replayed, second.replayed) == (False, True)
    assert first.workflow.id == second.workflow.id
    assert str((await tenant.account()).spent) == "103"
