"""Prepared statements: what is sent thousands of times a second goes straight to the driver.

A statement is written with SQLAlchemy's core as any other, and its text is made once for each database. What
SQLAlchemy does besides, each time, takes several times as long as the driver does. Statements still belong to
the session's transaction, are counted, and break as SQLAlchemy's own do.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

Values = Sequence[object]
_Processor = Callable[[Any], Any]
_Statement = Insert | Update


class PreparedRead:
    """A SELECT. A parameter that is `expanding` takes any number of values."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._forms: dict[str, _ReadForm] = {}

    def rows(self, session: Session, **values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - values of any column
        """Give the rows, their values as SQLAlchemy gives them."""
        connection = _connection_of(session)
        form = self._forms.get(connection.dialect.name)
        if form is None:
            form = self._forms[connection.dialect.name] = _read_form(self._statement, connection.dialect)
        cursor = _sent(connection, *form.filled(values))
        found = cursor.fetchall()
        cursor.close()
        return list(_processed(form.processors, found)) if found else []


class PreparedWrite:
    """An INSERT or UPDATE for any number of rows; `names` are its parameters in the order of a row's values.

    Without names it is an INSERT with values for all of its table's columns.
    """

    def __init__(self, statement: _Statement, names: Sequence[str] | None = None) -> None:
        self._statements = {"sqlite": statement, "postgresql": statement}
        self._names = names
        self._forms: dict[str, _WriteForm] = {}

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
            form = self._forms[connection.dialect.name] = _write_form(
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


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    is_expanding: bool
    processor: _Processor | None
    default: object


@dataclass(frozen=True, slots=True)
class _ReadForm:
    """A SELECT for one database: pieces of text with a parameter between two of them."""

    pieces: tuple[str, ...]
    parameters: tuple["_Parameter", ...]
    processors: tuple[_Processor | None, ...]
    takes_lists: bool

    def filled(self, values: dict[str, Any]) -> tuple[str, Values]:
        """Give the text and the values for it."""
        text, given = [self.pieces[0]], []
        for parameter, piece in zip(self.parameters, self.pieces[1:], strict=True):
            value, processor = values.get(parameter.name, parameter.default), parameter.processor
            if parameter.is_expanding:
                several = _in_form(processor, value)
                if self.takes_lists:
                    given.append(several)
                else:
                    # A few lengths only, so that the driver knows the text again: the last value fills up.
                    several += several[-1:] * ((1 << (len(several) - 1).bit_length()) - len(several))
                    text.append(", ".join("?" * len(several)))
                    given += several
            else:
                given.append(processor(value) if processor else value)
            text.append(piece)
        return "".join(text), tuple(given)


@dataclass(frozen=True, slots=True)
class _WriteForm:
    """A write for one database; where it `takes_columns`, the rows go as one list for each column."""

    text: str
    order: tuple[tuple[int, _Processor | None], ...]
    takes_columns: bool

    def columns(self, rows: Sequence[Values]) -> list[Sequence[object]]:
        """Give the values of all rows, one parameter after the other, in the driver's form."""
        given = list(zip(*rows, strict=True))
        return [_in_form(processor, given[position]) for position, processor in self.order]


def _read_form(statement: Select[*tuple[Any, ...]], dialect: Dialect) -> _ReadForm:
    compiled = statement.compile(dialect=_plain(dialect))
    tokens = _PARAMETER.split(str(compiled))
    takes_lists = dialect.name == "postgresql"
    pieces, parameters = [tokens[0]], []
    for number, (one, many, piece) in enumerate(zip(*(iter(tokens[1:]),) * 3, strict=True), 1):
        name = one or many
        type_ = compiled.binds[name].type
        parameters.append(
            _Parameter(name, many is not None, type_.bind_processor(dialect), compiled.params[name])
        )
        if not takes_lists:
            pieces[-1] += "?" if many is None else "IN ("
            pieces.append(piece if many is None else f"){piece}")
        else:
            pieces[-1] += f"${number}" if many is None else f"= ANY (${number}::{_type(type_, dialect)}[])"
            pieces.append(piece)
    columns = tuple(column.type.result_processor(dialect, None) for column in statement.selected_columns)
    return _ReadForm(tuple(pieces), tuple(parameters), columns, takes_lists)


def _write_form(statement: _Statement, names: Sequence[str] | None, dialect: Dialect) -> _WriteForm:
    names = names or [column.key for column in statement.table.columns]
    keys = list(names) if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=_plain(dialect), column_keys=keys)
    wanted = [one for one, _ in _PARAMETER.findall(str(compiled))]
    types = [compiled.binds[name].type for name in wanted]
    order = tuple(
        (names.index(name), type_.bind_processor(dialect)) for name, type_ in zip(wanted, types, strict=True)
    )
    if dialect.name == "sqlite":
        return _WriteForm(_PARAMETER.sub("?", str(compiled)), order, takes_columns=False)
    if _CLAIMING.search(str(compiled)):
        # The driver says how many rows of one statement were inserted, but not of one that it runs for each.
        lists = ", ".join(f"${n}::{_type(type_, dialect)}[]" for n, type_ in enumerate(types, 1))
        text = _VALUES.sub(f"SELECT * FROM unnest({lists})", str(compiled))  # noqa: S608 - types and numbers
        return _WriteForm(text, order, takes_columns=True)
    numbers = iter(range(1, len(wanted) + 1))
    return _WriteForm(
        _PARAMETER.sub(lambda _: f"${next(numbers)}", str(compiled)), order, takes_columns=False
    )


def _plain(dialect: Dialect) -> Dialect:
    """Give a dialect that names parameters in the text, each as `%(name)s`."""
    return _PLAIN[dialect.name]


def _type(type_: TypeEngine[Any], dialect: Dialect) -> str:
    return type_.compile(dialect=_plain(dialect))


def _processed(processors: Iterable[_Processor | None], rows: Sequence[Values]) -> Iterable[tuple[Any, ...]]:
    columns = zip(*rows, strict=True)
    return zip(
        *(
            map(processor, column) if processor else column
            for processor, column in zip(processors, columns, strict=True)
        ),
        strict=True,
    )


def _in_form(processor: _Processor | None, values: Iterable[object]) -> list[Any]:
    return list(map(processor, values)) if processor else list(values)


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
_PARAMETER = re.compile(r"%\((\w+)\)s|IN \(__\[POSTCOMPILE_(\w+)\]\)")
_CLAIMING = re.compile("ON CONFLICT DO NOTHING$")
_VALUES = re.compile(r"VALUES \(.*?\)(?= ON CONFLICT)")
_PLAIN: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="pyformat"),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]  # a class in disguise
}
