"""Rebuild rollups: throw an account's away and add them up anew from its usages and runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from metering.errors import AccountNotFound
from metering.rollups.recount import recounted
from models.account import Account
from models.base import table_of
from models.plans import any_plan
from models.rollup import Rollup, RunRollup, UsageRollup, series_of

_ROWS_AT_ONCE = 1_000


def rebuild_rollups(session: Session, *, account_id: UUID, now: datetime) -> int:  # noqa: ARG001 - a verb's signature
    """Add up an account's rollups anew, and give how many rows they are; the account is locked.

    What is recorded meanwhile waits for the transaction, or is refused where it waits too long, so that
    nothing is missed and nothing counted twice.
    """
    if session.get_bind().dialect.name == "postgresql":
        # It may take longer than a statement of a caller.
        session.execute(text("SET LOCAL statement_timeout = 0"))
    with any_plan(session):
        return sum(_rebuild(session, rollup, account_id) for rollup in (UsageRollup, RunRollup))


def rollup_owners(session: Session, *, account_id: UUID | None = None) -> list[UUID]:
    """List all accounts, oldest first, or the one that is named.

    Raises AccountNotFound.
    """
    if account_id is None:
        return list(session.scalars(select(Account.id).order_by(Account.id)))
    if session.get(Account, account_id) is None:
        raise AccountNotFound
    return [account_id]


def _whole(row: Mapping[Any, Any], dimensions: Iterable[str]) -> dict[str, Any]:
    return {**row, "series_id": series_of(*(row[name] for name in dimensions))}


def _rebuild(session: Session, rollup: Rollup, account_id: UUID) -> int:
    table, dimensions, count = table_of(rollup), rollup.dimensions, 0
    session.execute(delete(table).where(table.c.account_id == account_id))
    for statement in recounted(rollup):
        owned = statement.where(statement.selected_columns["account_id"] == account_id)
        found = session.execute(owned.execution_options(yield_per=_ROWS_AT_ONCE)).mappings()
        for rows in found.partitions():
            session.execute(insert(table), [_whole(row, dimensions) for row in rows])
            count += len(rows)
    return count
