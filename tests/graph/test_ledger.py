"""The ledger as callers see it: transfers in pages, and the proof that all is right."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from metering.auditing import past_balance
from models.api_key import Scope
from models.database import Database
from models.identity import IdKind, format_id
from tests.clock import NOON, SettableClock
from tests.databases.opened import opened_with_prices
from tests.databases.statements import statements
from tests.door import Door, opened_door, scoped
from tests.tenant import Tenant, issue, new_tenant

CALL = "PHONE twilio 5 MINUTES"
CHAT = "GPT gpt-4o-mini 3000 TOKENS"
TRANSFERS = """query ($filter: LedgerTransferFilter, $orderBy: LedgerTransferOrder! = OLDEST_FIRST, $first: Int, $after: String) {
  viewer { account { ledgerTransfers(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount pageInfo { endCursor hasNextPage } nodes {
      id sequence debitBook creditBook amount postedAt hash
      grant { id } debitHold { id } creditHold { id } serviceUsage { id } } } } } }"""
AUDIT = """query ($accountId: ID, $asOf: DateTime) { ledgerAudit(accountId: $accountId, asOf: $asOf) {
  ok accountCount transferCount usageCount checkedAt chainHash
  differences { account { id } what recorded recomputed }
  balance { asOf available held granted spent overdraft expired } } }"""
HOUR = timedelta(hours=1)


async def transfers(ask: Door, tenant: Tenant, **variables: Any) -> Any:
    data = await ask.data(tenant.secret, TRANSFERS, variables)
    return data["viewer"]["account"]["ledgerTransfers"]


def movements(page: Any) -> list[str]:
    return [f"{node['debitBook']} {node['creditBook']} {node['amount']}" for node in page["nodes"]]


async def account_of(tenant: Tenant) -> str:
    return format_id(IdKind.ACCOUNT, tenant.account_id)


async def test_a_capture_names_its_hold_its_grant_and_its_usage(ask: Door, tenant: Tenant) -> None:
    grant = await tenant.grant("100")
    run = await tenant.start()
    hold = await tenant.hold(run, "40")
    [usage] = await tenant.add(run, CHAT)
    page = await transfers(ask, tenant)
    grant_id, hold_id = format_id(IdKind.GRANT, grant.id), format_id(IdKind.HOLD, hold.id)
    assert movements(page) == ["ISSUED GRANT 100", "GRANT HOLD 40", "HOLD SPENT 3"]
    capture = page["nodes"][2]
    assert re.fullmatch("transfer_[0-9a-f]{32}", capture.pop("id"))
    assert re.fullmatch("[0-9a-f]{64}", capture.pop("hash"))
    assert capture == {
        "sequence": 3,
        "debitBook": "HOLD",
        "creditBook": "SPENT",
        "amount": "3",
        "postedAt": "2026-03-04T12:00:00Z",
        "grant": {"id": grant_id},
        "debitHold": {"id": hold_id},
        "creditHold": None,
        "serviceUsage": {"id": format_id(IdKind.SERVICE_USAGE, usage.id)},
    }
    assert (page["nodes"][1]["debitHold"], page["nodes"][1]["creditHold"]) == (None, {"id": hold_id})
    assert (page["nodes"][0]["creditHold"], page["nodes"][0]["serviceUsage"]) == (None, None)


async def test_transfers_are_paged_by_their_number(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.add(run, *[CHAT] * 5)
    for order, expected in (("OLDEST_FIRST", [1, 2, 3, 4, 5]), ("NEWEST_FIRST", [5, 4, 3, 2, 1])):
        found: list[int] = []
        page: Any = {"pageInfo": {"endCursor": None, "hasNextPage": True}}
        while page["pageInfo"]["hasNextPage"]:
            cursor = page["pageInfo"]["endCursor"]
            page = await transfers(ask, tenant, orderBy=order, first=2, after=cursor)
            found += [node["sequence"] for node in page["nodes"]]
        assert (found, page["totalCount"]) == (expected, 5)


async def test_a_cursor_of_another_order_is_refused(ask: Door, tenant: Tenant) -> None:
    await tenant.grant("1")
    cursor = (await transfers(ask, tenant))["pageInfo"]["endCursor"]
    variables = {"orderBy": "NEWEST_FIRST", "after": cursor}
    assert await ask.code(tenant.secret, TRANSFERS, variables) == "BAD_USER_INPUT"


async def test_transfers_are_narrowed(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    grant = await tenant.grant("10")
    clock.forward(hours=1)
    run = await tenant.start()
    hold = await tenant.hold(run, "12")
    clock.forward(minutes=30)
    [usage] = await tenant.add(run, CHAT)
    await tenant.void(usage)
    hold_id, grant_id = format_id(IdKind.HOLD, hold.id), format_id(IdKind.GRANT, grant.id)
    usage_id = format_id(IdKind.SERVICE_USAGE, usage.id)
    issued, held, on_credit, captured, refunded = (
        "ISSUED GRANT 10",
        "GRANT HOLD 10",
        "OVERDRAFT HOLD 2",
        "HOLD SPENT 3",
        "SPENT GRANT 3",
    )
    for narrowed, expected in (
        ({}, [issued, held, on_credit, captured, refunded]),
        ({"book": "GRANT"}, [issued, held, refunded]),
        ({"book": "OVERDRAFT"}, [on_credit]),
        ({"book": "EXPIRED"}, []),
        ({"holdId": hold_id}, [held, on_credit, captured]),
        ({"grantId": grant_id}, [issued, held, captured, refunded]),
        ({"serviceUsageId": usage_id}, [captured, refunded]),
        ({"serviceUsageId": usage_id, "book": "HOLD"}, [captured]),
        ({"postedFrom": "2026-03-04T13:00:00Z", "postedTo": "2026-03-04T13:30:00Z"}, [held, on_credit]),
    ):
        page = await transfers(ask, tenant, filter=narrowed)
        assert (movements(page), page["totalCount"]) == (expected, len(expected)), narrowed


@pytest.mark.parametrize("field", ["holdId", "grantId", "serviceUsageId"])
async def test_a_filter_by_an_id_of_another_kind_is_refused(ask: Door, tenant: Tenant, field: str) -> None:
    variables = {"filter": {field: await account_of(tenant)}}
    error = await ask.error(tenant.secret, TRANSFERS, variables)
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": f"filter.{field}"}


async def test_a_transfer_is_found_by_its_id_by_its_own_account(ask: Door, tenant: Tenant) -> None:
    await tenant.grant("5")
    [node] = (await transfers(ask, tenant))["nodes"]
    query = "query ($id: ID!) { node(id: $id) { ... on LedgerTransfer { sequence amount } } }"
    found = await ask.data(tenant.secret, query, {"id": node["id"]})
    assert found == {"node": {"sequence": 1, "amount": "5"}}
    stranger = await new_tenant(tenant.database, "Stranger")
    assert await ask.data(stranger.secret, query, {"id": node["id"]}) == {"node": None}
    assert (await transfers(ask, stranger))["totalCount"] == 0


async def test_a_page_of_transfers_costs_a_statement_for_each_kind_of_edge(ask: Door, tenant: Tenant) -> None:
    await tenant.grant("100")
    run = await tenant.start()
    await tenant.hold(run, "40")
    await tenant.add(run, CHAT)
    await transfers(ask, tenant)  # the first call of a key also notes when it was used
    with statements(tenant.database) as few:
        await transfers(ask, tenant)
    await tenant.add(run, *[CHAT] * 20)
    with statements(tenant.database) as many:
        # The chat at which the hold is used up is paid in two transfers.
        assert len((await transfers(ask, tenant, first=100))["nodes"]) == 24
    assert len(many) == len(few)


async def test_an_account_asks_for_the_proof_of_its_books(ask: Door, tenant: Tenant) -> None:
    await (await new_tenant(tenant.database, "Another")).grant("7")
    await tenant.grant("100")
    run = await tenant.start()
    await tenant.hold(run, "50")
    await tenant.add(run, CALL, CHAT)
    account = await tenant.account()
    expected = {
        "ok": True,
        "accountCount": 1,
        "transferCount": 5,
        "usageCount": 2,
        "checkedAt": "2026-03-04T12:00:00Z",
        "chainHash": account.chain_hash,
        "differences": [],
        "balance": {
            "asOf": "2026-03-04T12:00:00Z",
            "available": "0",
            "held": "0",
            "granted": "100",
            "spent": "103",
            "overdraft": "3",
            "expired": "0",
        },
    }
    assert (await ask.data(tenant.secret, AUDIT))["ledgerAudit"] == expected
    own = {"accountId": await account_of(tenant)}
    assert (await ask.data(tenant.secret, AUDIT, own))["ledgerAudit"] == expected


async def test_any_past_balance_is_told(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    await tenant.grant("100")
    clock.forward(hours=1)
    await tenant.add(await tenant.start(), CHAT)
    for moment, available, spent in (
        ("2026-03-04T11:59:59Z", "0", "0"),
        ("2026-03-04T13:30:00+01:00", "100", "0"),
        ("2026-03-04T13:00:00Z", "97", "3"),
    ):
        found = (await ask.data(tenant.secret, AUDIT, {"asOf": moment}))["ledgerAudit"]["balance"]
        assert (found["available"], found["spent"]) == (available, spent)
    early = await tenant.database.ask(
        lambda session: past_balance(session, account_id=tenant.account_id, as_of=NOON - HOUR)
    )
    assert str(early.granted) == "0"


async def test_only_operators_audit_other_accounts(ask: Door, tenant: Tenant, operator: str) -> None:
    other = await new_tenant(tenant.database, "Other")
    await other.grant("1")
    nobody = "account_" + 32 * "0"
    for account_id in (await account_of(other), nobody):
        error = await ask.error(tenant.secret, AUDIT, {"accountId": account_id})
        assert error["extensions"] == {"code": "FORBIDDEN"}
        assert error["message"] == "Another account needs an API key with the scope OPERATE."
    found = (await ask.data(operator, AUDIT, {"accountId": await account_of(other)}))["ledgerAudit"]
    assert (found["accountCount"], found["transferCount"], found["balance"]["granted"]) == (1, 1, "1")
    assert await ask.data(operator, AUDIT, {"accountId": nobody}) == {"ledgerAudit": None}


async def test_an_operator_audits_all_accounts(ask: Door, tenant: Tenant, operator: str) -> None:
    await tenant.grant("1")
    await (await new_tenant(tenant.database, "Other")).grant("1")
    found = (await ask.data(operator, AUDIT))["ledgerAudit"]
    assert (found["ok"], found["accountCount"], found["transferCount"]) == (True, 2, 2)
    assert (found["chainHash"], found["balance"]) == (None, None)


async def test_an_operators_key_without_the_scope_audits_nothing(ask: Door, database: Database) -> None:
    _, secret = await issue(database, None, "half an operator", [Scope.READ])
    assert await ask.code(secret, AUDIT) == "FORBIDDEN"


async def test_the_proof_needs_the_scope_to_read(ask: Door, tenant: Tenant) -> None:
    assert await ask.code(await scoped(tenant, Scope.TRACK), AUDIT) == "FORBIDDEN"


async def test_differences_are_told(database_url: str, clock: SettableClock) -> None:
    # A store of the test's own: nobody verifies it afterwards.
    async with opened_with_prices(database_url, clock) as database, opened_door(database) as ask:
        tenant = await new_tenant(database)
        await tenant.grant("10")
        engine = create_async_engine(database.url)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE account SET granted = granted + 1"))
        await engine.dispose()
        found = (await ask.data(tenant.secret, AUDIT))["ledgerAudit"]
        assert found["ok"] is False
        assert found["differences"] == [
            {
                "account": {"id": await account_of(tenant)},
                "what": "balance granted",
                "recorded": "10.000001",
                "recomputed": "10",
            }
        ]
