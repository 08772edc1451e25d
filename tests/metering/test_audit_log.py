"""The audit log: one entry for each act that changed something, with its own actor, and none for the others."""

import asyncio
from functools import partial
from uuid import uuid4

import pytest

from metering.alerts import set_balance_alert
from metering.api_keys import issue_api_key
from metering.availability import set_availability
from metering.credits import GrantCredits, grant_credits
from metering.errors import AccountNotFound, IdempotencyConflict
from metering.rate_cards import PublishRateCard, publish_rate_cards
from models.actor import COMMAND_LINE, THE_SERVICE, Actor, ActorKind, Origin
from models.audit_entry import AuditAct, AuditEntry
from models.database import Database
from models.writer import Command, SetCommand
from pricing.credits import Credits
from pricing.units import ServiceType
from tests.clock import NOON
from tests.keys import entries, revoke
from tests.metering.conftest import NothingWritten
from tests.rate_cards import draft
from tests.tenant import Tenant, issue, new_tenant


async def since(database: Database, count: int) -> list[AuditEntry]:
    return (await entries(database))[count:]


async def test_an_entry_says_who_what_when_and_from_where(tenant: Tenant, database: Database) -> None:
    before = len(await entries(database))
    key, _ = await issue(database, tenant.account_id, "first")
    actor = Actor.with_key(key, Origin("192.0.2.7", "request-1"))
    verb = partial(set_balance_alert, account_id=tenant.account_id, threshold=Credits.whole(5))
    await database.write(Command(tenant.account_id, verb).by(actor))
    issued, entry = await since(database, before)
    assert (issued.act, issued.by, issued.account_id) == (
        AuditAct.ISSUE_API_KEY,
        THE_SERVICE,
        tenant.account_id,
    )
    assert (issued.subject, issued.details) == (
        f"key_{key.id.hex}",
        {"expiresAt": None, "name": "first", "scopes": ["READ", "TRACK", "MANAGE"]},
    )
    assert (entry.act, entry.account_id, entry.occurred_at) == (
        AuditAct.SET_BALANCE_ALERT,
        tenant.account_id,
        NOON,
    )
    assert (entry.subject, entry.details) == (f"account_{tenant.account_id.hex}", {"threshold": "5"})
    assert entry.by == Actor(ActorKind.API_KEY, key.id, "192.0.2.7", "request-1")


async def test_what_changes_nothing_leaves_no_entry(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    alert = partial(set_balance_alert, account_id=tenant.account_id, threshold=Credits.whole(5))
    outage = partial(
        set_availability, service_type=ServiceType.GPT, provider="gpt-4o", available=False, reason="down"
    )
    item = GrantCredits(tenant.account_id, Credits.whole(5), "once")
    acts = [
        Command(tenant.account_id, alert),
        Command(None, outage),
        Command(tenant.account_id, partial(grant_credits, item=item)),
    ]
    for act in acts:
        await database.write(act)
    await revoke(tenant, tenant.api_key_id)
    async with nothing_written():
        for act in acts:
            await database.write(act)
        await revoke(tenant, tenant.api_key_id)


async def test_what_is_refused_leaves_no_entry(
    tenant: Tenant, database: Database, nothing_written: NothingWritten
) -> None:
    first = GrantCredits(tenant.account_id, Credits.whole(5), "once")
    await database.write(Command(tenant.account_id, partial(grant_credits, item=first)))
    other = GrantCredits(tenant.account_id, Credits.whole(6), "once")
    async with nothing_written():
        with pytest.raises(IdempotencyConflict):
            await database.write(Command(tenant.account_id, partial(grant_credits, item=other)))
        with pytest.raises(AccountNotFound):
            await issue(database, uuid4(), "nobody's")


async def test_neighbours_in_a_transaction_keep_their_own_actors(database: Database) -> None:
    tenants = [await new_tenant(database, f"number {n}") for n in range(8)]
    before = len(await entries(database))

    async def act(number: int) -> None:
        tenant = tenants[number]
        actor = Actor(ActorKind.API_KEY, tenant.api_key_id, None, str(number))
        # Every other one is refused, and rolled back among the others.
        account_id = tenant.account_id if number % 2 else uuid4()
        verb = partial(issue_api_key, account_id=account_id, name=str(number), scopes=[])
        await database.write(Command(account_id, verb, actor))

    answers = await asyncio.gather(*map(act, range(8)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [AccountNotFound, type(None)] * 4
    found = await since(database, before)
    assert {(entry.account_id, entry.api_key_id, entry.request_id) for entry in found} == {
        (tenants[n].account_id, tenants[n].api_key_id, str(n)) for n in (1, 3, 5, 7)
    }
    assert len(found) == 4


async def test_a_set_verb_s_items_keep_their_own_actors(database: Database) -> None:
    before = len(await entries(database))

    async def publish(version: str, actor: Actor) -> None:
        item = PublishRateCard(draft(version))
        [answer] = await database.write(SetCommand(None, publish_rate_cards, (item,), actor))
        assert not isinstance(answer, Exception)

    await asyncio.gather(publish("one", COMMAND_LINE), publish("two", THE_SERVICE))
    found = await since(database, before)
    assert {entry.details["version"]: entry.by for entry in found} == {
        "one": COMMAND_LINE,
        "two": THE_SERVICE,
    }
    assert {entry.account_id for entry in found} == {None}
