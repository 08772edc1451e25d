"""What a child borrowed counts for its lender again when it comes back, however it comes back."""

from datetime import timedelta

from tests.budgets import figures, limit
from tests.clock import SettableClock
from tests.tenant import Tenant


async def test_a_childs_hold_that_expires_counts_for_its_parent_again(
    tenant: Tenant, clock: SettableClock
) -> None:
    budget = await limit(tenant, "WORKFLOW_NAME", "LIFETIME", "10")
    parent = await tenant.start("parent")
    child = await tenant.start("child", parent_workflow_id=parent.id)
    lender = await tenant.hold(parent, "10")
    await tenant.hold(child, "4", expires_in=timedelta(seconds=60))
    clock.forward(seconds=60)
    await tenant.start("bystander")
    used = await figures(tenant, budget)
    assert {subject.partition("@")[0]: held for subject, (_, held, _) in used.items()} == {"parent": "10"}
    assert str((await tenant.hold_now(lender)).remaining) == "10"
