"""Each account's balances beside its transfers, its open holds, its usages, its runs and its ledger's end."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import FromClause, Subquery, Text, and_, func, select
from sqlalchemy import cast as sql_cast

from metering.auditing.comparison import (
    AnySelect,
    Check,
    Figure,
    One,
    account_wide,
    compare,
    drawn,
    kept,
    micros,
    of_one,
    summed,
)
from models.account import Account
from models.hold import Hold, HoldPart, HoldStatus
from models.ledger import Book, LedgerTransfer
from models.ledger_chain import GENESIS
from models.service_usage import ServiceUsage
from models.sums import wide_total
from models.workflow import Workflow


def checks(only: One) -> Iterator[Check]:
    """Check every cached balance against what it is kept for."""
    books, holds, parts = _books(only), _open_holds(only), _open_parts(only)
    usages, runs = _usages(only), _runs(only)
    rows: FromClause = Account.__table__
    for sums in (books, holds, parts, usages, runs):
        rows = rows.outerjoin(sums, sums.c.account_id == Account.id)
    last = and_(
        LedgerTransfer.account_id == Account.id,
        LedgerTransfer.sequence == books.c.last_sequence,
    )
    rows = rows.outerjoin(LedgerTransfer, last)
    balances = [
        Figure(f"balance {name.replace('_', ' ')}", micros(recorded), summed(books.c[name]))
        for name, recorded in _BALANCES.items()
    ]
    figures = [
        *balances,
        Figure("held by its open holds", micros(Account.held), summed(holds.c.micros)),
        Figure("held on credit by its open holds", micros(Account.held_on_credit), summed(parts.c.micros)),
        Figure("spending by its usages", micros(Account.spent), summed(usages.c.micros)),
        Figure("spending by its runs", micros(Account.spent), summed(runs.c.micros)),
        Figure("transfer count", micros(Account.transfer_count), micros(books.c.transfer_count), str),
        Figure("last hash", Account.chain_hash, _hash_or_genesis(LedgerTransfer.hash), _hash_text),
    ]
    yield compare(rows, Account.id, [Account.id], figures, account_wide, only)


def balance_columns() -> list[Any]:
    """Give what the transfers that are selected make of each balance, labelled with the balance's name."""
    on_credit = LedgerTransfer.grant_id.is_(None)
    return [
        drawn(Book.ISSUED).label("granted"),
        kept(Book.SPENT).label("spent"),
        kept(Book.EXPIRED).label("expired"),
        drawn(Book.OVERDRAFT).label("overdraft"),
        kept(Book.HOLD).label("held"),
        kept(Book.HOLD, on_credit).label("held_on_credit"),
    ]


def _books(only: One) -> Subquery:
    return _by_account(
        LedgerTransfer.account_id,
        only,
        *balance_columns(),
        func.count().label("transfer_count"),
        func.max(LedgerTransfer.sequence).label("last_sequence"),
    ).subquery()


def _open_holds(only: One) -> Subquery:
    held = _by_account(Hold.account_id, only, wide_total(Hold.remaining).label("micros"))
    return held.where(Hold.status == HoldStatus.OPEN).subquery()


def _open_parts(only: One) -> Subquery:
    held = _by_account(HoldPart.account_id, only, wide_total(HoldPart.remaining).label("micros"))
    return held.where(HoldPart.grant_id.is_(None)).subquery()


def _usages(only: One) -> Subquery:
    used = _by_account(ServiceUsage.account_id, only, wide_total(ServiceUsage.credits).label("micros"))
    return used.where(ServiceUsage.voided_at.is_(None)).subquery()


def _runs(only: One) -> Subquery:
    return _by_account(
        Workflow.account_id, only, wide_total(Workflow.total_credits).label("micros")
    ).subquery()


def _by_account(account: Any, only: One, *columns: Any) -> AnySelect:  # noqa: ANN401 - mapped columns
    statement = select(account.label("account_id"), *columns).group_by(account)
    return of_one(statement, account, only)


def _hash_or_genesis(column: Any) -> Any:  # noqa: ANN401 - an expression
    return sql_cast(func.coalesce(column, GENESIS), Text())


def _hash_text(value: str) -> str:
    return value or "none"


_BALANCES = {
    "granted": Account.granted,
    "spent": Account.spent,
    "expired": Account.expired,
    "overdraft": Account.overdraft,
    "held": Account.held,
    "held_on_credit": Account.held_on_credit,
}
