"""Each grant beside its book."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Subquery, case, select

from metering.auditing.comparison import Check, Figure, One, came, compare, kept, micros, of_one, summed, went
from models.base import table_of
from models.identity import IdKind, format_id
from models.ledger import Book, Grant, LedgerTransfer


def checks(only: One) -> Iterator[Check]:
    """Check what was given, what is left and what was taken back against the transfers."""
    books = _books(only)
    rows = table_of(Grant).outerjoin(
        books, (books.c.account_id == Grant.account_id) & (books.c.grant_id == Grant.id)
    )
    remaining, voided, amount = micros(Grant.remaining), micros(Grant.voided), micros(Grant.amount)
    beyond = case(
        (remaining < 0, remaining), (remaining + voided > amount, remaining + voided - amount), else_=0
    )
    figures = [
        Figure("amount", amount, summed(books.c.issued)),
        Figure("remainder", remaining, summed(books.c.remaining)),
        Figure("voided credits", voided, summed(books.c.voided)),
        Figure("credits out of bounds", micros(beyond), micros(0)),
    ]
    yield compare(rows, Grant.account_id, [Grant.id], figures, _named, only)


def _books(only: One) -> Subquery:
    books = (
        select(
            LedgerTransfer.account_id,
            LedgerTransfer.grant_id,
            went(Book.ISSUED).label("issued"),
            kept(Book.GRANT).label("remaining"),
            came(Book.ISSUED).label("voided"),
        )
        .where(LedgerTransfer.grant_id.is_not(None))
        .group_by(LedgerTransfer.account_id, LedgerTransfer.grant_id)
    )
    return of_one(books, LedgerTransfer.account_id, only).subquery()


def _named(name: str, grant_id: UUID) -> str:
    return f"{name} of {format_id(IdKind.GRANT, grant_id)}"
