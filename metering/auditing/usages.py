"""Each usage beside what was paid for it: one for one, and nothing is paid for nothing."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Subquery, case, or_, select

from metering.auditing.comparison import (
    MOST_DIFFERENCES,
    AnyRow,
    Check,
    Figure,
    One,
    came,
    compare,
    micros,
    of_one,
    summed,
    went,
)
from metering.auditing.findings import Difference
from models.base import table_of
from models.identity import IdKind, format_id
from models.ledger import Book, LedgerTransfer
from models.service_usage import ServiceUsage


def checks(only: One) -> Iterator[Check]:
    """Check each usage against its payment, a voided one against its refund; find payments for no usage."""
    paid = _paid(only)
    rows = table_of(ServiceUsage).outerjoin(
        paid, (paid.c.account_id == ServiceUsage.account_id) & (paid.c.usage_id == ServiceUsage.id)
    )
    cost = micros(ServiceUsage.credits)
    owed_back = case((ServiceUsage.voided_at.is_not(None), cost), else_=0)
    figures = [
        Figure("payment", cost, summed(paid.c.paid)),
        Figure("refund", micros(owed_back), summed(paid.c.refunded)),
    ]
    yield compare(rows, ServiceUsage.account_id, [ServiceUsage.id], figures, _named, only)
    yield _for_nothing(only)


def _paid(only: One) -> Subquery:
    paid = (
        select(
            LedgerTransfer.account_id,
            LedgerTransfer.service_usage_id.label("usage_id"),
            came(Book.SPENT).label("paid"),
            went(Book.SPENT).label("refunded"),
        )
        .where(LedgerTransfer.service_usage_id.is_not(None))
        .group_by(LedgerTransfer.account_id, LedgerTransfer.service_usage_id)
    )
    return of_one(paid, LedgerTransfer.account_id, only).subquery()


def _for_nothing(only: One) -> Check:
    spent = or_(LedgerTransfer.credit_book == Book.SPENT, LedgerTransfer.debit_book == Book.SPENT)
    statement = (
        select(LedgerTransfer.account_id, LedgerTransfer.id)
        .where(spent, LedgerTransfer.service_usage_id.is_(None))
        .limit(MOST_DIFFERENCES)
    )
    statement = of_one(statement, LedgerTransfer.account_id, only)
    return Check(statement, _unnamed)


def _unnamed(row: AnyRow) -> Iterator[Difference]:
    account_id, transfer_id = row
    what = f"usage of {format_id(IdKind.LEDGER_TRANSFER, transfer_id)}"
    yield Difference(account_id, what, "none", "the usage that was paid or refunded")


def _named(name: str, usage_id: UUID) -> str:
    return f"{name} of {format_id(IdKind.SERVICE_USAGE, usage_id)}"
