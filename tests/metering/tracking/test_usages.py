"""Adding usages: facts, exactly once, late or not, and what is refused."""

from datetime import timedelta

import pytest

from metering.errors import AmountTooLarge, RateUnknown, Refusal, TimeOutOfRange, WorkflowNotFound
from models.database import Database
from models.identity import new_id
from models.workflow import WorkflowStatus
from tests.clock import NOON, SettableClock
from tests.metering.conftest import NothingWritten
from tests.tenant import Tenant, given, new_tenant

CALL = "PHONE twilio 5 MINUTES"
CHAT = "GPT gpt-4o-mini 1800 TOKENS"


async def test_a_usage_is_kept_with_its_price_and_its_exact_amount(tenant: Tenant) -> None:
    workflow = await tenant.start()
    [usage] = await tenant.add(workflow, CHAT, used_at=NOON - timedelta(seconds=9))
    assert (usage.service_type, usage.provider, usage.unit_type) == ("GPT", "gpt-4o-mini", "TOKENS")
    assert (usage.micro_units, str(usage.credits), usage.exact_micros) == (1_800_000_000, "2", "1800000")
    assert (usage.used_at, usage.recorded_at) == (NOON - timedelta(seconds=9), NOON)
    assert (usage.late, usage.voided_at) == (False, None)


@pytest.mark.parametrize(
    ("text", "credits_", "exact"),
    [
        ("VOICE_TTS elevenlabs 450 CHARACTERS", "1", "900000"),
        ("GPT gpt-4o-mini 1 TOKENS", "1", "1000"),
        ("GPT gpt-4o-mini 1000 INPUT_TOKENS", "1", "1000000"),
        ("GPT gpt-4o-mini 1001 OUTPUT_TOKENS", "2", "1001000"),
        ("PHONE twilio 1 SECONDS", "1", "1000000/3"),
        ("PHONE twilio 90 SECONDS", "30", "30000000"),
        ("PHONE twilio 0.000001 MINUTES", "1", "20"),
        ("VISION gpt-4o 3 IMAGES", "30", "30000000"),
    ],
)
async def test_prices_round_up_once(tenant: Tenant, text: str, credits_: str, exact: str) -> None:
    workflow = await tenant.start()
    [usage] = await tenant.add(workflow, text)
    assert (str(usage.credits), usage.exact_micros) == (credits_, exact)


async def test_many_usages_of_several_runs_add_up(tenant: Tenant) -> None:
    one, other = await tenant.start(), await tenant.start()
    items = [tenant.usage(run.id, text) for run in (one, other, one) for text in (CALL, CHAT)]
    answers = [given(answer) for answer in await tenant.add_all(*items)]
    assert [str(answer.usage.credits) for answer in answers] == ["100", "2"] * 3
    totals = [await tenant.workflow(run.id) for run in (one, other)]
    assert [(str(run.total_credits), run.usage_count) for run in totals] == [("204", 4), ("102", 2)]
    account = await tenant.account()
    assert (str(account.spent), str(account.overdraft)) == ("306", "306")


async def test_a_usage_after_the_end_is_recorded_and_marked_late(
    tenant: Tenant, clock: SettableClock
) -> None:
    workflow = await tenant.start()
    await tenant.add(workflow, CALL)
    clock.forward(minutes=5)
    ended = await tenant.end(workflow)
    clock.forward(minutes=1)
    [usage] = await tenant.add(workflow, CHAT)
    assert usage.late is True
    stored = await tenant.workflow(workflow.id)
    assert (str(stored.total_credits), stored.usage_count) == ("102", 2)
    assert (stored.status, stored.ended_at, stored.duration_micros) == (
        WorkflowStatus.COMPLETED,
        ended.ended_at,
        5 * 60 * 1_000_000,
    )


@pytest.mark.parametrize(
    ("text", "code", "known"),
    [
        ("SMS twilio 1 MESSAGES", "UNKNOWN_SERVICE", ["GPT", "PHONE", "VISION", "VOICE_STT", "VOICE_TTS"]),
        ("PHONE vonage 1 MINUTES", "UNKNOWN_PROVIDER", ["twilio"]),
        ("PHONE twilio 1 TOKENS", "UNKNOWN_UNIT", ["MINUTES"]),
        ("GPT gpt-4o 1 CACHED_TOKENS", "UNKNOWN_UNIT", ["TOKENS"]),
    ],
)
async def test_what_has_no_rate_is_refused(
    tenant: Tenant, nothing_written: NothingWritten, text: str, code: str, known: list[str]
) -> None:
    workflow = await tenant.start()
    async with nothing_written():
        with pytest.raises(RateUnknown) as raised:
            await tenant.add(workflow, text)
    assert (raised.value.code, raised.value.known) == (code, known)


@pytest.mark.parametrize("by", [-timedelta(days=35), timedelta(minutes=5)])
async def test_the_window_includes_its_edges(tenant: Tenant, by: timedelta) -> None:
    [usage] = await tenant.add(await tenant.start(), CALL, used_at=NOON + by)
    assert usage.used_at == NOON + by


@pytest.mark.parametrize("by", [-timedelta(days=35, microseconds=1), timedelta(minutes=5, microseconds=1)])
async def test_outside_the_window_nothing_is_recorded(
    tenant: Tenant, nothing_written: NothingWritten, by: timedelta
) -> None:
    workflow = await tenant.start()
    async with nothing_written():
        with pytest.raises(TimeOutOfRange, match=r"^usedAt is "):
            await tenant.add(workflow, CALL, used_at=NOON + by)


async def test_another_accounts_run_is_not_found(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(database, "Stranger")
    theirs = await stranger.start()
    async with nothing_written():
        answers = await tenant.add_all(tenant.usage(theirs.id, CALL), tenant.usage(new_id(), CALL))
    assert [str(answer) for answer in answers] == ["There is no such workflow in this account."] * 2
    assert all(isinstance(answer, WorkflowNotFound) for answer in answers)
    assert str((await stranger.workflow(theirs.id)).total_credits) == "0"


async def test_refused_usages_do_not_undo_the_others(tenant: Tenant) -> None:
    workflow = await tenant.start()
    texts = [CALL, "PHONE vonage 1 MINUTES", CHAT]
    answers = await tenant.add_all(*(tenant.usage(workflow.id, text) for text in texts))
    assert [isinstance(answer, Refusal) for answer in answers] == [False, True, False]
    assert str((await tenant.workflow(workflow.id)).total_credits) == "102"


async def test_the_books_hold_twelve_digits_and_no_more(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    workflow = await tenant.start()
    biggest = "GPT gpt-4o-mini 999999999999 TOKENS"  # 1,000,000,000 credits
    [usage] = await tenant.add(workflow, biggest)
    assert str(usage.credits) == "1000000000"
    async with nothing_written():
        with pytest.raises(AmountTooLarge):
            await tenant.add(workflow, "PHONE twilio 999999999999 MINUTES")
    # 998,999,999,980 more: 19 credits are left until the books are full to 12 digits.
    await tenant.add(workflow, "PHONE twilio 49949999999 MINUTES")
    async with nothing_written():
        with pytest.raises(AmountTooLarge, match="books cannot hold"):
            await tenant.add(workflow, "PHONE twilio 1 MINUTES")
    await tenant.add(workflow, "PHONE twilio 0.95 MINUTES")
    assert str((await tenant.account()).spent) == "999999999999"
    async with nothing_written():
        with pytest.raises(AmountTooLarge):
            await tenant.add(workflow, CHAT)
