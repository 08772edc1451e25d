"""What happens in one account is not heard in another, whatever it is called there."""

import asyncio
import json

from models.workflow import Workflow
from tests.graph.subscriptions.test_scopes import STREAMS
from tests.streams import BALANCE, USAGES, WORKFLOW, Listener, Served
from tests.tenant import Tenant, new_tenant

PHONE = "PHONE twilio 1 MINUTES"
LISTENED = {"serviceUsageAdded": USAGES, "balanceChanged": BALANCE, "workflowChanged": WORKFLOW}


async def test_another_account_is_not_heard(live: Served, ear: Listener, tenant: Tenant) -> None:
    """A stream of each kind hears its account's first usage next, though the other account used ten before."""
    assert {name for _, name, _ in STREAMS} == set(LISTENED)
    other = await new_tenant(live.database, "Other")
    mine, theirs = await tenant.start("same", user_id="ann"), await other.start("same", user_id="ann")
    names = {field: await ear.subscribe(query, **variables(field, mine)) for field, query in LISTENED.items()}
    for field, name in names.items():
        assert (await ear.event(name))["sequence"] == 0, field
    used = [await other.add(theirs, PHONE) for _ in range(10)]
    await other.end(theirs)
    await asyncio.sleep(0.5)
    [usage] = await tenant.add(mine, "PHONE twilio 2 MINUTES")
    heard = {field: await ear.event(name) for field, name in names.items()}
    assert heard["serviceUsageAdded"]["serviceUsage"]["id"] == f"usage_{usage.id.hex}"
    assert heard["balanceChanged"]["spent"] == "40"
    assert heard["workflowChanged"]["workflow"]["totalCreditsUsed"] == "40"
    told = json.dumps([heard, *(ear.kept(name) for name in names.values())])
    for [each] in used:
        assert each.id.hex not in told
    assert theirs.id.hex not in told


def variables(field: str, run: Workflow) -> dict[str, str]:
    """Give what a stream is asked with."""
    return {"workflow": f"workflow_{run.id.hex}"} if field == "workflowChanged" else {}
