"""Stored quotes: a price that is kept with its reasons, for one hold to take."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from metering.credits import HoldPlan
from metering.errors import AgentNotFound, CreditsExhausted, PlanOverLimit, QuoteExpired
from metering.plans import InvalidPlan
from metering.prices import price_book
from metering.quotes import QuoteStatus, status_of
from metering.selections.record import read_selection
from models.identity import new_id
from models.quote import QuoteLine, StoredQuote
from models.rate_card import PublishedRate
from pricing.selection import Selection
from tests.clock import NOON, SettableClock
from tests.databases.statements import statements
from tests.graph.agents import new_agent
from tests.metering.conftest import NothingWritten
from tests.metering.test_rate_cards import card, phone, publish
from tests.quotes import asked, plan_of, promised, quote_now
from tests.tenant import Tenant, next_key

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
"""100 and 3 credits."""


async def lines(tenant: Tenant, quote: StoredQuote) -> list[str]:
    """The quote's lines, with the version that priced each."""
    statement = (
        select(QuoteLine, PublishedRate)
        .join(PublishedRate, PublishedRate.id == QuoteLine.rate_id)
        .where(QuoteLine.account_id == tenant.account_id, QuoteLine.quote_id == quote.id)
        .order_by(QuoteLine.line)
    )
    async with tenant.database.read() as session:
        rows = (await session.execute(statement)).all()
    return [
        f"{line.line} {line.service_type} {line.provider} {line.micro_units} {line.unit_type} {line.credits} "
        f"at {rate.price} per {rate.per}"
        for line, rate in rows
    ]


async def test_a_plan_whose_providers_are_named_is_kept_line_by_line(tenant: Tenant) -> None:
    made = await promised(tenant, plan_of(tenant, CALL, CHAT), workflow_name="phone_ai_call")
    assert made.obstacles == ()
    quote = await quote_now(tenant, made.quote)
    assert (str(quote.total_credits), quote.workflow_name, quote.selection) == ("103", "phone_ai_call", None)
    assert (quote.agent_id, quote.agent_version, quote.preset) == (None, None, None)
    assert (quote.created_at, quote.expires_at) == (NOON, NOON + timedelta(hours=1))
    assert await lines(tenant, quote) == [
        "0 PHONE twilio 5000000 MINUTES 100 at 20 per 1",
        "1 GPT gpt-4o-mini 3000000000 TOKENS 3 at 1 per 1000",
    ]


async def test_the_reasons_of_a_choice_are_kept_with_the_agents_version(tenant: Tenant) -> None:
    agent = await new_agent(tenant, preset="balanced")
    plan = plan_of(tenant, "GPT 3000 TOKENS", "VOICE_STT 2 MINUTES", agent_id=agent.id)
    made = await promised(tenant, plan)
    quote = await quote_now(tenant, made.quote)
    assert (quote.agent_id, quote.agent_version, quote.preset) == (agent.id, 1, "balanced")
    assert quote.selection is not None

    def kept(session: object) -> Selection:
        return read_selection(quote.selection or {}, price_book(session))  # type: ignore[arg-type]  # a session

    selection = await tenant.database.ask(kept)
    assert selection == (await asked(tenant, plan)).quote.selection
    assert str(quote.total_credits) == str(selection.total) == "40"


async def test_a_quote_keeps_its_prices_when_others_come_into_force(
    tenant: Tenant, clock: SettableClock
) -> None:
    made = await promised(tenant, plan_of(tenant, CALL))
    await publish(tenant.database, card("dearer", NOON + timedelta(minutes=1), phone(30)))
    clock.forward(minutes=2)
    assert str((await promised(tenant, plan_of(tenant, CALL))).quote.total_credits) == "150"
    [answer] = await tenant.start_all(tenant.run(hold=HoldPlan(quote_id=made.quote.id)))
    assert (str(answer.hold.amount), answer.hold.rate_card_id) == ("100", made.quote.rate_card_id)


async def test_a_quote_is_open_until_it_expires_or_is_taken(tenant: Tenant, clock: SettableClock) -> None:
    first, second = [await promised(tenant, plan_of(tenant, CALL)) for _ in range(2)]
    assert status_of(first.quote, NOON + timedelta(minutes=59)) is QuoteStatus.OPEN
    assert status_of(first.quote, NOON + timedelta(hours=1)) is QuoteStatus.EXPIRED
    run = await tenant.start()
    await tenant.hold_all(tenant.holding(run.id, "1", idempotency_key=next_key()))
    [answer] = await tenant.start_all(tenant.run(hold=HoldPlan(quote_id=second.quote.id)))
    clock.forward(hours=1)
    taken = await quote_now(tenant, second.quote)
    assert (taken.hold_id, taken.workflow_id, taken.taken_at) == (answer.hold.id, answer.workflow.id, NOON)
    assert status_of(taken, clock.now) is QuoteStatus.TAKEN
    [refusal] = await tenant.start_all(tenant.run(hold=HoldPlan(quote_id=first.quote.id)))
    assert isinstance(refusal, QuoteExpired)


async def test_a_price_is_promised_without_the_credits_for_it(prepaid: Tenant) -> None:
    made = await promised(prepaid, plan_of(prepaid, CALL))
    assert [(str(each.needed), str(each.left)) for each in made.obstacles] == [("100", "0")]
    hold = HoldPlan(quote_id=made.quote.id)
    [refusal] = await prepaid.start_all(prepaid.run(hold=hold))
    assert isinstance(refusal, CreditsExhausted)
    assert (str(refusal.needed), str(refusal.available)) == ("100", "0")
    await prepaid.grant("100")
    [answer] = await prepaid.start_all(prepaid.run(hold=hold))
    assert str(answer.hold.amount) == "100"


async def test_what_cannot_be_promised_leaves_nothing(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    dear = {"primary_ai_model": "gpt-4", "max_credits_per_request": "1", "cost_optimization": False}
    async with nothing_written():
        with pytest.raises(PlanOverLimit) as refused:
            await promised(tenant, plan_of(tenant, "GPT gpt-4 1000 TOKENS", configuration=dear))
        with pytest.raises(AgentNotFound):
            await promised(tenant, plan_of(tenant, CALL, agent_id=new_id()))
        with pytest.raises(InvalidPlan, match="PHONE has no provider 'nobody'"):
            await promised(tenant, plan_of(tenant, "PHONE nobody 5 MINUTES"))
    assert (str(refused.value.estimate), str(refused.value.limit)) == ("25", "1")


async def test_a_quote_is_stored_in_a_fixed_number_of_statements(tenant: Tenant) -> None:
    counts = []
    for number in (1, 100):
        await promised(tenant, plan_of(tenant, CALL))
        with statements(tenant.database) as sent:
            await promised(tenant, plan_of(tenant, *(CALL,) * number))
        counts.append(len([text for text in sent if text.split()[0] in {"SELECT", "INSERT", "UPDATE"}]))
    # The account, locked; the newest card, twice; the account as it stands; its grants; the quote; its lines.
    assert counts == [7, 7]
