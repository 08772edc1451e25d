"""The chain: what was changed, taken out, put in or cut off shows."""

import pytest

from metering.auditing import audit, links
from tests.metering.auditing.tampering import CHAT, OF_ACME, Store


async def test_a_transfer_cut_off_the_end_is_found(books: Store) -> None:
    await books.tamper(f"DELETE FROM ledger_transfer WHERE sequence = 5 AND {OF_ACME}")
    found = await books.differences()
    assert found[:4] == [
        "balance spent: 103, not 203",
        "balance overdraft: 3, not 103",
        "transfer count: 5, not 4",
        "last hash: #, not #",
    ]
    assert found[4:] == ["refund of the voided call: 100, not 0", "spending on PHONE twilio: 100, not 200"]


async def test_an_end_that_is_cut_off_everywhere_is_found_by_the_payments(books: Store) -> None:
    await books.tamper(f"DELETE FROM ledger_transfer WHERE sequence = 5 AND {OF_ACME}")
    await books.tamper(
        "UPDATE account SET transfer_count = 4, spent = 203000000, overdraft = 103000000, "
        f"chain_hash = (SELECT hash FROM ledger_transfer WHERE sequence = 4 AND {OF_ACME}) WHERE name = 'Acme'"
    )
    assert await books.differences() == [
        "spending by its usages: 203, not 103",
        "spending by its runs: 203, not 103",
        "refund of the voided call: 100, not 0",
        "spending on PHONE twilio: 100, not 200",
    ]


async def test_swapped_hashes_are_found(books: Store) -> None:
    await books.tamper(
        "UPDATE ledger_transfer SET hash = swapped.hash FROM ledger_transfer AS swapped "
        "WHERE swapped.account_id = ledger_transfer.account_id AND swapped.sequence = 5 - ledger_transfer.sequence "
        f"AND ledger_transfer.sequence IN (2, 3) AND ledger_transfer.{OF_ACME}"
    )
    assert await books.differences() == [
        "hash of transfer 2: #, not #",
        "hash of transfer 3: #, not #",
        "hash of transfer 4: #, not #",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "posted_at = (SELECT min(effective_from) FROM rate_card)",
        "debit_book = 'EXPIRED', credit_book = 'EXPIRED'",
        "id = (SELECT id FROM account WHERE name = 'Acme')",
    ],
)
async def test_every_column_is_chained(books: Store, change: str) -> None:
    await books.tamper(f"UPDATE ledger_transfer SET {change} WHERE sequence = 4 AND {OF_ACME}")
    assert "hash of transfer 4: #, not #" in await books.differences()


async def test_a_transfer_put_in_is_found(books: Store) -> None:
    columns = "debit_book, credit_book, amount, grant_id, debit_hold_id, credit_hold_id, service_usage_id, posted_at"
    await books.tamper(
        f"INSERT INTO ledger_transfer (account_id, id, sequence, {columns}, hash) "
        f"SELECT account_id, account_id, 6, {columns}, hash FROM ledger_transfer WHERE sequence = 5 AND {OF_ACME}"
    )
    found = await books.differences()
    assert "transfer count: 5, not 6" in found
    assert "hash of transfer 6: #, not #" in found


async def test_a_chain_that_is_broken_throughout_is_told_in_a_few_lines(books: Store) -> None:
    run = await books.tenant.start()
    await books.tenant.add(run, *[CHAT] * 20)
    await books.tamper(f"UPDATE ledger_transfer SET hash = 'x' WHERE {OF_ACME}")
    found = await books.differences()
    assert len([line for line in found if line.startswith("hash of")]) == links.MOST_BREAKS


async def test_a_chain_is_followed_from_chunk_to_chunk(books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "CHUNK", 2)
    seen: list[tuple[int, int]] = []
    found = await books.database.ask(
        lambda session: audit(session, progress=lambda done, total: seen.append((done, total)))
    )
    assert (found.ok, seen) == (True, [(2, 8), (4, 8), (6, 8), (8, 8)])
    await books.tamper(f"UPDATE ledger_transfer SET hash = 'x' WHERE sequence = 5 AND {OF_ACME}")
    assert await books.differences() == ["last hash: #, not x", "hash of transfer 5: x, not #"]
