"""Books that are right until a test tampers with them; nobody verifies them afterwards."""

from collections.abc import AsyncIterator

import pytest

from models.database import Database
from models.identity import IdKind, format_id
from tests.clock import SettableClock
from tests.databases.opened import opened_with_prices
from tests.metering.auditing.tampering import CALL, CHAT, Store
from tests.tenant import Tenant, new_tenant


@pytest.fixture
async def books(database_url: str, clock: SettableClock) -> AsyncIterator[Store]:
    """Acme's first call is paid by a grant of 100, its chat of 3 by overdraft, its second call is void."""
    async with opened_with_prices(database_url, clock) as database:
        tenant = await new_tenant(database)
        grant = await tenant.grant("100")
        run = await tenant.start()
        call, chat, voided = await tenant.add(run, CALL, CHAT, CALL)
        await tenant.void(voided)
        names = {
            format_id(IdKind.GRANT, grant.id): "the grant",
            format_id(IdKind.WORKFLOW, run.id): "the run",
            format_id(IdKind.SERVICE_USAGE, call.id): "the call",
            format_id(IdKind.SERVICE_USAGE, chat.id): "the chat",
            format_id(IdKind.SERVICE_USAGE, voided.id): "the voided call",
            format_id(IdKind.API_KEY, tenant.api_key_id): "the key",
        }
        yield Store(tenant, await _bystander(database), names)


@pytest.fixture
async def held(database_url: str, clock: SettableClock) -> AsyncIterator[Store]:
    """Acme holds 120: 100 of a grant, 20 of its credit line; 30 of it are lent to a child run, which used 3."""
    async with opened_with_prices(database_url, clock) as database:
        tenant = await new_tenant(database, overdraft_limit="50")
        grant = await tenant.grant("100", expires_at=clock.now.replace(year=2027))
        run = await tenant.start()
        hold = await tenant.hold(run, "120")
        child = await tenant.start("step", parent_workflow_id=run.id)
        borrowed = await tenant.hold(child, "30")
        [chat] = await tenant.add(child, CHAT)
        bystander = await _bystander(database)
        names = {
            format_id(IdKind.GRANT, grant.id): "the grant",
            format_id(IdKind.WORKFLOW, run.id): "the run",
            format_id(IdKind.WORKFLOW, child.id): "the child run",
            format_id(IdKind.HOLD, hold.id): "the hold",
            format_id(IdKind.HOLD, borrowed.id): "the borrowed hold",
            format_id(IdKind.SERVICE_USAGE, chat.id): "the chat",
            format_id(IdKind.API_KEY, tenant.api_key_id): "the key",
            format_id(IdKind.API_KEY, bystander.api_key_id): "a stranger's key",
            format_id(IdKind.ACCOUNT, bystander.account_id): "a stranger",
        }
        yield Store(tenant, bystander, names)


async def _bystander(database: Database) -> Tenant:
    bystander = await new_tenant(database, "Bystander")
    await bystander.grant("7")
    await bystander.add(await bystander.start("stranger"), CALL)
    return bystander
