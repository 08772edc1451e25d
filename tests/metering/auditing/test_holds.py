"""The audit of holds: their books, lines, parts and sources."""

import pytest

from models.identity import IdKind, format_id
from tests.budgets import limit
from tests.metering.auditing.tampering import OF_ACME, Store

CREDIT = 1_000_000


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "captured = captured + 1000000, remaining = remaining - 1000000 WHERE captured > 0",
            [
                "held by its open holds: 117, not 116",
                "captured credits of the borrowed hold: 4, not 3",
                "remainder of the borrowed hold: 26, not 27",
                "remainder of the borrowed hold by its parts: 26, not 27",
            ],
        ),
        (
            "lent = lent - 1000000, released = released + 1000000 WHERE lent > 0",
            ["released credits of the hold: 1, not 0", "lent credits of the hold: 29, not 30"],
        ),
        (
            "amount = amount + 1000000, released = 1000000 WHERE lent > 0",
            [
                "amount of the hold: 121, not 120",
                "released credits of the hold: 1, not 0",
                "amount of the hold by its lines: 121, not 120",
                "amount of the hold by its parts: 121, not 120",
            ],
        ),
        (
            "status = 'EXPIRED', closed_at = created_at, remaining = 0, released = 27000000 WHERE captured > 0",
            [
                "held by its open holds: 117, not 90",
                "released credits of the borrowed hold: 27, not 0",
                "remainder of the borrowed hold: 0, not 27",
                "remainder of the borrowed hold by its parts: 0, not 27",
            ],
        ),
    ],
)
async def test_a_wrong_hold_is_found(held: Store, change: str, found: list[str]) -> None:
    await held.tamper(f"UPDATE credit_hold SET {change}")
    assert await held.differences() == found


async def test_a_part_with_another_remainder_is_found(held: Store) -> None:
    await held.tamper("UPDATE hold_part SET remaining = remaining - 1 WHERE lender_hold_id IS NOT NULL")
    assert await held.differences() == [
        "remainder of the borrowed hold by its parts: 27, not 26.999999",
        "remainder of the borrowed hold from the grant: 26.999999, not 27",
    ]


async def test_a_part_of_another_size_is_found(held: Store) -> None:
    await held.tamper("UPDATE hold_part SET amount = amount + 1 WHERE grant_id IS NULL")
    assert await held.differences() == [
        "amount of the hold by its parts: 120, not 120.000001",
        "credits of line 0 of the hold: 120, not 120.000001",
        "credits of the hold from the credit line: 20.000001, not 20",
    ]


async def test_a_part_from_another_source_is_found(held: Store) -> None:
    await held.tamper("UPDATE hold_part SET grant_id = NULL WHERE lender_hold_id IS NOT NULL")
    assert await held.differences() == [
        "held on credit by its open holds: 20, not 47",
        "credits of the borrowed hold from the credit line: 30, not 0",
        "remainder of the borrowed hold from the credit line: 27, not 0",
        "credits of the borrowed hold from the grant: 0, not 30",
        "remainder of the borrowed hold from the grant: 0, not 27",
    ]


async def test_a_changed_line_is_found(held: Store) -> None:
    await held.tamper(f"UPDATE hold_line SET credits = {121 * CREDIT} WHERE credits = {120 * CREDIT}")
    assert await held.differences() == [
        "amount of the hold by its lines: 120, not 121",
        "credits of line 0 of the hold: 121, not 120",
    ]


async def test_wrong_held_balances_are_found(held: Store) -> None:
    await held.tamper(
        "UPDATE account SET held = held + 1, held_on_credit = held_on_credit - 1 WHERE name = 'Acme'"
    )
    assert await held.differences() == [
        "balance held: 117.000001, not 117",
        "balance held on credit: 19.999999, not 20",
        "held by its open holds: 117.000001, not 117",
        "held on credit by its open holds: 19.999999, not 20",
    ]


async def test_a_capture_that_is_gone_is_found(held: Store) -> None:
    await held.tamper(f"DELETE FROM ledger_transfer WHERE sequence = 5 AND {OF_ACME}")
    assert await held.differences() == [
        "balance spent: 3, not 0",
        "balance held: 117, not 120",
        "transfer count: 5, not 4",
        "last hash: #, not #",
        "captured credits of the borrowed hold: 3, not 0",
        "remainder of the borrowed hold: 27, not 30",
        "remainder of the borrowed hold from the grant: 27, not 30",
        "payment of the chat: 3, not 0",
        "spending on GPT gpt-4o-mini: 3, not 0",
    ]


@pytest.mark.parametrize(
    ("due", "found"),
    [
        ("NULL", "next expiry: none, not 2026-03-04T13:00:00+00:00"),
        (
            "(SELECT max(expires_at) FROM credit_grant)",
            "next expiry: 2027-03-04T12:00:00+00:00, not 2026-03-04T13:00:00+00:00",
        ),
    ],
)
async def test_credits_that_would_expire_unnoticed_are_found(held: Store, due: str, found: str) -> None:
    await held.tamper(f"UPDATE account SET expiry_due_at = {due} WHERE name = 'Acme'")
    assert await held.differences() == [found]


async def test_an_expiry_that_is_due_too_early_does_no_harm(held: Store) -> None:
    await held.tamper("UPDATE account SET expiry_due_at = created_at WHERE name = 'Acme'")
    assert await held.differences() == []


async def test_wrong_counters_of_a_budget_are_found(held: Store) -> None:
    budget = await limit(held.tenant, "ACCOUNT", "DAY", "1000")
    await held.tamper("UPDATE budget_use SET used = used + 1, held = held - 1")
    which = f"{format_id(IdKind.BUDGET, budget.id)} by the account from 2026-03-04T00:00:00+00:00"
    assert await held.differences() == [
        f"used of {which}: 3.000001, not 3",
        f"held of {which}: 116.999999, not 117",
    ]
