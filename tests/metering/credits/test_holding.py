"""Holds: several services of one run at once, captured line by line, the rest given back exactly once."""

from datetime import timedelta

import pytest

from metering.credits import DEFAULT_EXPIRY, Restriction
from metering.errors import (
    AmountTooLarge,
    CreditsExhausted,
    IdempotencyConflict,
    NothingToHold,
    OverdraftLimitReached,
    RateUnknown,
    WorkflowAlreadyEnded,
    WorkflowNestedTooDeep,
    WorkflowNotFound,
)
from metering.tracking import IfUncovered
from metering.tracking.new_runs import MOST_ANCESTORS
from models.database import Database
from models.hold import Hold, HoldStatus
from models.identity import new_id
from models.ledger import RestrictionKind
from models.workflow import Workflow
from pricing.credits import Credits, RoundingMode
from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.units import ServiceType, UnitType
from tests.clock import NOON
from tests.metering.conftest import NothingWritten
from tests.metering.credits.books import books
from tests.metering.test_rate_cards import publish
from tests.tenant import Tenant, given, new_tenant, plan

CALL = ("PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
PHONE_6 = "PHONE twilio 6 MINUTES"


def parts(hold: Hold) -> str:
    figures = [hold.amount, hold.captured, hold.released, hold.lent, hold.remaining]
    return " ".join(map(str, figures))


async def test_a_hold_covers_several_services_at_once(prepaid: Tenant) -> None:
    await prepaid.grant("120")
    run = await prepaid.start()
    hold = await prepaid.hold(run, *CALL)
    assert (str(hold.amount), hold.status, hold.expires_at) == ("103", HoldStatus.OPEN, NOON + DEFAULT_EXPIRY)
    assert await books(prepaid) == "left 17 held 103"
    await prepaid.add(run, "PHONE twilio 4 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
    assert await books(prepaid) == "left 17 held 20 spent 83"
    await prepaid.end(run)
    assert await books(prepaid) == "left 37 spent 83"
    settled = await prepaid.hold_now(hold)
    assert (settled.status, settled.closed_at, parts(settled)) == (HoldStatus.SETTLED, NOON, "103 83 20 0 0")


async def test_what_a_line_does_not_cover_is_paid_by_grants_not_by_other_lines(prepaid: Tenant) -> None:
    await prepaid.grant("123")
    run = await prepaid.start()
    hold = await prepaid.hold(run, *CALL)
    await prepaid.add(run, PHONE_6)
    assert parts(await prepaid.hold_now(hold)) == "103 100 0 0 3"
    assert await books(prepaid) == "held 3 spent 120"


async def test_other_lines_give_only_what_nothing_else_covers(prepaid: Tenant) -> None:
    await prepaid.grant("110")
    run = await prepaid.start()
    hold = await prepaid.hold(run, *CALL)
    await prepaid.add(run, PHONE_6)
    assert parts(await prepaid.hold_now(hold)) == "103 103 0 0 0"
    assert await books(prepaid) == "spent 120 owed 10"


async def test_the_credit_line_pays_before_other_lines(database: Database) -> None:
    tenant = await new_tenant(database, overdraft_limit="15")
    await tenant.grant("103")
    run = await tenant.start()
    hold = await tenant.hold(run, *CALL)
    await tenant.add(run, "PHONE twilio 5.5 MINUTES")
    assert parts(await tenant.hold_now(hold)) == "103 100 0 0 3"
    assert await books(tenant) == "held 3 spent 110 owed 10"
    await tenant.add(run, "PHONE twilio 0.5 MINUTES")
    assert parts(await tenant.hold_now(hold)) == "103 103 0 0 0"
    assert await books(tenant) == "spent 120 owed 17"


async def test_a_service_without_a_line_is_paid_by_grants_first(prepaid: Tenant) -> None:
    await prepaid.grant("105")
    run = await prepaid.start()
    await prepaid.hold(run, *CALL)
    await prepaid.add(run, "VOICE_TTS openai-tts 2000 CHARACTERS")
    assert await books(prepaid) == "held 103 spent 2"
    await prepaid.add(run, "VOICE_TTS openai-tts 2000 CHARACTERS")
    assert await books(prepaid) == "held 101 spent 4"


async def test_a_hold_by_amount_serves_any_service(prepaid: Tenant) -> None:
    await prepaid.grant("50")
    run = await prepaid.start()
    hold = await prepaid.hold(run, "30")
    await prepaid.add(run, "PHONE twilio 1 MINUTES", "GPT gpt-4o-mini 3000 TOKENS")
    assert parts(await prepaid.hold_now(hold)) == "30 23 0 0 7"
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    assert await books(prepaid) == "left 7 spent 43"


async def test_the_lines_of_a_service_are_captured_before_open_ones_and_the_oldest_hold_first(
    prepaid: Tenant,
) -> None:
    await prepaid.grant("300")
    run = await prepaid.start()
    open_, first, second = (
        await prepaid.hold(run, "100"),
        await prepaid.hold(run, "PHONE twilio 1 MINUTES"),
        await prepaid.hold(run, "PHONE twilio 1 MINUTES"),
    )
    await prepaid.add(run, "PHONE twilio 3 MINUTES")
    assert [parts(await prepaid.hold_now(hold)) for hold in (open_, first, second)] == [
        "100 20 0 0 80",
        "20 20 0 0 0",
        "20 20 0 0 0",
    ]


async def test_two_grants_and_the_credit_line_fund_a_hold_in_burn_order_and_get_back_their_own(
    database: Database,
) -> None:
    tenant = await new_tenant(database, overdraft_limit="20")
    later = await tenant.grant("60", priority=200)
    first = await tenant.grant("30")
    run = await tenant.start()
    hold = await tenant.hold(run, "100")
    assert await books(tenant) == "held 100"
    assert (await tenant.account()).held_on_credit == Credits.whole(10)
    await tenant.add(run, "PHONE twilio 2 MINUTES")
    released = await tenant.release(hold)
    assert str(released.released) == "60"
    assert [await tenant.remaining(first), await tenant.remaining(later)] == ["0", "50"]
    assert await books(tenant) == "left 50 spent 40"


async def test_what_a_hold_draws_from_the_credit_line_is_owed_once_it_is_spent(tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.hold(run, "100")
    assert await books(tenant) == "held 100"
    await tenant.add(run, "PHONE twilio 2 MINUTES")
    assert await books(tenant) == "held 60 spent 40 owed 40"
    await tenant.end(run)
    assert await books(tenant) == "spent 40 owed 40"


async def test_holds_and_spending_never_exceed_what_is_there(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    await prepaid.hold(run, "60")
    async with nothing_written():
        with pytest.raises(CreditsExhausted) as refused:
            await prepaid.hold(run, "40.000001")
    assert (str(refused.value.needed), str(refused.value.available), refused.value.fitting) == (
        "40.000001",
        "40",
        (),
    )
    await prepaid.hold(run, "40")
    assert await books(prepaid) == "held 100"


async def test_a_refusal_says_what_would_fit(prepaid: Tenant, nothing_written: NothingWritten) -> None:
    await prepaid.grant("50")
    run = await prepaid.start()
    async with nothing_written():
        with pytest.raises(CreditsExhausted) as refused:
            await prepaid.hold(run, *CALL)
    fitting = refused.value.fitting
    assert Credits.total(line.credits for line in fitting) <= Credits.whole(50)
    assert [(line.provider, str(line.credits)) for line in fitting] == [
        ("twilio", "48"),
        ("gpt-4o-mini", "2"),
    ]


async def test_a_restricted_grant_funds_only_holds_of_what_it_serves(prepaid: Tenant) -> None:
    await prepaid.grant("100", restricted_to=Restriction(RestrictionKind.WORKFLOW, "emergency_medical_call"))
    await prepaid.grant("10")
    other = await prepaid.start("voice_chat")
    with pytest.raises(CreditsExhausted):
        await prepaid.hold(other, "11")
    emergency = await prepaid.start("emergency_medical_call")
    await prepaid.hold(emergency, "105")
    assert await books(prepaid) == "left 5 held 105"


async def test_a_run_starts_with_its_hold_or_not_at_all(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("103")
    async with nothing_written():
        [refused] = await prepaid.start_all(prepaid.run(hold=plan("103.5")))
    assert isinstance(refused, CreditsExhausted)
    [answer] = await prepaid.start_all(prepaid.run(hold=plan(*CALL), hold_expires_in=timedelta(minutes=5)))
    started = given(answer)
    assert (str(started.hold.amount), started.hold.workflow_id) == ("103", started.workflow.id)
    assert started.hold.expires_at == NOON + timedelta(minutes=5)
    assert await books(prepaid) == "held 103"


async def test_starting_twice_under_a_key_holds_once(prepaid: Tenant) -> None:
    await prepaid.grant("103")
    item = prepaid.run(hold=plan(*CALL))
    [first, second] = map(given, await prepaid.start_all(item, item))
    [third] = map(given, await prepaid.start_all(item))
    assert [first.replayed, second.replayed, third.replayed] == [False, True, True]
    assert {answer.hold.id for answer in (first, second, third)} == {first.hold.id}
    [conflict] = await prepaid.start_all(prepaid.run(idempotency_key=item.idempotency_key, hold=plan("103")))
    assert isinstance(conflict, IdempotencyConflict)


async def test_holding_twice_under_a_key_holds_once(prepaid: Tenant) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    item = prepaid.holding(run.id, "60")
    [first, second] = map(given, await prepaid.hold_all(item, item))
    await prepaid.end(run)
    [third] = map(given, await prepaid.hold_all(item))
    assert [first.replayed, second.replayed, third.replayed] == [False, True, True]
    assert first.hold.id == second.hold.id == third.hold.id
    assert await books(prepaid) == "left 103"


@pytest.mark.parametrize("what", [("61",), ("PHONE twilio 3 MINUTES",)])
async def test_another_plan_under_a_key_is_a_conflict(
    prepaid: Tenant, nothing_written: NothingWritten, what: tuple[str, ...]
) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    await prepaid.hold(run, "60", idempotency_key="same")
    async with nothing_written():
        with pytest.raises(IdempotencyConflict):
            await prepaid.hold(run, *what, idempotency_key="same")
        with pytest.raises(IdempotencyConflict):
            await prepaid.hold(run, "60", idempotency_key="same", expires_in=timedelta(seconds=9))


async def test_refusals_of_holds(tenant: Tenant, nothing_written: NothingWritten) -> None:
    free = Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 0, free=True)
    card = RateCard("free", NOON - timedelta(days=1), RoundingMode.UP, 0, (free,))
    run, ended = await tenant.start(), await tenant.end(await tenant.start())
    async with nothing_written():
        with pytest.raises(WorkflowNotFound):
            await tenant.hold(Workflow(id=new_id()), "1")
        with pytest.raises(WorkflowAlreadyEnded):
            await tenant.hold(ended, "1")
        with pytest.raises(RateUnknown):
            await tenant.hold(run, "PHONE vonage 1 MINUTES")
    await publish(tenant.database, card)
    with pytest.raises(NothingToHold):
        await tenant.hold(run, "SMS twilio 3 MESSAGES")


async def test_a_usage_that_must_be_covered_counts_its_holds(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    await prepaid.hold(run, *CALL)
    async with nothing_written():
        with pytest.raises(CreditsExhausted) as refused:
            await prepaid.add(run, PHONE_6, if_uncovered=IfUncovered.REFUSE)
    assert str(refused.value.available) == "103"
    await prepaid.add(run, "PHONE twilio 5 MINUTES", if_uncovered=IfUncovered.REFUSE)
    assert await books(prepaid) == "held 3 spent 100"


async def test_a_refund_goes_to_the_grant_that_a_hold_was_made_of(prepaid: Tenant) -> None:
    grant = await prepaid.grant("103")
    run = await prepaid.start()
    hold = await prepaid.hold(run, *CALL)
    [call] = await prepaid.add(run, "PHONE twilio 5 MINUTES")
    await prepaid.void(call)
    assert await books(prepaid) == "left 100 held 3"
    assert await prepaid.remaining(grant) == "100"
    assert parts(await prepaid.hold_now(hold)) == "103 100 0 0 3"


async def test_with_all_credits_held_no_other_run_starts(prepaid: Tenant) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    await prepaid.hold(run, "103")
    with pytest.raises(OverdraftLimitReached):
        await prepaid.start()
    child = await prepaid.start(parent_workflow_id=run.id)
    assert child.ancestor_ids == (run.id,)


async def test_a_child_run_is_paid_by_its_parents_hold(prepaid: Tenant) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    hold = await prepaid.hold(run, *CALL)
    child = await prepaid.start(parent_workflow_id=run.id)
    grandchild = await prepaid.start(parent_workflow_id=child.id)
    await prepaid.add(grandchild, "PHONE twilio 1 MINUTES")
    assert parts(await prepaid.hold_now(hold)) == "103 20 0 0 83"
    assert await books(prepaid) == "held 83 spent 20"


async def test_a_child_run_holds_from_its_parents_hold_and_gives_the_rest_back(prepaid: Tenant) -> None:
    await prepaid.grant("110")
    run = await prepaid.start()
    hold = await prepaid.hold(run, *CALL)
    child = await prepaid.start(parent_workflow_id=run.id)
    own = await prepaid.hold(child, "PHONE twilio 3 MINUTES")
    assert parts(await prepaid.hold_now(hold)) == "103 0 0 60 43"
    assert await books(prepaid) == "left 7 held 103"
    await prepaid.add(child, "PHONE twilio 1 MINUTES")
    await prepaid.end(child)
    assert parts(await prepaid.hold_now(own)) == "60 20 40 0 0"
    assert parts(await prepaid.hold_now(hold)) == "103 0 0 20 83"
    await prepaid.end(run)
    assert await books(prepaid) == "left 90 spent 20"


async def test_a_child_hold_outlives_its_parents_and_then_goes_back_to_the_grant(prepaid: Tenant) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    await prepaid.hold(run, *CALL)
    child = await prepaid.start(parent_workflow_id=run.id)
    own = await prepaid.hold(child, "50")
    await prepaid.end(run)
    assert await books(prepaid) == "left 53 held 50"
    await prepaid.release(own)
    assert await books(prepaid) == "left 103"


async def test_a_child_hold_takes_from_grants_what_its_parents_hold_has_not(prepaid: Tenant) -> None:
    await prepaid.grant("110")
    run = await prepaid.start()
    hold = await prepaid.hold(run, "100")
    child = await prepaid.start(parent_workflow_id=run.id)
    with pytest.raises(CreditsExhausted) as refused:
        await prepaid.hold(child, "111")
    assert str(refused.value.available) == "110"
    await prepaid.hold(child, "105")
    assert parts(await prepaid.hold_now(hold)) == "100 0 0 100 0"
    assert await books(prepaid) == "left 5 held 105"


async def test_runs_are_nested_only_so_deep(tenant: Tenant) -> None:
    run = await tenant.start()
    for _ in range(MOST_ANCESTORS):
        run = await tenant.start(parent_workflow_id=run.id)
    assert len(run.ancestor_ids) == MOST_ANCESTORS
    with pytest.raises(WorkflowNestedTooDeep):
        await tenant.start(parent_workflow_id=run.id)


async def test_a_late_usage_finds_no_hold(prepaid: Tenant) -> None:
    await prepaid.grant("103")
    run = await prepaid.start()
    await prepaid.hold(run, "103")
    await prepaid.end(run)
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    assert await books(prepaid) == "left 83 spent 20"


async def test_what_is_held_already_has_its_room_in_the_books(tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.hold(run, "600000000000")
    await tenant.add(run, "PHONE twilio 25000000000 MINUTES")
    assert await books(tenant) == "held 100000000000 spent 500000000000 owed 500000000000"
    with pytest.raises(AmountTooLarge):
        await tenant.add(run, "PHONE twilio 25000000000 MINUTES")
