"""Prepared statements: what is sent thousands of times a second goes straight to the driver.

A statement is written with SQLAlchemy's core as any other, and its text is made once for each database. What
SQLAlchemy does besides, each time, takes several times as long as the driver does. Statements still belong to
the session's transaction, are counted, and break as SQLAlchemy's own do.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.statement_forms import ReadForm, Values, WriteForm, processed, read_form, write_form

_Statement = Insert | Update


class PreparedRead:
    """A SELECT. A parameter that is `expanding` takes any number of values."""

    def __init__(
        self, statement: Select[*tuple[Any, ...]], *, on_postgresql: Select[*tuple[Any, ...]] | None = None
    ) -> None:
        self._statements = {
            "sqlite": statement,
            "postgresql": statement if on_postgresql is None else on_postgresql,
        }
        self._forms: dict[str, ReadForm] = {}

    def rows(self, session: Session, **values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - values of any column
        """Give the rows, their values as SQLAlchemy gives them."""
        connection = _connection_of(session)
        form = self._form(connection.dialect)
        found = _found(connection, form, values)
        return list(processed(form.processors, found)) if found else []

    def raw_rows(self, session: Session, **values: Any) -> tuple[Sequence[Values], Dialect]:  # noqa: ANN401 - likewise
        """Give the rows, their values as the driver gives them, and whose driver that is."""
        connection = _connection_of(session)
        return _found(connection, self._form(connection.dialect), values), connection.dialect

    def _form(self, dialect: Dialect) -> ReadForm:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = read_form(self._statements[dialect.name], dialect)
        return form


class PreparedWrite:
    """An INSERT or UPDATE for any number of rows; `names` are its parameters in the order of a row's values.

    Without names it is an INSERT with values for all of its table's columns.
    """

    def __init__(self, statement: _Statement, names: Sequence[str] | None = None) -> None:
        self._statements = {"sqlite": statement, "postgresql": statement}
        self._names = names
        self._forms: dict[str, WriteForm] = {}

    @classmethod
    def claiming(cls, table: Table, names: Sequence[str]) -> "PreparedWrite":
        """Prepare an INSERT that leaves out the rows whose key the table has already."""
        return cls._of_each(
            sqlite.insert(table).on_conflict_do_nothing(),
            postgresql.insert(table).on_conflict_do_nothing(),
            names,
        )

    @classmethod
    def setting(cls, table: Table, names: Sequence[str], *, columns: Sequence[str]) -> "PreparedWrite":
        """Prepare an INSERT that sets columns of the rows whose key the table has already."""
        return cls._upsert(table, names, lambda excluded: {name: excluded[name] for name in columns})

    @classmethod
    def adding(cls, table: Table, names: Sequence[str], *, sums: Sequence[str]) -> "PreparedWrite":
        """Prepare an INSERT that adds to columns of the rows whose key the table has already.

        No two of the rows that it is given at once have the same key.
        """
        return cls._upsert(
            table, names, lambda excluded: {name: table.c[name] + excluded[name] for name in sums}
        )

    @classmethod
    def _upsert(
        cls, table: Table, names: Sequence[str], new: Callable[[Any], dict[str, Any]]
    ) -> "PreparedWrite":
        key = list(table.primary_key)
        ours, theirs = sqlite.insert(table), postgresql.insert(table)
        return cls._of_each(
            ours.on_conflict_do_update(index_elements=key, set_=new(ours.excluded)),
            theirs.on_conflict_do_update(index_elements=key, set_=new(theirs.excluded)),
            names,
        )

    @classmethod
    def _of_each(
        cls, on_sqlite: sqlite.Insert, on_postgresql: postgresql.Insert, names: Sequence[str]
    ) -> "PreparedWrite":
        prepared = cls(on_sqlite, names)
        prepared._statements["postgresql"] = on_postgresql
        return prepared

    def write(self, session: Session, rows: Sequence[Values]) -> int:
        """Write rows, in one statement however many they are; say how many an INSERT has inserted."""
        if not rows:
            return 0
        connection = _connection_of(session)
        form = self._forms.get(connection.dialect.name)
        if form is None:
            statement = self._statements[connection.dialect.name]
            form = self._forms[connection.dialect.name] = write_form(
                statement, self._names, connection.dialect
            )
        columns = form.columns(rows)
        if form.takes_columns:
            cursor = _sent(connection, form.text, tuple(columns))
        else:
            cursor = _sent_many(connection, form.text, list(zip(*columns, strict=True)))
        written: int = cursor.rowcount
        cursor.close()
        return written


def _connection_of(session: Session) -> Connection:
    # The session looks for its connection in six places: once for each transaction is enough. A savepoint is
    # one of its own, and is only made when the session is asked for its connection.
    transaction = session.get_nested_transaction() or session.get_transaction()
    known: tuple[object, Connection] | None = session.info.get(_CONNECTION)
    if known is None or known[0] is not transaction:
        connection = session.connection()
        transaction = session.get_nested_transaction() or session.get_transaction()
        known = session.info[_CONNECTION] = (transaction, connection)
    return known[1]


def send(connection: Connection, text: str) -> None:
    """Send a statement that has neither parameters nor rows."""
    _sent(connection, text, ()).close()


def _found(connection: Connection, form: ReadForm, values: dict[str, Any]) -> Sequence[Values]:
    cursor = _sent(connection, *form.filled(values))
    found: Sequence[Values] = cursor.fetchall()
    cursor.close()
    return found


def _sent(connection: Connection, text: str, values: Values) -> Any:  # noqa: ANN401 - a driver's cursor
    return _noted(connection, text, values, lambda cursor: cursor.execute(text, values))


def _sent_many(connection: Connection, text: str, rows: Sequence[Values]) -> Any:  # noqa: ANN401 - likewise
    return _noted(connection, text, rows, lambda cursor: cursor.executemany(text, rows))


def _noted(connection: Connection, text: str, values: Any, send: Callable[[Any], object]) -> Any:  # noqa: ANN401 - likewise
    """Send a statement as SQLAlchemy would, for those who listen and for those who hear of what breaks."""
    cursor = connection.connection.cursor()
    listened = connection.engine.dispatch if connection.engine._has_events else None  # noqa: SLF001 - as it looks
    for before in listened.before_cursor_execute if listened else ():
        before(connection, cursor, text, values, None, False)  # noqa: FBT003 - SQLAlchemy's signature
    try:
        send(cursor)
    except BaseException as error:  # noqa: BLE001 - SQLAlchemy tells them apart, wraps them, gives up what is lost
        connection._handle_dbapi_exception(error, text, values, cursor, None)  # noqa: SLF001 - no other way in
    for after in listened.after_cursor_execute if listened else ():
        after(connection, cursor, text, values, None, False)  # noqa: FBT003 - likewise
    return cursor


_CONNECTION = "connection"
