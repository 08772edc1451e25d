"""Changed rows, written back as sets."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Update, and_, bindparam, update
from sqlalchemy.orm import Session

from models.account import BALANCES, LEDGER_STATE, Account
from models.base import Base, table_of
from models.hold import Hold, HoldPart
from models.ledger import Grant
from models.prepared import PreparedWrite
from models.rows import changes_of, forget_changes, loaded
from models.workflow import Workflow
from models.writing import send_later_ones

# The session's own flush makes a statement for every run of rows in which the same columns changed, so that
# one free usage among paid ones would already cost two more.
_MOVING: dict[type[Base], tuple[str, ...]] = {
    Account: (*BALANCES, *LEDGER_STATE),
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


def write_back(session: Session, moved: Iterable[Base] = ()) -> None:
    """Write what changed, and what moved without the session's notice: one statement for each table."""
    changed: dict[type[Base], dict[Base, None]] = defaultdict(dict)
    for row in moved:
        changed[type(row)][row] = None
    more = bool(session.new or session.deleted)
    for row in session.dirty:
        names = changes_of(row)
        moving = _MOVING_NAMES.get(type(row), _NOTHING)
        if names & moving:
            changed[type(row)][row] = None
        if names <= moving:
            # What is written here is no longer a change: the flush that follows leaves it alone.
            forget_changes(session, row)
        else:
            more = True
    for mapped in _MOVING:
        if mapped in changed:
            _STATEMENTS[mapped].write(session, list(map(_VALUES[mapped], changed[mapped])))
    if more:
        # What the session itself writes may refer to what is written here.
        send_later_ones(session)
        session.flush()


def _statement(mapped: type[Base], names: tuple[str, ...]) -> Update:
    table = table_of(mapped)
    its_row = and_(*(column == bindparam(_key(column.name)) for column in table.primary_key))
    return update(table).where(its_row).values({name: bindparam(name) for name in names})


def _keys(mapped: type[Base]) -> list[str]:
    return [column.name for column in table_of(mapped).primary_key]


def _key(name: str) -> str:
    # A parameter that is named like a column would be taken for its new value.
    return f"of_{name}"


_NOTHING: frozenset[str] = frozenset()
_MOVING_NAMES = {mapped: frozenset(names) for mapped, names in _MOVING.items()}
_STATEMENTS = {
    mapped: PreparedWrite(_statement(mapped, names), [*map(_key, _keys(mapped)), *names])
    for mapped, names in _MOVING.items()
}
_VALUES: dict[type[Base], Any] = {mapped: loaded(*_keys(mapped), *names) for mapped, names in _MOVING.items()}
