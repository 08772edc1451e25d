"""Reading ahead: what a verb will ask for comes with its first write, where each statement is a journey."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from models.sending import fetched
from models.statement_forms import ReadForm, Values, shifted

MOST_ROWS_AHEAD = 50
"""Beside a larger write nothing is read ahead: rows within a row take the driver longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Rows that will be asked for in this transaction."""

    read: object
    form: ReadForm
    values: dict[str, Any]


def fetch_with(
    session: Session, connection: Connection, text: str, values: Sequence[object], beside: Sequence[Question]
) -> int:
    """Send an INSERT with questions beside it, keep their answers, and say how many rows it returned."""
    asked, given = [], list(values)
    for question in beside:
        wanted, theirs = question.form.filled(question.values)
        asked.append((wanted, len(given)))
        given += theirs
    [[count, *answers]] = fetched(connection, _together(text, tuple(asked)), given)
    session.info[_AHEAD] = (
        _place(session),
        {_named(each.read, each.values): rows for each, rows in zip(beside, answers, strict=True)},
    )
    assert isinstance(count, int)  # noqa: S101 - SQL counts so
    return count


@lru_cache(maxsize=1_000)
def _together(text: str, asked: tuple[tuple[str, int], ...]) -> str:
    lists = [f"ARRAY(SELECT ahead FROM ({shifted(wanted, by)}) AS ahead)" for wanted, by in asked]  # noqa: S608 - texts of statements
    return f"WITH inserted AS ({text}) SELECT (SELECT count(*) FROM inserted), {', '.join(lists)}"  # noqa: S608 - likewise


def read_ahead(session: Session, read: object, values: dict[str, Any]) -> Sequence[Values] | None:
    """Give the rows that were read ahead in this transaction, once; None where they were not."""
    known: tuple[object, dict[object, Sequence[Values]]] | None = session.info.get(_AHEAD)
    if known is None or not known[1] or known[0] != _place(session):
        return None
    return known[1].pop(_named(read, values), None)


def _place(session: Session) -> tuple[object, object]:
    """Name what an answer holds for: one session, up to the end of its savepoint."""
    return session.hash_key, session.get_nested_transaction()


def _named(read: object, values: dict[str, Any]) -> object:
    return read, frozenset((name, _compared(value)) for name, value in values.items())


def _compared(value: object) -> object:
    return frozenset(value) if isinstance(value, Collection) and not isinstance(value, str) else value


_AHEAD = "read_ahead"
