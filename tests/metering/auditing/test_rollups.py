"""The audit finds rollups that are not what usages and runs add up to; rebuilding them mends that alone."""

from functools import partial

import pytest
from sqlalchemy import select

from metering.rollups import rebuild_rollups
from models.base import table_of
from models.rollup import RunRollup, UsageRollup
from models.writer import Command
from tests.metering.auditing.tampering import OF_ACME, Store

CALL = "runs 'phone_ai_call' of the key on PHONE twilio in MINUTES"
ONE = "1 usages, 5 units, 0 millionths, 100 credits"
NONE = "0 usages, 0 units, 0 millionths, 0 credits"


async def rebuild(books: Store) -> int:
    """Rebuild Acme's rollups, and give how many rows they are."""
    account_id = books.tenant.account_id
    return await books.database.write(Command(account_id, partial(rebuild_rollups, account_id=account_id)))


async def rows(books: Store) -> list[list[tuple[object, ...]]]:
    """Give all rows of both tables in order."""
    found = []
    async with books.database.read() as session:
        for rollup in (UsageRollup, RunRollup):
            statement = select(table_of(rollup)).order_by(*table_of(rollup).primary_key)
            found.append([tuple(row) for row in await session.execute(statement)])
    return found


async def test_a_wrong_figure_is_found_and_mended(books: Store) -> None:
    before = await rows(books)
    await books.tamper(
        f"UPDATE usage_rollup SET micros = micros + 1 WHERE grain = 'DAY' AND provider = 'twilio' AND {OF_ACME}"
    )
    assert await books.wrong_rollups() == [
        f"DAY from 2026-03-04T00:00:00+00:00 of {CALL}: {ONE.replace('100', '100.000001')}, not {ONE}"
    ]
    assert await books.differences() == []
    assert await rebuild(books) == 8
    assert await books.wrong_rollups() == []
    assert await rows(books) == before


async def test_missing_and_superfluous_rows_are_found(books: Store) -> None:
    await books.tamper(f"DELETE FROM usage_rollup WHERE grain = 'HOUR' AND provider = 'twilio' AND {OF_ACME}")
    await books.tamper(f"UPDATE run_rollup SET workflow_name = 'other' WHERE grain = 'DAY' AND {OF_ACME}")
    nothing, one = "0 runs, 0 ended, 0 seconds, 0 microseconds", "1 runs, 0 ended, 0 seconds, 0 microseconds"
    assert await books.wrong_rollups() == [
        f"HOUR from 2026-03-04T12:00:00+00:00 of {CALL}: {NONE}, not {ONE}",
        f"DAY from 2026-03-04T00:00:00+00:00 of runs 'other' of the key: {one}, not {nothing}",
        f"DAY from 2026-03-04T00:00:00+00:00 of runs 'phone_ai_call' of the key: {nothing}, not {one}",
    ]
    await rebuild(books)
    assert await books.wrong_rollups() == []


@pytest.mark.parametrize("table", ["usage_rollup", "run_rollup"])
async def test_rows_that_count_nothing_are_as_good_as_none(books: Store, table: str) -> None:
    figures = "usage_count, units, millionths, micros" if table == "usage_rollup" else "run_count"
    zeros = ", ".join(f"{name.strip()} = 0" for name in figures.split(","))
    await books.tamper(f"UPDATE {table} SET {zeros} WHERE {OF_ACME}")
    assert len(await books.wrong_rollups()) == (6 if table == "usage_rollup" else 2)
    await books.tamper(f"DELETE FROM {table} WHERE {OF_ACME}")
    assert len(await books.wrong_rollups()) == (6 if table == "usage_rollup" else 2)


async def test_rebuilding_leaves_other_accounts_alone(books: Store) -> None:
    before = await rows(books)
    await books.tamper("UPDATE usage_rollup SET units = 1")
    await rebuild(books)
    after = await rows(books)
    bystander = books.bystander.account_id
    assert [row for row in after[0] if row[0] != bystander] == [
        row for row in before[0] if row[0] != bystander
    ]
    assert {row[-3] for row in after[0] if row[0] == bystander} == {1}
