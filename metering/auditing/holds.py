"""Each hold beside its book, its lines and its parts."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, case, literal, select, union_all

from metering.auditing.comparison import (
    NO_MICROS,
    Check,
    Figure,
    One,
    compare,
    is_book,
    micros,
    of_one,
    summed,
)
from models.base import table_of
from models.hold import Hold, HoldLine, HoldPart, HoldStatus
from models.identity import IdKind, format_id
from models.ledger import Book, LedgerTransfer
from models.sums import wide_total


def checks(only: One) -> Iterator[Check]:
    """Check what was held, captured, released, lent and is left against transfers, lines and parts."""
    moves = _moves(only)
    yield _of_holds(moves, only)
    yield _of_lines(only)
    yield _of_sources(moves, only)


def _of_holds(moves: Subquery, only: One) -> Check:
    books, lines, parts = _books(moves), _sums(HoldLine, HoldLine.credits, only), _part_sums(only)
    rows: Any = table_of(Hold)
    for sums in (books, lines, parts):
        rows = rows.outerjoin(sums, (sums.c.account_id == Hold.account_id) & (sums.c.hold_id == Hold.id))
    used = micros(Hold.captured) + micros(Hold.released) + micros(Hold.lent) + micros(Hold.remaining)
    left_over = case((Hold.status != HoldStatus.OPEN, micros(Hold.remaining)), else_=0)
    figures = [
        Figure("amount of {}", micros(Hold.amount), summed(books.c.amount)),
        Figure("captured credits of {}", micros(Hold.captured), summed(books.c.captured)),
        Figure("released credits of {}", micros(Hold.released), summed(books.c.released)),
        Figure("lent credits of {}", micros(Hold.lent), summed(books.c.lent)),
        Figure("remainder of {}", micros(Hold.remaining), summed(books.c.remaining)),
        Figure("amount of {} by its lines", micros(Hold.amount), summed(lines.c.micros)),
        Figure("amount of {} by its parts", micros(Hold.amount), summed(parts.c.micros)),
        Figure("remainder of {} by its parts", micros(Hold.remaining), summed(parts.c.remaining)),
        Figure("amount of {} by what became of it", micros(Hold.amount), micros(used)),
        Figure("remainder of {} after its end", micros(left_over), micros(0)),
    ]
    return compare(rows, Hold.account_id, [Hold.id], figures, _of_hold, only)


def _of_lines(only: One) -> Check:
    parts = _sums(HoldPart, HoldPart.amount, only, HoldPart.line)
    its_parts = and_(
        parts.c.account_id == HoldLine.account_id,
        parts.c.hold_id == HoldLine.hold_id,
        parts.c.line == HoldLine.line,
    )
    rows = table_of(HoldLine).outerjoin(parts, its_parts)
    figure = Figure("credits", micros(HoldLine.credits), summed(parts.c.micros))
    key = [HoldLine.hold_id, HoldLine.line]
    return compare(rows, HoldLine.account_id, key, [figure], _of_line, only)


def _of_sources(moves: Subquery, only: One) -> Check:
    # Credits in a hold remember their grant: parts and transfers must agree on each hold's credits of each.
    parts = select(
        HoldPart.account_id,
        HoldPart.hold_id,
        HoldPart.grant_id,
        micros(HoldPart.amount).label("amount"),
        micros(HoldPart.remaining).label("remaining"),
        literal(0).label("came"),
        literal(0).label("stayed"),
    )
    parts = of_one(parts, HoldPart.account_id, only)
    transfers = select(
        moves.c.account_id,
        moves.c.hold_id,
        moves.c.grant_id,
        literal(0),
        literal(0),
        _unless_lent(moves, moves.c.came),
        moves.c.came - moves.c.went,
    )
    laid = union_all(parts, transfers).subquery()
    key = [laid.c.hold_id, laid.c.grant_id]
    names = ("amount", "remaining", "came", "stayed")
    added = (
        select(laid.c.account_id, *key, *(wide_total(laid.c[name]).label(name) for name in names))
        .group_by(laid.c.account_id, *key)
        .subquery()
    )
    figures = [
        Figure("credits", added.c.amount, added.c.came),
        Figure("remainder", added.c.remaining, added.c.stayed),
    ]
    key = [added.c.hold_id, added.c.grant_id]
    return compare(added, added.c.account_id, key, figures, _of_source, None)


def _books(moves: Subquery) -> Subquery:
    spent = is_book(moves.c.other_book, Book.SPENT)
    captured = case((spent, moves.c.went), else_=NO_MICROS)
    released = case((spent, NO_MICROS), else_=_unless_lent(moves, moves.c.went))
    lent = case((moves.c.borrower_id.is_not(None), moves.c.went - moves.c.came), else_=NO_MICROS)
    columns = {
        "amount": _unless_lent(moves, moves.c.came),
        "captured": captured,
        "released": released,
        "lent": lent,
        "remaining": moves.c.came - moves.c.went,
    }
    return (
        select(
            moves.c.account_id,
            moves.c.hold_id,
            *(wide_total(column).label(name) for name, column in columns.items()),
        )
        .group_by(moves.c.account_id, moves.c.hold_id)
        .subquery()
    )


def _moves(only: One) -> Subquery:
    """List what came into and went out of each hold, and whether the other side borrowed it."""
    transfer = LedgerTransfer
    sides = []
    for hold, other_book, other_hold, is_credit in (
        (transfer.credit_hold_id, transfer.debit_book, transfer.debit_hold_id, True),
        (transfer.debit_hold_id, transfer.credit_book, transfer.credit_hold_id, False),
    ):
        amount = micros(transfer.amount)
        side = select(
            transfer.account_id,
            hold.label("hold_id"),
            transfer.grant_id,
            other_book.label("other_book"),
            other_hold.label("other_hold_id"),
            (amount if is_credit else literal(0)).label("came"),
            (literal(0) if is_credit else amount).label("went"),
        ).where(hold.is_not(None))
        sides.append(of_one(side, transfer.account_id, only))
    moves = union_all(*sides).subquery()
    loans = (
        select(HoldPart.account_id, HoldPart.lender_hold_id, HoldPart.hold_id.label("borrower_id"))
        .where(HoldPart.lender_hold_id.is_not(None))
        .distinct()
        .subquery()
    )
    lent = and_(
        loans.c.account_id == moves.c.account_id,
        loans.c.lender_hold_id == moves.c.hold_id,
        loans.c.borrower_id == moves.c.other_hold_id,
    )
    return select(moves, loans.c.borrower_id).outerjoin(loans, lent).subquery()


def _unless_lent(moves: Subquery, amount: Any) -> ColumnElement[int]:  # noqa: ANN401 - an expression
    return case((moves.c.borrower_id.is_(None), amount), else_=NO_MICROS)


def _part_sums(only: One) -> Subquery:
    part = HoldPart
    sums = select(
        part.account_id,
        part.hold_id,
        wide_total(part.amount).label("micros"),
        wide_total(part.remaining).label("remaining"),
    ).group_by(part.account_id, part.hold_id)
    return of_one(sums, part.account_id, only).subquery()


def _sums(table: type[HoldLine | HoldPart], amount: Any, only: One, *key: Any) -> Subquery:  # noqa: ANN401 - mapped columns
    owner = (table.account_id, table.hold_id, *key)
    sums = select(*owner, wide_total(amount).label("micros")).group_by(*owner)
    return of_one(sums, table.account_id, only).subquery()


def _of_hold(name: str, hold_id: UUID) -> str:
    return name.format(format_id(IdKind.HOLD, hold_id))


def _of_line(name: str, hold_id: UUID, line: int) -> str:
    return f"{name} of line {line} of {format_id(IdKind.HOLD, hold_id)}"


def _of_source(name: str, hold_id: UUID, grant_id: UUID | None) -> str:
    source = "the credit line" if grant_id is None else format_id(IdKind.GRANT, grant_id)
    return f"{name} of {format_id(IdKind.HOLD, hold_id)} from {source}"
