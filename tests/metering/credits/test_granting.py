"""Grants and cover: prepaid, postpaid, credit lines, restricted and expiring grants, on the stored books."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from metering.credits import Restriction
from metering.errors import (
    AccountNotFound,
    AmountTooLarge,
    CreditsExhausted,
    OverdraftLimitReached,
    TimeOutOfRange,
)
from metering.tracking import IfUncovered
from models.database import Database
from models.ledger import Grant, RestrictionKind
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, new_tenant

CALL = "PHONE twilio 5 MINUTES"  # 100 credits
MINUTE = "PHONE twilio 1 MINUTES"  # 20 credits
REFUSE = IfUncovered.REFUSE


async def books(tenant: Tenant) -> dict[str, str]:
    account = await tenant.account()
    return {name: str(getattr(account, name)) for name in ("granted", "spent", "expired", "overdraft")}


async def test_a_grant_is_kept_with_its_terms(tenant: Tenant) -> None:
    grant = await tenant.grant(
        "12.5",
        priority=3,
        effective_at=NOON + timedelta(days=1),
        expires_at=NOON + timedelta(days=2),
        restricted_to=Restriction(RestrictionKind.WORKFLOW, "phone_ai_call"),
        reason="welcome",
    )
    async with tenant.database.read() as session:
        stored = await session.get_one(Grant, (tenant.account_id, grant.id))
    assert (str(stored.amount), str(stored.remaining), stored.priority) == ("12.5", "12.5", 3)
    assert (stored.effective_at, stored.expires_at) == (NOON + timedelta(days=1), NOON + timedelta(days=2))
    assert (stored.restriction_kind, stored.restriction_name) == (RestrictionKind.WORKFLOW, "phone_ai_call")
    assert (stored.reason, stored.created_at) == ("welcome", NOON)
    assert await books(tenant) == {"granted": "12.5", "spent": "0", "expired": "0", "overdraft": "0"}


async def test_a_grant_takes_effect_now_and_for_ever_by_default(tenant: Tenant) -> None:
    grant = await tenant.grant("5")
    assert (grant.priority, grant.effective_at, grant.expires_at) == (100, NOON, None)


@pytest.mark.parametrize(
    "times",
    [
        {"expires_at": NOON},
        {"expires_at": NOON - timedelta(days=1)},
        {"effective_at": NOON + timedelta(days=2), "expires_at": NOON + timedelta(days=2)},
        {"effective_at": NOON - timedelta(days=2), "expires_at": NOON - timedelta(days=1)},
    ],
)
async def test_a_grant_that_is_over_before_it_begins_is_refused(
    tenant: Tenant, nothing_written: NothingWritten, times: dict[str, datetime]
) -> None:
    async with nothing_written():
        with pytest.raises(TimeOutOfRange, match=r"^expiresAt is "):
            await tenant.grant("5", **times)
    assert (await books(tenant))["granted"] == "0"


async def test_more_than_twelve_digits_cannot_be_granted(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    await tenant.grant("999999999999.999998")
    async with nothing_written():
        with pytest.raises(AmountTooLarge):
            await tenant.grant("0.000002")
    await tenant.grant("0.000001")
    assert (await books(tenant))["granted"] == "999999999999.999999"


async def test_an_account_that_does_not_exist_is_given_nothing(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    nobody = Tenant(tenant.database, tenant.api_key_id, tenant.api_key_id, "")
    async with nothing_written():
        with pytest.raises(AccountNotFound):
            await nobody.grant("5")


async def test_a_postpaid_account_owes_what_no_grant_covers(tenant: Tenant) -> None:
    await tenant.grant("60")
    await tenant.add(await tenant.start(), CALL)
    assert await books(tenant) == {"granted": "60", "spent": "100", "expired": "0", "overdraft": "40"}


async def test_a_postpaid_account_is_always_covered(tenant: Tenant) -> None:
    [usage] = await tenant.add(await tenant.start(), CALL, if_uncovered=REFUSE)
    assert str(usage.credits) == "100"


async def test_a_fact_is_recorded_whatever_the_cover(prepaid: Tenant) -> None:
    await prepaid.grant("60")
    workflow = await prepaid.start()
    await prepaid.add(workflow, CALL)
    assert await books(prepaid) == {"granted": "60", "spent": "100", "expired": "0", "overdraft": "40"}
    with pytest.raises(OverdraftLimitReached):
        await prepaid.start()
    await prepaid.add(workflow, MINUTE)
    assert (await books(prepaid))["overdraft"] == "60"


async def test_an_uncovered_usage_is_refused_whole_where_the_caller_says_so(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    grant = await prepaid.grant("99.999999")
    workflow = await prepaid.start()
    async with nothing_written():
        with pytest.raises(CreditsExhausted) as raised:
            await prepaid.add(workflow, CALL, if_uncovered=REFUSE)
    assert (str(raised.value.needed), str(raised.value.available)) == ("100", "99.999999")
    assert await prepaid.remaining(grant) == "99.999999"
    await prepaid.grant("0.000001")
    await prepaid.add(workflow, CALL, if_uncovered=REFUSE)
    assert await books(prepaid) == {"granted": "100", "spent": "100", "expired": "0", "overdraft": "0"}


async def test_within_one_call_each_usage_sees_what_the_ones_before_it_took(prepaid: Tenant) -> None:
    await prepaid.grant("50")
    workflow = await prepaid.start()
    items = [prepaid.usage(workflow.id, MINUTE, if_uncovered=REFUSE) for _ in range(4)]
    answers = await prepaid.add_all(*items)
    assert [type(answer).__name__ for answer in answers] == [
        "UsageAddition",
        "UsageAddition",
        "CreditsExhausted",
        "CreditsExhausted",
    ]
    assert await books(prepaid) == {"granted": "50", "spent": "40", "expired": "0", "overdraft": "0"}


async def test_a_credit_line_is_used_to_its_end_and_no_further(
    database: Database, nothing_written: NothingWritten
) -> None:
    tenant = await new_tenant(database, "With a line", overdraft_limit="30")
    await tenant.grant("10")
    workflow = await tenant.start()
    await tenant.add(workflow, MINUTE, MINUTE, if_uncovered=REFUSE)
    assert await books(tenant) == {"granted": "10", "spent": "40", "expired": "0", "overdraft": "30"}
    async with nothing_written():
        with pytest.raises(CreditsExhausted, match="20 credits are needed and 0 are available"):
            await tenant.add(workflow, MINUTE, if_uncovered=REFUSE)
        with pytest.raises(OverdraftLimitReached):
            await tenant.start()


async def test_what_is_owed_counts_against_new_credits(database: Database) -> None:
    tenant = await new_tenant(database, "Owing", overdraft_limit="0")
    await tenant.grant("1")
    workflow = await tenant.start()
    await tenant.add(workflow, CALL)  # 99 are owed
    await tenant.grant("110")
    with pytest.raises(CreditsExhausted, match="20 credits are needed and 11 are available"):
        await tenant.add(workflow, MINUTE, if_uncovered=REFUSE)


async def test_a_restricted_grant_serves_only_its_purpose(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    reserve = await prepaid.grant(
        "100", restricted_to=Restriction(RestrictionKind.ADAPTER, "emergencyservices")
    )
    async with nothing_written():
        with pytest.raises(OverdraftLimitReached):
            await prepaid.start("voice_chat")
    common = await prepaid.grant("40", priority=0)
    chat = await prepaid.start("voice_chat")
    await prepaid.add(chat, MINUTE)
    assert [await prepaid.remaining(each) for each in (reserve, common)] == ["100", "20"]
    emergency = await prepaid.start("emergency_medical_call", business_adapter="emergencyservices")
    await prepaid.add(emergency, MINUTE)
    assert [await prepaid.remaining(each) for each in (reserve, common)] == ["80", "20"]
    with pytest.raises(CreditsExhausted, match="100 credits are needed and 20 are available"):
        await prepaid.add(chat, CALL, if_uncovered=REFUSE)
    await prepaid.add(emergency, CALL, if_uncovered=REFUSE)
    assert [await prepaid.remaining(each) for each in (reserve, common)] == ["0", "0"]


async def test_a_grant_not_yet_in_effect_pays_nothing(prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100", effective_at=NOON + timedelta(hours=1))
    with pytest.raises(OverdraftLimitReached):
        await prepaid.start()
    clock.forward(hours=1)
    await prepaid.add(await prepaid.start(), CALL, if_uncovered=REFUSE)
    assert (await books(prepaid))["overdraft"] == "0"


@pytest.mark.parametrize("touch", ["start", "add", "grant"])
async def test_what_expires_is_moved_by_the_next_write(
    tenant: Tenant, clock: SettableClock, touch: str
) -> None:
    workflow = await tenant.start()
    grant = await tenant.grant("150", expires_at=NOON + timedelta(hours=1))
    await tenant.add(workflow, CALL)
    clock.forward(hours=1)
    assert await tenant.remaining(grant) == "50"
    writes: dict[str, Any] = {
        "start": tenant.start,
        "add": lambda: tenant.add(workflow, MINUTE),
        "grant": lambda: tenant.grant("7"),
    }
    await writes[touch]()
    assert await tenant.remaining(grant) == "0"
    assert (await books(tenant))["expired"] == "50"
    assert (await books(tenant))["overdraft"] == ("20" if touch == "add" else "0")
