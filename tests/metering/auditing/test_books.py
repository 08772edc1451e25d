"""The audit of balances, grants, usages and runs finds every kind of tampering, and nothing where all is right."""

import pytest
from sqlalchemy.exc import IntegrityError

from metering.auditing import Audit, audit
from metering.errors import AccountNotFound
from models.database import Database
from models.identity import new_id
from tests.metering.auditing.tampering import OF_ACME, Store


async def test_right_books_show_no_difference(books: Store) -> None:
    found = await books.database.ask(audit)
    assert (found.ok, found.chain_hash) == (True, None)
    assert (found.account_count, found.usage_count, found.transfer_count) == (2, 4, 8)


async def test_one_account_can_be_audited_alone(books: Store) -> None:
    account = await books.tenant.account()
    found = await books.database.ask(lambda session: audit(session, account_id=account.id))
    assert found == Audit(1, 5, 3, account.chain_hash, differences=())
    assert len(account.chain_hash) == 64


async def test_an_account_that_is_not_there_cannot_be_audited(books: Store) -> None:
    with pytest.raises(AccountNotFound):
        await books.database.ask(lambda session: audit(session, account_id=new_id()))


async def test_an_empty_store_is_right(database: Database) -> None:
    assert await database.ask(audit) == Audit(0, 0, 0, None, ())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("granted = granted + 1", ["balance granted: 100.000001, not 100"]),
        (
            "spent = spent - 1000000",
            [
                "balance spent: 102, not 103",
                "spending by its usages: 102, not 103",
                "spending by its runs: 102, not 103",
            ],
        ),
        ("overdraft = overdraft + 2", ["balance overdraft: 3.000002, not 3"]),
        (
            "granted = granted + 5, expired = 5",
            ["balance granted: 100.000005, not 100", "balance expired: 0.000005, not 0"],
        ),
        ("transfer_count = 6", ["transfer count: 6, not 5"]),
        ("chain_hash = ''", ["last hash: none, not #"]),
    ],
)
async def test_a_wrong_balance_is_found(books: Store, change: str, found: list[str]) -> None:
    await books.tamper(f"UPDATE account SET {change} WHERE name = 'Acme'")
    assert await books.differences() == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("remaining = 7000000", ["remainder of the grant: 7, not 0"]),
        (
            "amount = 90000000, voided = 91000000",
            [
                "amount of the grant: 90, not 100",
                "voided credits of the grant: 91, not 0",
                "credits out of bounds of the grant: 1, not 0",
            ],
        ),
    ],
)
async def test_a_wrong_grant_is_found(books: Store, change: str, found: list[str]) -> None:
    await books.tamper(f"UPDATE credit_grant SET {change} WHERE {OF_ACME}")
    assert await books.differences() == found


async def test_a_grant_that_is_gone_is_found(books: Store) -> None:
    await books.tamper(f"DELETE FROM ledger_transfer WHERE debit_book = 'ISSUED' AND {OF_ACME}")
    assert await books.differences() == [
        "balance granted: 100, not 0",
        "transfer count: 5, not 4",
        "amount of the grant: 100, not 0",
        "remainder of the grant: 0, not -100",
        "sequence of transfer 2: 2, not 1",
    ]


async def test_a_missing_payment_is_found(books: Store) -> None:
    await books.tamper("DELETE FROM ledger_transfer WHERE amount = 3000000")
    assert await books.differences() == [
        "balance spent: 103, not 100",
        "balance overdraft: 3, not 0",
        "transfer count: 5, not 4",
        "payment of the chat: 3, not 0",
        "spending on GPT gpt-4o-mini: 3, not 0",
        "sequence of transfer 4: 4, not 3",
    ]


async def test_a_changed_payment_is_found(books: Store) -> None:
    await books.tamper("UPDATE ledger_transfer SET amount = amount + 1 WHERE amount = 3000000")
    assert await books.differences() == [
        "balance spent: 103, not 103.000001",
        "balance overdraft: 3, not 3.000001",
        "payment of the chat: 3, not 3.000001",
        "spending on GPT gpt-4o-mini: 3, not 3.000001",
        "hash of transfer 3: #, not #",
    ]


async def test_a_payment_moved_to_another_usage_is_found(books: Store) -> None:
    await books.tamper(
        "UPDATE ledger_transfer SET service_usage_id = (SELECT id FROM service_usage WHERE voided_at IS NOT NULL) "
        "WHERE amount = 3000000"
    )
    assert await books.differences() == [
        "payment of the chat: 3, not 0",
        "payment of the voided call: 100, not 103",
        "spending on GPT gpt-4o-mini: 3, not 0",
        "spending on PHONE twilio: 100, not 103",
        "hash of transfer 3: #, not #",
    ]


async def test_a_payment_for_nothing_is_found(books: Store) -> None:
    await books.tamper("UPDATE ledger_transfer SET service_usage_id = NULL WHERE amount = 3000000")
    assert await books.differences() == [
        "payment of the chat: 3, not 0",
        "usage of transfer 3: none, not the usage that was paid or refunded",
        "spending on GPT gpt-4o-mini: 3, not 0",
        "hash of transfer 3: #, not #",
    ]


async def test_a_repriced_usage_is_found(books: Store) -> None:
    await books.tamper("UPDATE service_usage SET credits = 4000000 WHERE credits = 3000000")
    assert await books.differences() == [
        "spending by its usages: 103, not 104",
        "payment of the chat: 4, not 3",
        "total of the run: 103, not 104",
        "spending of the key: 103, not 104",
        "spending on GPT gpt-4o-mini: 4, not 3",
    ]


async def test_a_void_without_a_refund_is_found(books: Store) -> None:
    await books.tamper("UPDATE service_usage SET voided_at = recorded_at WHERE credits = 3000000")
    assert await books.differences() == [
        "spending by its usages: 103, not 100",
        "refund of the chat: 3, not 0",
        "total of the run: 103, not 100",
        "usage count of the run: 2, not 1",
        "spending of the key: 103, not 100",
        "spending on GPT gpt-4o-mini: 0, not 3",
    ]


async def test_a_refund_without_a_void_is_found(books: Store) -> None:
    await books.tamper(f"UPDATE service_usage SET voided_at = NULL WHERE voided_at IS NOT NULL AND {OF_ACME}")
    assert await books.differences() == [
        "spending by its usages: 103, not 203",
        "refund of the voided call: 0, not 100",
        "total of the run: 103, not 203",
        "usage count of the run: 2, not 3",
        "spending of the key: 103, not 203",
        "spending on PHONE twilio: 200, not 100",
    ]


async def test_wrong_totals_of_a_run_and_so_of_its_key_are_found(books: Store) -> None:
    await books.tamper(
        "UPDATE workflow SET total_credits = total_credits - 1, usage_count = 9 WHERE usage_count = 2"
    )
    assert await books.differences() == [
        "spending by its runs: 103, not 102.999999",
        "total of the run: 102.999999, not 103",
        "usage count of the run: 9, not 2",
        "spending of the key: 102.999999, not 103",
    ]


async def test_the_store_refuses_what_no_books_may_hold(books: Store) -> None:
    for statement in (
        "UPDATE account SET overdraft = -1",
        "UPDATE account SET spent = spent + 1",
        "UPDATE account SET held = 1",
        "UPDATE account SET held_on_credit = 1",
        "UPDATE credit_grant SET remaining = amount + 1",
        "UPDATE workflow SET status = 'COMPLETED'",
    ):
        with pytest.raises(IntegrityError):
            await books.attempt(statement)
    assert await books.differences() == []
