"""The audit: recompute every balance from the transfers and name what differs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, case, func, select, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from models.account import Account
from models.base import BigInt, total
from models.identity import IdKind, format_id
from models.ledger import Book, Grant, LedgerTransfer
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what the records add up to."""

    account_id: UUID
    what: str
    recorded: Credits
    recomputed: Credits


@dataclass(frozen=True, slots=True)
class Audit:
    """How much was looked at, and every difference found: there must be none."""

    account_count: int
    transfer_count: int
    usage_count: int
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        """Whether the books are right."""
        return not self.differences


def audit(session: Session, *, account_id: UUID | None = None) -> Audit:
    """Recompute the books of one account, or of all, within the session's snapshot.

    Compared are each account's balances with its transfers, each grant's remainder with its book, each
    usage with what was paid for it, and the totals of each run and account with their usages.
    """
    differences = [*_balances(session, account_id), *_remainders(session, account_id)]
    differences += [*_payments(session, account_id), *_run_totals(session, account_id)]
    differences += _spending(session, account_id)
    return Audit(
        account_count=_count(session, Account, account_id),
        transfer_count=_count(session, LedgerTransfer, account_id),
        usage_count=_count(session, ServiceUsage, account_id),
        differences=tuple(differences),
    )


def _balances(session: Session, only: UUID | None) -> Iterator[Difference]:
    entries = _entries(only)
    kept_in: list[tuple[str, Any, Book, int]] = [
        ("granted", Account.granted, Book.ISSUED, -1),
        ("spent", Account.spent, Book.SPENT, 1),
        ("expired", Account.expired, Book.EXPIRED, 1),
        ("overdraft", Account.overdraft, Book.OVERDRAFT, -1),
    ]
    for name, balance, book, sign in kept_in:
        sums = _sums(entries, entries.c.account_id, entries.c.book == book)
        recomputed = _or_zero(sums.c.micros) * sign
        yield from _differing(
            session, Account, [Account.id], balance, sums, recomputed, only, _account_wide(f"balance {name}")
        )


def _remainders(session: Session, only: UUID | None) -> Iterator[Difference]:
    entries = _entries(only)
    sums = _sums(entries, entries.c.grant_id, entries.c.book == Book.GRANT)
    yield from _differing(
        session,
        Grant,
        [Grant.account_id, Grant.id],
        Grant.remaining,
        sums,
        _or_zero(sums.c.micros),
        only,
        _named("remainder", IdKind.GRANT),
    )


def _payments(session: Session, only: UUID | None) -> Iterator[Difference]:
    entries = _entries(only)
    sums = _sums(entries, entries.c.service_usage_id, entries.c.book == Book.SPENT)
    owed = case((ServiceUsage.voided_at.is_(None), _micros(ServiceUsage.credits)), else_=0)
    yield from _differing(
        session,
        ServiceUsage,
        [ServiceUsage.account_id, ServiceUsage.id],
        owed,
        sums,
        _or_zero(sums.c.micros),
        only,
        _named("payment", IdKind.SERVICE_USAGE),
    )


def _run_totals(session: Session, only: UUID | None) -> Iterator[Difference]:
    kept = [
        ("total", Workflow.total_credits, total(ServiceUsage.credits)),
        # A count is told in micro-credits as a credit each, so that it reads as a plain number.
        ("usage count", Workflow.usage_count * 1_000_000, func.count() * 1_000_000),
    ]
    for name, recorded, sum_ in kept:
        sums = _usage_sums(ServiceUsage.workflow_id, sum_, only)
        yield from _differing(
            session,
            Workflow,
            [Workflow.account_id, Workflow.id],
            recorded,
            sums,
            _or_zero(sums.c.micros),
            only,
            _named(name, IdKind.WORKFLOW),
        )


def _spending(session: Session, only: UUID | None) -> Iterator[Difference]:
    sums = _usage_sums(ServiceUsage.account_id, total(ServiceUsage.credits), only)
    yield from _differing(
        session,
        Account,
        [Account.id],
        Account.spent,
        sums,
        _or_zero(sums.c.micros),
        only,
        _account_wide("spending by its usages"),
    )


def _entries(only: UUID | None) -> Subquery:
    """Both sides of every transfer: what entered a book counts up, what left it counts down."""
    sides = []
    for book, sign in ((LedgerTransfer.credit_book, 1), (LedgerTransfer.debit_book, -1)):
        side = select(
            LedgerTransfer.account_id,
            book.label("book"),
            LedgerTransfer.grant_id,
            LedgerTransfer.service_usage_id,
            (_micros(LedgerTransfer.amount) * sign).label("micros"),
        )
        sides.append(side if only is None else side.where(LedgerTransfer.account_id == only))
    return union_all(*sides).subquery()


def _sums(entries: Subquery, key: ColumnElement[Any], only: ColumnElement[bool]) -> Subquery:
    return (
        select(entries.c.account_id, key.label("key"), total(entries.c.micros).label("micros"))
        .where(only)
        .group_by(entries.c.account_id, key)
        .subquery()
    )


def _usage_sums(key: Any, sum_: ColumnElement[Any], only: UUID | None) -> Subquery:  # noqa: ANN401 - a mapped column
    sums = select(ServiceUsage.account_id, key.label("key"), sum_.label("micros")).where(
        ServiceUsage.voided_at.is_(None)
    )
    if only is not None:
        sums = sums.where(ServiceUsage.account_id == only)
    return sums.group_by(ServiceUsage.account_id, key).subquery()


def _differing(  # noqa: PLR0917 - one shape for five comparisons
    session: Session,
    table: type[Any],
    key: list[Any],
    recorded: Any,  # noqa: ANN401 - a mapped column or an expression
    sums: Subquery,
    recomputed: ColumnElement[int],
    only: UUID | None,
    name: Callable[[UUID], str],
) -> Iterator[Difference]:
    recorded_micros = _micros(recorded)
    statement = (
        select(key[0], key[-1], recorded_micros, recomputed)
        .select_from(table)
        .outerjoin(sums, (sums.c.account_id == key[0]) & (sums.c.key == key[-1]))
        .where(recorded_micros != recomputed)
    )
    if only is not None:
        statement = statement.where(key[0] == only)
    for account_id, row_id, was, is_ in session.execute(statement):
        yield Difference(account_id, name(row_id), Credits(was), Credits(is_))


def _named(what: str, kind: IdKind) -> Callable[[UUID], str]:
    return lambda row_id: f"{what} of {format_id(kind, row_id)}"


def _account_wide(what: str) -> Callable[[UUID], str]:
    return lambda _: what


def _count(session: Session, table: type[Any], only: UUID | None) -> int:
    statement = select(func.count()).select_from(table)
    if only is not None:
        statement = statement.where((Account.id if table is Account else table.account_id) == only)
    return session.scalar(statement) or 0


def _micros(column: Any) -> ColumnElement[int]:  # noqa: ANN401 - a mapped column or an expression
    return sql_cast(column, BigInt())


def _or_zero(column: ColumnElement[Any]) -> ColumnElement[int]:
    return sql_cast(func.coalesce(column, 0), BigInt())
