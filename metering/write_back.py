"""Changed rows, written back as sets."""

from sqlalchemy import Update, and_, bindparam, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from models.account import Account
from models.base import Base, table_of
from models.hold import Hold, HoldPart
from models.ledger import Grant
from models.workflow import Workflow

# The session's own flush makes a statement for every run of rows in which the same columns changed, so that
# one free usage among paid ones would already cost two more.
_MOVING: dict[type[Base], tuple[str, ...]] = {
    Account: (
        "granted",
        "spent",
        "expired",
        "overdraft",
        "held",
        "held_on_credit",
        "transfer_count",
        "chain_hash",
        "expiry_due_at",
    ),
    Grant: ("remaining", "voided", "voided_at", "void_reason"),
    Hold: (
        "status",
        "amount",
        "captured",
        "released",
        "lent",
        "remaining",
        "rate_card_id",
        "override_card_id",
        "expires_at",
        "closed_at",
    ),
    HoldPart: ("remaining",),
    Workflow: ("status", "ended_at", "duration_micros", "total_credits", "usage_count"),
}


def write_back(session: Session) -> None:
    """Write what changed: one statement for each table, however many rows they are."""
    changed = [row for row in session.dirty if session.is_modified(row)]
    for mapped, names in _MOVING.items():
        rows = [row for row in changed if isinstance(row, mapped)]
        if rows:
            _update(session, mapped, rows, names)
    session.flush()


def _update(session: Session, mapped: type[Base], rows: list[Base], names: tuple[str, ...]) -> None:
    keys = [column.name for column in table_of(mapped).primary_key]
    session.execute(
        _STATEMENTS[mapped],
        [
            {_key(name): getattr(row, name) for name in keys} | {name: getattr(row, name) for name in names}
            for row in rows
        ],
    )
    for row in rows:
        for name in names:
            # What is written is no longer a change: the flush that follows leaves it alone.
            set_committed_value(row, name, getattr(row, name))


def _statement(mapped: type[Base], names: tuple[str, ...]) -> Update:
    table = table_of(mapped)
    its_row = and_(*(column == bindparam(_key(column.name)) for column in table.primary_key))
    return update(table).where(its_row).values({name: bindparam(name) for name in names})


def _key(name: str) -> str:
    # A parameter that is named like a column would be taken for its new value.
    return f"of_{name}"


_STATEMENTS = {mapped: _statement(mapped, names) for mapped, names in _MOVING.items()}
