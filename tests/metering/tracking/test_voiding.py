"""Voiding a usage: the fact stays, the credits go back to where they came from."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from metering.errors import ServiceUsageAlreadyVoided, ServiceUsageNotFound
from models.database import Database
from models.ledger import Book, LedgerTransfer
from models.service_usage import ServiceUsage
from tests.clock import NOON, SettableClock
from tests.metering.conftest import Counts, NothingWritten
from tests.tenant import Tenant, new_tenant

CALL = "PHONE twilio 5 MINUTES"


async def movements(tenant: Tenant, usage: ServiceUsage) -> list[tuple[Book, Book, str]]:
    statement = (
        select(LedgerTransfer).where(LedgerTransfer.service_usage_id == usage.id).order_by(LedgerTransfer.id)
    )
    async with tenant.database.read() as session:
        return [
            (row.debit_book, row.credit_book, str(row.amount)) for row in await session.scalars(statement)
        ]


async def test_a_voided_usage_stays_and_counts_no_more(
    tenant: Tenant, clock: SettableClock, counts: Callable[[], Awaitable[Counts]]
) -> None:
    workflow = await tenant.start()
    usage, kept = await tenant.add(workflow, CALL, "GPT gpt-4o-mini 3000 TOKENS")
    now = clock.forward(minutes=1)
    voiding = await tenant.void(usage, "the line was dead")
    assert (str(voiding.refunded), voiding.usage.voided_at, voiding.usage.void_reason) == (
        "100",
        now,
        "the line was dead",
    )
    run = await tenant.workflow(workflow.id)
    assert (str(run.total_credits), run.usage_count) == (str(kept.credits), 1) == ("3", 1)
    account = await tenant.account()
    assert (str(account.spent), str(account.overdraft)) == ("3", "3")
    assert (await counts())["service_usage"] == 2


async def test_each_payer_gets_its_part_back(tenant: Tenant) -> None:
    first, second = await tenant.grant("30", priority=1), await tenant.grant("20", priority=2)
    [usage] = await tenant.add(await tenant.start(), CALL)
    assert [await tenant.remaining(each) for each in (first, second)] == ["0", "0"]
    await tenant.void(usage)
    assert [await tenant.remaining(each) for each in (first, second)] == ["30", "20"]
    account = await tenant.account()
    assert [str(account.spent), str(account.overdraft), str(account.granted)] == ["0", "0", "50"]
    assert await movements(tenant, usage) == [
        (Book.GRANT, Book.SPENT, "30"),
        (Book.GRANT, Book.SPENT, "20"),
        (Book.OVERDRAFT, Book.SPENT, "50"),
        (Book.SPENT, Book.GRANT, "30"),
        (Book.SPENT, Book.GRANT, "20"),
        (Book.SPENT, Book.OVERDRAFT, "50"),
    ]


async def test_what_a_grant_paid_that_has_expired_since_falls_into_expired(
    tenant: Tenant, clock: SettableClock
) -> None:
    grant = await tenant.grant("150", expires_at=NOON + timedelta(hours=1))
    [usage] = await tenant.add(await tenant.start(), CALL)
    clock.forward(hours=2)
    await tenant.void(usage)
    account = await tenant.account()
    assert [str(account.spent), str(account.expired), str(account.granted)] == ["0", "150", "150"]
    assert await tenant.remaining(grant) == "0"
    assert (await movements(tenant, usage))[-1] == (Book.SPENT, Book.EXPIRED, "100")


async def test_refunded_credits_can_be_spent_again(prepaid: Tenant) -> None:
    grant = await prepaid.grant("100")
    workflow = await prepaid.start()
    [usage] = await prepaid.add(workflow, CALL)
    await prepaid.void(usage)
    await prepaid.add(workflow, CALL)
    assert await prepaid.remaining(grant) == "0"
    assert str((await prepaid.account()).overdraft) == "0"


async def test_a_late_usage_can_be_voided(tenant: Tenant) -> None:
    workflow = await tenant.start()
    await tenant.end(workflow)
    [usage] = await tenant.add(workflow, CALL)
    await tenant.void(usage)
    assert str((await tenant.workflow(workflow.id)).total_credits) == "0"


async def test_voiding_twice_under_another_key_is_refused(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    [usage] = await tenant.add(await tenant.start(), CALL)
    await tenant.void(usage)
    async with nothing_written():
        with pytest.raises(ServiceUsageAlreadyVoided) as raised:
            await tenant.void(usage)
    assert raised.value.voided_at == NOON


async def test_another_accounts_usage_is_not_found(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(database, "Stranger")
    [usage] = await stranger.add(await stranger.start(), CALL)
    async with nothing_written():
        with pytest.raises(ServiceUsageNotFound):
            await tenant.void(usage)
    assert str((await stranger.account()).spent) == "100"
