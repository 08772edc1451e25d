"""The audit: recompute the books from their records and name what differs."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from metering.auditing import (
    accounts,
    counters,
    expiry,
    grants,
    holds,
    links,
    references,
    rollups,
    totals,
    usages,
)
from metering.auditing.comparison import Check
from metering.auditing.findings import Audit
from metering.errors import AccountNotFound
from models.account import Account
from models.base import Id
from models.database import Question
from models.ledger import LedgerTransfer
from models.service_usage import ServiceUsage

Answer = TypeVar("Answer")
Progress = Callable[[int, int], None]
"""Told now and then how many transfers of how many are checked."""

_TOPICS = (
    accounts.checks,
    grants.checks,
    holds.checks,
    usages.checks,
    totals.checks,
    rollups.checks,
    references.checks,
    expiry.checks,
)


def audit(session: Session, *, account_id: UUID | None = None, progress: Progress | None = None) -> Audit:
    """Recompute the books of one account, or of all, within the session's snapshot.

    Compared are balances, grants, holds and their parts with the transfers, each usage with what was paid for
    it, the totals of runs, keys, services and accounts with each other, rollups with what they add up, every
    reference with what it refers to, what expires with when it is due, budgets' counters with what they
    count, and each transfer's hash with the one before. Each kind of comparison is one statement (a few for
    each budget) and names at most 1,000 rows; the chain is read in chunks.

    Raises AccountNotFound.
    """
    chain_hash = None if account_id is None else _chain_hash(session, account_id)
    transfer_count = _count(session, LedgerTransfer.account_id, account_id)
    checks = _checks_of_all() if account_id is None else _checks_of_one()
    parameters = {_ONE.key: account_id} if account_id is not None else {}
    found = [
        difference
        for check in checks
        for row in session.execute(check.statement, parameters)
        for difference in check.read(row)
    ]
    found += counters.miscounted(session, account_id)
    for checked in links.broken(session, account_id):
        found += checked.differences
        if progress is not None:
            progress(checked.transfer_count, transfer_count)
    return Audit(
        account_count=_count(session, Account.id, account_id),
        transfer_count=transfer_count,
        usage_count=_count(session, ServiceUsage.account_id, account_id),
        chain_hash=chain_hash,
        differences=tuple(found),
    )


def unhurried(question: Question[Answer]) -> Question[Answer]:
    """Free a question of the bound on a statement's time, where no other caller waits for the connection."""

    def ask(session: Session) -> Answer:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL statement_timeout = 0"))
        return question(session)

    return ask


@cache
def _checks_of_all() -> list[Check]:
    return [check for checks in _TOPICS for check in checks(None)]


@cache
def _checks_of_one() -> list[Check]:
    return [check for checks in _TOPICS for check in checks(_ONE)]


def _chain_hash(session: Session, account_id: UUID) -> str:
    found = session.scalar(select(Account.chain_hash).where(Account.id == account_id))
    if found is None:
        raise AccountNotFound
    return found


def _count(session: Session, account: Any, only: UUID | None) -> int:  # noqa: ANN401 - a mapped column
    statement = select(func.count(account))
    if only is not None:
        statement = statement.where(account == only)
    return session.scalar(statement) or 0


_ONE = bindparam("one_account", type_=Id())
