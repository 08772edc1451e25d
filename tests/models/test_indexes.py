"""Transfers are found by what they name, over indexes that leave out those that name nothing."""

from uuid import UUID

import pytest

from tests.models.test_migrations import execute

NAMED = {
    "ix_ledger_transfer_usage": "service_usage_id",
    "ix_ledger_transfer_grant": "grant_id",
    "ix_ledger_transfer_debit_hold": "debit_hold_id",
    "ix_ledger_transfer_credit_hold": "credit_hold_id",
}
PARTIAL = {
    "sqlite": "SELECT name FROM pragma_index_list('ledger_transfer') WHERE partial = 1",
    "postgresql": "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid "
    "WHERE indrelid = 'ledger_transfer'::regclass AND indpred IS NOT NULL",
}
NIL = UUID(int=0)
EXPLAIN = {
    "sqlite": "EXPLAIN QUERY PLAN SELECT id FROM ledger_transfer WHERE account_id = x'00' AND {} = x'00'",
    "postgresql": f"EXPLAIN SELECT id FROM ledger_transfer WHERE account_id = '{NIL}' AND {{}} = '{NIL}'",
}


async def test_the_indexes_leave_out_what_names_nothing(database_url: str) -> None:
    found = await execute(database_url, PARTIAL[database_url.partition("+")[0]])
    assert {name for (name,) in found} == set(NAMED)


@pytest.mark.parametrize(("index", "column"), NAMED.items())
async def test_a_transfer_is_found_over_the_index_of_what_it_names(
    database_url: str, index: str, column: str
) -> None:
    plan = await execute(database_url, EXPLAIN[database_url.partition("+")[0]].format(column))
    assert index in str(plan)
