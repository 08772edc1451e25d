"""Two holds take one quote at once, each in a process of its own: exactly one gets it."""

import asyncio

from sqlalchemy import select

from metering.credits import HoldCredits, HoldPlan
from models.quote import StoredQuote
from models.workflow import Workflow
from tests.metering.races.arena import Arena
from tests.quotes import plan_of, promised
from tests.tenant import Tenant, given, next_key


async def test_taking_and_taking(rich: Arena) -> None:
    """Ten credits a race are set aside once, and the quote names the hold that has them."""
    runs = await rich.start()
    quotes = await asyncio.gather(*(quoted(rich.owner(number)) for number in range(rich.size)))

    async def take(tenant: Tenant, number: int) -> object:
        return await taken(tenant, runs[number], quotes[number])

    heard = await rich.run(take, take)
    assert set(heard) == {("CreditsHold", "QuoteTaken"), ("QuoteTaken", "CreditsHold")}
    async with rich.databases[0].read() as session:
        rows = (await session.scalars(select(StoredQuote))).all()
    assert {row.workflow_id for row in rows} == {run.id for run in runs}
    assert len({row.hold_id for row in rows}) == rich.size
    held = [str((await tenant.account()).held) for tenant in rich.tenants]
    assert set(held) == {str(10 * rich.size // len(rich.tenants))}


async def quoted(tenant: Tenant) -> StoredQuote:
    """Store a quote of ten credits."""
    return (await promised(tenant, plan_of(tenant, "GPT gpt-4o-mini 10000 TOKENS"))).quote


async def taken(tenant: Tenant, run: Workflow, quote: StoredQuote) -> object:
    """Hold what a quote promises."""
    item = HoldCredits(tenant.account_id, run.id, HoldPlan(quote_id=quote.id), next_key())
    [answer] = await tenant.hold_all(item)
    return given(answer)
