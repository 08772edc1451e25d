"""A process of its own that adds usages: `python -m tests.metering.adding_process URL ACCOUNT KEY WORKFLOW FIRST LAST`.

Writes how many were recorded and how many were replayed.
"""

import asyncio
import sys
from uuid import UUID

from tests.databases.opened import opened
from tests.tenant import Tenant, given


async def add(
    url: str, account_id: UUID, api_key_id: UUID, workflow_id: UUID, numbers: range
) -> tuple[int, int]:
    async with opened(url) as database:
        tenant = Tenant(database, account_id, api_key_id, "")
        answers = await asyncio.gather(*(add_one(tenant, workflow_id, number) for number in numbers))
    return answers.count(False), answers.count(True)


async def add_one(tenant: Tenant, workflow_id: UUID, number: int) -> bool:
    """Add the usage that has the number; tell whether it was there already."""
    text = f"GPT gpt-4o-mini {number * 1000} TOKENS"  # costs as many credits as its number says
    [answer] = await tenant.add_all(tenant.usage(workflow_id, text, idempotency_key=f"usage-{number}"))
    replayed: bool = given(answer).replayed
    return replayed


if __name__ == "__main__":
    url, *ids, first, last = sys.argv[1:]
    account_id, api_key_id, workflow_id = map(UUID, ids)
    numbers = range(int(first), int(last))
    sys.stdout.write("{} {}".format(*asyncio.run(add(url, account_id, api_key_id, workflow_id, numbers))))
