"""An account's own rates: charged, held, extended and quoted from their date on, by that account alone."""

from datetime import timedelta
from fractions import Fraction
from functools import partial

import pytest

from metering.errors import RateUnknown
from metering.plans import Plan
from metering.prices import price_book
from metering.quotes import quote_plan
from metering.rate_cards import UnknownVersion, card_named
from pricing.selection import Need, ServiceRequest
from pricing.units import Quantity, ServiceType, UnitType
from tests.clock import NOON, SettableClock
from tests.metering.test_rate_cards import card, phone, publish
from tests.rate_cards import own, publish_draft
from tests.tenant import Tenant, new_tenant

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"


@pytest.fixture
async def other(tenant: Tenant) -> Tenant:
    return await new_tenant(tenant.database, "Other")


async def charged(tenant: Tenant, *usages: str, **fields: object) -> list[str]:
    return [str(usage.credits) for usage in await tenant.add(await tenant.start(), *usages, **fields)]


async def test_usages_are_priced_by_it_from_its_date_on(tenant: Tenant, other: Tenant) -> None:
    begins = NOON - timedelta(days=1)
    await publish_draft(tenant.database, own("own", phone(7), effective_from=begins), tenant)
    assert await charged(tenant, CALL, CHAT, used_at=begins - timedelta(microseconds=1)) == ["100", "3"]
    assert await charged(tenant, CALL, CHAT, used_at=begins) == ["35", "3"]
    assert await charged(other, CALL, CHAT, used_at=begins) == ["100", "3"]
    assert (str((await tenant.account()).spent), str((await other.account()).spent)) == ("141", "103")


async def test_everybodys_next_card_changes_all_but_the_own_rates(
    tenant: Tenant, other: Tenant, clock: SettableClock
) -> None:
    await publish_draft(tenant.database, own("own", phone(7)), tenant)
    clock.forward(hours=1)
    dear = card("dear", clock.now, phone(30), phone(40, "other"), precision=2)
    await publish(tenant.database, dear)
    assert await charged(tenant, CALL, "PHONE other 1 SECONDS") == ["35", "0.67"]
    assert await charged(other, CALL, "PHONE other 1 SECONDS") == ["150", "0.67"]
    [usage] = await tenant.add(await tenant.start(), "PHONE twilio 1 SECONDS")
    assert (str(usage.credits), usage.exact_credits) == ("0.12", Fraction(7, 60))


async def test_it_may_price_what_everybodys_card_does_not(tenant: Tenant, other: Tenant) -> None:
    await publish_draft(tenant.database, own("own", phone(2, "private")), tenant)
    assert await charged(tenant, "PHONE private 5 MINUTES", CALL) == ["10", "100"]
    with pytest.raises(RateUnknown, match="PHONE has no provider 'private'"):
        await charged(other, "PHONE private 5 MINUTES")


async def test_holds_and_extensions_are_priced_by_it(tenant: Tenant, other: Tenant) -> None:
    await publish_draft(tenant.database, own("own", phone(7)), tenant)
    for each, expected in ((tenant, ("35", "42")), (other, ("100", "120"))):
        hold = await each.hold(await each.start(), CALL)
        extension = await each.extend(hold, "PHONE twilio 1 MINUTES")
        assert (str(hold.amount), str(extension.hold.amount)) == (expected[0], expected[1])


async def test_a_hold_knows_both_cards_that_priced_it(tenant: Tenant, clock: SettableClock) -> None:
    published = await publish_draft(tenant.database, own("own", phone(7)), tenant)
    hold = await tenant.hold(await tenant.start(), CALL)
    clock.forward(minutes=1)
    await publish_draft(tenant.database, own("dearer", phone(9)), tenant)
    # An extension is priced as its hold was.
    extension = await tenant.extend(hold, "PHONE twilio 1 MINUTES")
    assert str(extension.hold.amount) == "42"
    book = await tenant.database.ask(price_book)
    everybodys = book.ids_of(book.in_force(NOON, account_id=None)).card_id
    now = await tenant.hold_now(hold)
    assert (now.rate_card_id, now.override_card_id) == (everybodys, published.id)


async def test_quotes_are_priced_by_it(tenant: Tenant, other: Tenant) -> None:
    await publish_draft(tenant.database, own("own", phone(7)), tenant)
    request = ServiceRequest((Need(ServiceType.PHONE, Quantity.parse("5", UnitType.MINUTES), "twilio"),))
    for account_id, total, version in (
        (tenant.account_id, "35", "2025-01-01 + own"),
        (other.account_id, "100", "2025-01-01"),
        (None, "100", "2025-01-01"),
    ):
        plan = Plan(request, account_id=account_id)
        quoted = await tenant.database.ask(partial(quote_plan, plan=plan, now=NOON))
        assert (str(quoted.total), quoted.card_version) == (total, version)


async def test_a_card_without_rates_ends_them(tenant: Tenant, clock: SettableClock) -> None:
    await publish_draft(tenant.database, own("own", phone(7)), tenant)
    clock.forward(hours=1)
    ended = await publish_draft(tenant.database, own("no longer"), tenant)
    assert await charged(tenant, CALL, used_at=ended.effective_from - timedelta(microseconds=1)) == ["35"]
    assert await charged(tenant, CALL, used_at=ended.effective_from) == ["100"]
    book = await tenant.database.ask(price_book)
    assert book.in_force(clock.now, account_id=tenant.account_id).version == "2025-01-01"


async def test_a_usage_points_at_the_own_rate(tenant: Tenant) -> None:
    published = await publish_draft(tenant.database, own("own", phone(7)), tenant)
    phone_usage, chat_usage = await tenant.add(await tenant.start(), CALL, CHAT)
    book = await tenant.database.ask(price_book)
    cards = {rate_id: each.version for each in book.every_card() for _, rate_id in book.rates_of(each)}
    assert [cards[usage.rate_id] for usage in (phone_usage, chat_usage)] == ["own", "2025-01-01"]
    assert published.account_id == tenant.account_id


async def test_both_cards_are_found_by_their_names(tenant: Tenant) -> None:
    # A first card comes from a file, whose names may hold the sign.
    await publish(tenant.database, card("a + b", NOON, phone(30)))
    await publish_draft(tenant.database, own("own", phone(7)), tenant)
    book = await tenant.database.ask(price_book)
    in_force = book.in_force(NOON + timedelta(hours=1), account_id=tenant.account_id)
    assert in_force.version == "a + b + own"
    assert card_named(book, in_force.version, overrides_of=[tenant.account_id]) == in_force
    with pytest.raises(UnknownVersion):
        card_named(book, in_force.version, overrides_of=[])
