"""An audit is much work: one in an operation, one at a time, and nobody else waits for it."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from graph.audits import MOST_WAITING, turns_of
from models.api_key import Scope
from models.database import Database
from tests.databases.statements import statements
from tests.door import Door, opened_door, scoped
from tests.tenant import Tenant, new_tenant

ONE = "{ ledgerAudit { ok } }"
BALANCE = "{ viewer { account { balance { available } } } }"
BOTH = "{ viewer { account { balance { granted } } } proof: ledgerAudit { ok transferCount } }"
NEAR_BY_FRAGMENT = (
    "{ ledgerAudit { ok } ...Once } fragment Once on Query { ... on Query { ledgerAudit { chainHash } } }"
)
MANY = "{" + " ".join(f"a{number}: ledgerAudit {{ ok }}" for number in range(40)) + "}"
BY_FRAGMENT = "{ ledgerAudit { ok } ...More } fragment More on Query { more: ledgerAudit { ok } }"
INLINE = "{ ledgerAudit { ok } ... on Query { ... { more: ledgerAudit { ok } } } }"
ELSEWHERE = "query A { ledgerAudit { ok } more: ledgerAudit { ok } } query B { viewer { account { name } } }"


@pytest.mark.parametrize(
    ("query", "times"),
    [(MANY, 40), (BY_FRAGMENT, 2), (INLINE, 2)],
    ids=["aliases", "a fragment", "an inline fragment"],
)
async def test_an_operation_asks_for_one_audit(ask: Door, tenant: Tenant, query: str, times: int) -> None:
    with statements(tenant.database) as sent:
        error = await ask.error(tenant.secret, query)
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "field": "ledgerAudit"}
    assert error["message"] == (
        f"ledgerAudit: once is the most in an operation, and this asks for it {times} times."
    )
    assert not any("ledger_transfer" in statement for statement in sent)


async def test_no_operation_of_a_document_asks_for_more(ask: Door, tenant: Tenant) -> None:
    body = json.dumps({"query": ELSEWHERE, "operationName": "B"}).encode()
    [error] = (await ask.post(tenant.secret, body)).json()["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"


async def test_one_field_that_is_asked_for_in_parts_is_one_audit(ask: Door, tenant: Tenant) -> None:
    account = await tenant.account()
    found = await ask.data(tenant.secret, NEAR_BY_FRAGMENT)
    assert found == {"ledgerAudit": {"ok": True, "chainHash": account.chain_hash}}


async def test_an_audit_has_its_turn_with_all_that_is_asked_beside_it(ask: Door, tenant: Tenant) -> None:
    await tenant.grant("3")
    assert await ask.data(tenant.secret, BOTH) == {
        "viewer": {"account": {"balance": {"granted": "3"}}},
        "proof": {"ok": True, "transferCount": 1},
    }


async def test_audits_that_wait_hold_no_connection_and_see_what_comes_meanwhile(
    ask: Door, tenant: Tenant
) -> None:
    other = await new_tenant(tenant.database, "Other")
    async with AsyncExitStack() as running:
        await running.enter_async_context(turns_of(tenant.database).turn())
        waiting = [asyncio.create_task(ask.data(tenant.secret, BOTH)) for _ in range(MOST_WAITING)]
        await until(lambda: turns_of(tenant.database).waiting == MOST_WAITING)
        assert connections_in_use(tenant.database) == 0
        assert await ask.data(other.secret, BALANCE) == {
            "viewer": {"account": {"balance": {"available": "0"}}}
        }
        error = await ask.error(other.secret, ONE)
        assert error["extensions"] == {"code": "UNAVAILABLE", "field": "ledgerAudit"}
        assert error["message"] == "ledgerAudit: 8 others wait for their turn; try again in a moment."
        await tenant.grant("3")
        assert not any(each.done() for each in waiting)
    answers: list[Any] = await asyncio.gather(*waiting)
    assert [each["proof"] for each in answers] == [{"ok": True, "transferCount": 1}] * MOST_WAITING
    assert [each["viewer"]["account"]["balance"]["granted"] for each in answers] == ["3"] * MOST_WAITING
    assert (await ask.data(other.secret, ONE)) == {"ledgerAudit": {"ok": True}}


async def test_who_gives_up_waiting_leaves_the_line(tenant: Tenant) -> None:
    turns = turns_of(tenant.database)

    async def wait() -> None:
        async with turns.turn():
            pass

    async with turns.turn():
        waiting = [asyncio.create_task(wait()) for _ in range(MOST_WAITING)]
        await until(lambda: turns.waiting == MOST_WAITING)
        waiting[3].cancel()
        await until(lambda: turns.waiting == MOST_WAITING - 1)
        waiting.append(asyncio.create_task(wait()))
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in found] == [
        number == 3 for number in range(MOST_WAITING + 1)
    ]
    assert turns.waiting == 0


async def test_an_audit_that_is_refused_or_fails_gives_its_turn_on(ask: Door, tenant: Tenant) -> None:
    assert await ask.code(await scoped(tenant, Scope.TRACK), ONE) == "FORBIDDEN"
    assert await ask.code(tenant.secret, '{ ledgerAudit(accountId: "nonsense") { ok } }') == "BAD_USER_INPUT"
    assert await ask.data(tenant.secret, ONE) == {"ledgerAudit": {"ok": True}}


async def test_many_audits_at_once_are_all_answered_or_sent_away(tenant: Tenant) -> None:
    await tenant.grant("1")
    async with opened_door(tenant.database, cost_limit=0) as ask:
        answers = await asyncio.gather(*(ask(tenant.secret, ONE) for _ in range(3 * MOST_WAITING)))
    codes = [answer["errors"][0]["extensions"]["code"] for _, answer in answers if "errors" in answer]
    assert set(codes) <= {"UNAVAILABLE"}
    assert len(answers) - len(codes) >= MOST_WAITING + 1
    assert turns_of(tenant.database).waiting == 0


def connections_in_use(database: Database) -> int:
    """Count the readers' connections that somebody holds."""
    in_use: int = database.reader.sync_engine.pool.checkedout()  # type: ignore[attr-defined]  # a pool that queues
    return in_use


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what other tasks bring about, ten seconds at the most."""
    for _ in range(2_000):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail("It did not come about.")
