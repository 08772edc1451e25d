"""A hold takes a stored quote: its services, its prices, its selection; one quote serves one hold."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from metering.credits import HoldCredits, HoldPlan
from metering.errors import (
    BudgetExceeded,
    CreditsExhausted,
    IdempotencyConflict,
    QuoteExpired,
    QuoteNotFound,
    QuoteTaken,
    WorkflowAlreadyEnded,
)
from models.database import Database
from models.identity import IdKind, format_id, new_id
from models.quote import StoredQuote
from models.workflow import Workflow
from tests.budgets import limit
from tests.clock import NOON, SettableClock
from tests.graph.agents import new_agent
from tests.metering.conftest import NothingWritten
from tests.metering.selections.kept import lines, served, stored
from tests.metering.test_rate_cards import card, phone, publish
from tests.quotes import plan_of, promised, quote_now
from tests.selecting import set_shadow
from tests.tenant import Tenant, given, new_tenant, next_key

MINUTES = "VOICE_STT 5 MINUTES"
"""40 credits with deepgram, 50 with openai-whisper."""
CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""


def taking(tenant: Tenant, run: Workflow, quote: StoredQuote | UUID, key: str | None = None) -> HoldCredits:
    """Write down a hold that takes a quote."""
    quote_id = quote if isinstance(quote, UUID) else quote.id
    return HoldCredits(tenant.account_id, run.id, HoldPlan(quote_id=quote_id), key or next_key())


async def quoted(tenant: Tenant, *services: str) -> StoredQuote:
    """Store a quote of services with their providers."""
    return (await promised(tenant, plan_of(tenant, *(services or (CALL, CHAT))))).quote


async def test_a_hold_takes_a_quote_line_by_line(tenant: Tenant, clock: SettableClock) -> None:
    run, quote = await tenant.start(), await quoted(tenant)
    clock.forward(minutes=3)
    [answer] = map(given, await tenant.hold_all(taking(tenant, run, quote)))
    assert (str(answer.hold.amount), await lines(tenant, answer.hold)) == ("103", "twilio 100, gpt-4o-mini 3")
    # The request named its providers: nothing was selected.
    assert (answer.selection, await stored(tenant, run)) == (None, [])
    now = await quote_now(tenant, quote)
    assert (now.hold_id, now.workflow_id, now.taken_at) == (
        answer.hold.id,
        run.id,
        NOON + timedelta(minutes=3),
    )


async def test_a_quote_keeps_its_prices_and_so_do_the_extensions(tenant: Tenant) -> None:
    run, quote = await tenant.start(), await quoted(tenant, CALL)
    await publish(tenant.database, card("dearer", NOON, phone(30)))
    [answer] = map(given, await tenant.hold_all(taking(tenant, run, quote)))
    assert str(answer.hold.amount) == "100"
    assert (answer.hold.rate_card_id, answer.hold.override_card_id) == (quote.rate_card_id, None)
    assert str((await tenant.extend(answer.hold, "PHONE twilio 1 MINUTES")).added) == "20"
    # What is used is priced by the card in force, as every usage is.
    [usage] = await tenant.add(run, "PHONE twilio 1 MINUTES")
    assert str(usage.credits) == "30"


async def test_what_the_quote_selected_becomes_the_selection_of_the_run(
    tenant: Tenant, clock: SettableClock
) -> None:
    agent = await new_agent(tenant, preset="balanced")
    plan = plan_of(tenant, "VOICE_STT 5 MINUTES", "GPT 3000 TOKENS", agent_id=agent.id)
    quote = (await promised(tenant, plan)).quote
    clock.forward(minutes=3)
    item = tenant.run(agent_id=agent.id, hold=HoldPlan(quote_id=quote.id))
    [start] = map(given, await tenant.start_all(item))
    assert await lines(tenant, start.hold) == "deepgram 40, gpt-4o 24"
    [kept] = await stored(tenant, start.workflow)
    assert kept.selection == start.selection.selection
    assert kept.row.record == quote.selection
    assert (kept.row.agent_version, kept.row.preset, served(kept.selection)) == (
        1,
        "balanced",
        "deepgram 40, gpt-4o 24",
    )
    assert (kept.row.made_at, (await quote_now(tenant, quote)).workflow_id) == (
        NOON + timedelta(minutes=3),
        start.workflow.id,
    )
    [again] = map(given, await tenant.start_all(item))
    assert (again.replayed, again.hold.id) == (True, start.hold.id)
    assert again.selection.selection == kept.selection


async def test_a_shadow_policy_is_asked_what_the_quote_was_asked(tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="balanced")
    await set_shadow(tenant, agent, configuration={"accuracy_requirement": "HIGH"})
    quote = (await promised(tenant, plan_of(tenant, MINUTES, agent_id=agent.id))).quote
    [start] = map(
        given, await tenant.start_all(tenant.run(agent_id=agent.id, hold=HoldPlan(quote_id=quote.id)))
    )
    # 5 minutes of openai-whisper: the policy's own accuracy counts, since the plan asked for none.
    assert str(start.selection.row.shadow_credits) == "50"


async def test_a_taken_quote_is_named_with_its_taker(tenant: Tenant, nothing_written: NothingWritten) -> None:
    run, other, quote = await tenant.start(), await tenant.start(), await quoted(tenant)
    first = taking(tenant, run, quote)
    [answer] = map(given, await tenant.hold_all(first))
    async with nothing_written():
        with pytest.raises(QuoteTaken) as raised:
            given((await tenant.hold_all(taking(tenant, other, quote)))[0])
        with pytest.raises(QuoteTaken):
            given((await tenant.start_all(tenant.run(hold=HoldPlan(quote_id=quote.id))))[0])
        [again] = map(given, await tenant.hold_all(first))
        [conflict] = await tenant.hold_all(replace(first, plan=HoldPlan(quote_id=new_id())))
    assert raised.value.hold_id == format_id(IdKind.HOLD, answer.hold.id)
    assert raised.value.workflow_id == format_id(IdKind.WORKFLOW, run.id)
    assert (again.replayed, again.hold.id) == (True, answer.hold.id)
    assert isinstance(conflict, IdempotencyConflict)


async def test_of_two_in_one_batch_one_takes_it(tenant: Tenant) -> None:
    run, quote = await tenant.start(), await quoted(tenant)
    one, other = await tenant.hold_all(taking(tenant, run, quote), taking(tenant, run, quote))
    assert isinstance(other, QuoteTaken)
    assert (await quote_now(tenant, quote)).hold_id == given(one).hold.id
    assert str((await tenant.account()).held) == "103"


async def test_an_expired_quote_promises_nothing(
    tenant: Tenant, clock: SettableClock, nothing_written: NothingWritten
) -> None:
    run, quote = await tenant.start(), await quoted(tenant)
    clock.now = quote.expires_at - timedelta(microseconds=1)
    last = await quoted(tenant)
    in_time = replace(taking(tenant, run, quote), expires_in=timedelta(days=1))
    assert str(given((await tenant.hold_all(in_time))[0]).hold.amount) == "103"
    clock.now = last.expires_at
    async with nothing_written():
        with pytest.raises(QuoteExpired) as raised:
            given((await tenant.hold_all(taking(tenant, run, last)))[0])
    assert raised.value.expired_at == last.expires_at
    # Who took it in time keeps it.
    with pytest.raises(QuoteTaken):
        given((await tenant.hold_all(taking(tenant, run, quote)))[0])


async def test_another_accounts_quote_is_none(
    database: Database, tenant: Tenant, nothing_written: NothingWritten
) -> None:
    stranger = await new_tenant(database, "another")
    quote, run = await quoted(stranger), await tenant.start()
    async with nothing_written():
        for unknown in (quote.id, new_id()):
            with pytest.raises(QuoteNotFound):
                given((await tenant.hold_all(taking(tenant, run, unknown)))[0])
            with pytest.raises(QuoteNotFound):
                given((await tenant.start_all(tenant.run(hold=HoldPlan(quote_id=unknown))))[0])


async def test_a_refused_hold_leaves_the_quote_to_another(
    prepaid: Tenant, nothing_written: NothingWritten
) -> None:
    await prepaid.grant("102")
    run, ended, quote = await prepaid.start(), await prepaid.start(), await quoted(prepaid)
    await prepaid.end(ended)
    async with nothing_written():
        with pytest.raises(CreditsExhausted) as raised:
            given((await prepaid.hold_all(taking(prepaid, run, quote)))[0])
        with pytest.raises(WorkflowAlreadyEnded):
            given((await prepaid.hold_all(taking(prepaid, ended, quote)))[0])
    assert (str(raised.value.needed), str(raised.value.available)) == ("103", "102")
    assert [line.provider for line in raised.value.fitting] == ["twilio", "gpt-4o-mini"]
    await prepaid.grant("1")
    assert str(given((await prepaid.hold_all(taking(prepaid, run, quote)))[0]).hold.amount) == "103"


async def test_budgets_are_asked_about_the_quoted_price(tenant: Tenant) -> None:
    run, quote = await tenant.start(), await quoted(tenant)
    await limit(tenant, "ACCOUNT", "DAY", "102")
    with pytest.raises(BudgetExceeded):
        given((await tenant.hold_all(taking(tenant, run, quote)))[0])
    assert (await quote_now(tenant, quote)).hold_id is None
