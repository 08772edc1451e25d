"""One run, followed: its state first, and again whenever that has changed."""

from uuid import uuid4

import pytest

from models.workflow import Workflow, WorkflowStatus
from tests.streams import WORKFLOW, Listener, Served, elsewhere
from tests.tenant import Tenant, new_tenant

PHONE = "PHONE twilio 1 MINUTES"


def state(run: Workflow, sequence: int, status: str, total: str, count: int) -> dict[str, object]:
    shown = {"id": f"workflow_{run.id.hex}", "status": status, "totalCreditsUsed": total, "usageCount": count}
    return {"sequence": sequence, "workflow": shown}


async def test_a_run_is_followed_from_its_state_to_its_end(ear: Listener, tenant: Tenant) -> None:
    run, other = await tenant.start(), await tenant.start()
    [first] = await tenant.add(run, PHONE)
    name = await ear.subscribe(WORKFLOW, workflow=f"workflow_{run.id.hex}")
    assert await ear.event(name) == state(run, 1, "RUNNING", "20", 1)
    await tenant.add(other, PHONE)  # which is nothing of this run
    await tenant.add(run, PHONE)
    assert await ear.event(name) == state(run, 3, "RUNNING", "40", 2)
    await tenant.end(run, WorkflowStatus.FAILED)
    assert await ear.event(name) == state(run, 3, "FAILED", "40", 2)
    await tenant.void(first)
    assert await ear.event(name) == state(run, 4, "FAILED", "20", 1)
    await tenant.add(run, PHONE)  # late
    assert await ear.event(name) == state(run, 5, "FAILED", "40", 2)


async def test_another_process_ends_it(ear: Listener, tenant: Tenant) -> None:
    """Ending moves no credits: the ledger alone would not show it."""
    run = await tenant.start()
    name = await ear.subscribe(WORKFLOW, workflow=f"workflow_{run.id.hex}")
    assert await ear.event(name) == state(run, 0, "RUNNING", "0", 0)
    async with elsewhere(tenant) as foreign:
        await foreign.end(run)
        assert await ear.event(name) == state(run, 0, "COMPLETED", "0", 0)


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
async def test_a_run_of_nobody_here_is_missing(live: Served, ear: Listener, whose: str) -> None:
    other = await new_tenant(live.database, "Other")
    run_id = (await other.start()).id if whose == "another's" else uuid4()
    message = await ear.message(await ear.subscribe(WORKFLOW, workflow=f"workflow_{run_id.hex}"))
    assert message["type"] == "error"
    [error] = message["payload"]
    assert error["message"] == "workflowId: the account has no such thing."
    assert error["extensions"] == {"code": "NOT_FOUND", "field": "workflowId"}


async def test_what_is_no_id_is_bad_input(ear: Listener) -> None:
    message = await ear.message(await ear.subscribe(WORKFLOW, workflow="agent_" + 32 * "0"))
    assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "workflowId"}
