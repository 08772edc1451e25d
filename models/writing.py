"""Writing rows: one after another on SQLite, and on PostgreSQL as much at once as it takes.

There each statement is a way there and back, and one that is run for each row costs the server twice as much
as one for all of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from models.ahead import MOST_ROWS_AHEAD, Question, fetch_with
from models.sending import changed, connection_of, copied, fetched, is_in_transaction
from models.statement_forms import Values, WriteForm, shifted

FEWEST_ROWS_TO_COPY = 20

Write = tuple[WriteForm, Sequence[Values]]
_Part = tuple[str, Sequence[object]]


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Write at its end what the block writes, in one statement where the database can.

    No row is written twice in it, and nothing in it reads what it writes; references between its rows are
    looked at when all are written. What the session itself writes is sent when it is told to.
    """
    if session.info.get(_LATER) is not None or connection_of(session).dialect.name != "postgresql":
        yield
        return
    session.info[_LATER] = []
    try:
        yield
        send_later_ones(session)
    finally:
        del session.info[_LATER]


def written_later(session: Session, form: WriteForm, rows: Sequence[Values]) -> bool:
    """Keep rows for the end of the block that writes together; False where there is none."""
    later: list[Write] | None = session.info.get(_LATER)
    if later is None:
        return False
    later.append((form, rows))
    return True


def send_later_ones(session: Session) -> None:
    """Write what was kept so far."""
    later: list[Write] | None = session.info.get(_LATER)
    if later:
        session.info[_LATER] = []
        written(connection_of(session), later)


def claimed(
    session: Session,
    connection: Connection,
    form: WriteForm,
    rows: Sequence[Values],
    beside: Sequence[Question],
) -> int:
    """Insert the rows whose keys are free, and say how many they were."""
    if connection.dialect.name != "postgresql":
        return changed(connection, form.text, list(form.given(rows)))
    text, values = _part(form, rows)
    if beside and len(rows) <= MOST_ROWS_AHEAD:
        return fetch_with(session, connection, text, values, beside)
    return len(fetched(connection, text, values))


def written(connection: Connection, writes: Sequence[Write]) -> None:
    """Write rows; what the rows of one write refer to stands in the same or in an earlier one."""
    if not is_in_transaction(connection):
        for form, rows in writes:
            changed(connection, form.text, list(form.given(rows)))
        return
    parts: dict[WriteForm, _Part] = {}
    for form, rows in writes:
        if form in parts:
            _send(connection, parts)
        if form.is_copied and len(rows) >= FEWEST_ROWS_TO_COPY:
            _send(connection, parts)
            copied(connection, form.table, form.columns, form.given(rows))
        else:
            parts[form] = _part(form, rows)
    _send(connection, parts)


def _part(form: WriteForm, rows: Sequence[Values]) -> _Part:
    if len(rows) == 1:
        return form.text, form.values(rows[0])
    return form.set_text, [form.named(rows)]


def _send(connection: Connection, parts: dict[WriteForm, _Part]) -> None:
    if parts:
        numbered, values = [], list[object]()
        for text, given in parts.values():
            numbered.append(shifted(text, len(values)))
            values += given
        fetched(connection, _joined(tuple(numbered)), values)
        parts.clear()


@lru_cache(maxsize=1_000)
def _joined(texts: tuple[str, ...]) -> str:
    *others, last = texts
    if not others:
        return last
    return f"WITH {', '.join(f'write_{n} AS ({text})' for n, text in enumerate(others))} {last}"


_LATER = "written_later"
