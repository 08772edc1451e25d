"""One statement for one kind of row: figures as they are recorded beside what the records add up to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy import cast as sql_cast

from metering.auditing.findings import Difference
from models.base import BigInt
from models.ledger import Book, LedgerTransfer
from models.sums import WideInt, wide_total
from pricing.credits import Credits

MOST_DIFFERENCES = 1_000
"""How many rows a comparison names: a store that is wrong throughout must not fill the memory."""

Columns = TypeVarTuple("Columns")
AnySelect = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]
Column = Any
"""A mapped column or an expression over some."""

One = ColumnElement[UUID] | None
"""The parameter that names the one account that is audited; None where all are."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of each row; `shown` writes it for a person."""

    name: str
    recorded: Column
    recomputed: Column
    shown: Callable[[Any], str] = lambda micros: str(Credits(micros))


@dataclass(frozen=True, slots=True)
class Check:
    """A statement, built once, and what each row that it gives says is wrong."""

    statement: AnySelect
    read: Callable[[AnyRow], Iterable[Difference]]


def compare(  # noqa: PLR0917 - what every comparison needs
    rows: FromClause,
    account: Column,
    key: Sequence[Column],
    figures: Sequence[Figure],
    named: Callable[..., str],
    only: One,
) -> Check:
    """Check figures of rows: a difference for each that is not what it should be.

    `named` writes what a figure belongs to, from the figure's name and the row's key.
    """
    pairs = [(figure.recorded, figure.recomputed) for figure in figures]
    statement = (
        select(account, *key, *(column for pair in pairs for column in pair))
        .select_from(rows)
        .where(or_(*(recorded != recomputed for recorded, recomputed in pairs)))
        .order_by(account, *map(_in_order, key))
        .limit(MOST_DIFFERENCES)
    )

    def read(row: AnyRow) -> Iterator[Difference]:
        account_id, *values = tuple(row)
        row_key, found = values[: len(key)], values[len(key) :]
        for figure, recorded, recomputed in zip(figures, found[::2], found[1::2], strict=True):
            if recorded != recomputed:
                what = named(figure.name, *row_key)
                yield Difference(account_id, what, figure.shown(recorded), figure.shown(recomputed))

    return Check(of_one(statement, account, only), read)


def _in_order(column: Column) -> Column:
    """Order by a column of a row's key, alike on both databases.

    Where nothing can be missing nothing is said about it: PostgreSQL would not see that an index has this
    very order, and compare each row of an account with all others.
    """
    return column.nulls_first() if getattr(column, "nullable", True) else column


def of_one(statement: Select[*Columns], account: Column, only: One) -> Select[*Columns]:
    """Narrow a statement to one account, where only one is audited."""
    return statement if only is None else statement.where(account == only)


def account_wide(name: str, _account_id: UUID) -> str:
    """Name a figure of an account, which a difference names already."""
    return name


def came(book: Book, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Add up what transfers brought into a book."""
    return wide_total(_into(book, conditions))


def went(book: Book, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Add up what transfers took out of a book."""
    return wide_total(_out_of(book, conditions))


def kept(book: Book, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Add up what transfers left in a book."""
    return wide_total(_into(book, conditions) - _out_of(book, conditions))


def drawn(book: Book, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Add up what transfers took out of a book beyond what they brought."""
    return wide_total(_out_of(book, conditions) - _into(book, conditions))


def micros(column: Column) -> ColumnElement[int]:
    """Take an amount as plain micro-credits, nothing as 0."""
    return sql_cast(func.coalesce(sql_cast(column, BigInt()), 0), BigInt())


def summed(column: Column) -> ColumnElement[int]:
    """Take a sum that was joined, nothing as 0."""
    return func.coalesce(type_coerce(column, WideInt()), NO_MICROS)


def is_book(column: Column, book: Book) -> ColumnElement[bool]:
    """Tell whether a column names a book; as text of the statement, for SQLite to see that sums are equal."""
    named: ColumnElement[bool] = column == literal_column(f"'{book.value}'")
    return named


def _into(book: Book, conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[int]:
    return _amount_where(is_book(LedgerTransfer.credit_book, book), *conditions)


def _out_of(book: Book, conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[int]:
    return _amount_where(is_book(LedgerTransfer.debit_book, book), *conditions)


def _amount_where(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return case((and_(*conditions), type_coerce(LedgerTransfer.amount, BigInt())), else_=NO_MICROS)


NO_MICROS: ColumnElement[int] = literal_column("0", BigInt())
