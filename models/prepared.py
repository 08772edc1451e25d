"""Prepared statements: what is sent thousands of times a second goes straight to the driver.

A statement is written with SQLAlchemy's core as any other, and its text is made once for each database. What
SQLAlchemy does besides, each time, takes several times as long as the driver does. Statements still belong to
the session's transaction, are counted, and break as SQLAlchemy's own do.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect, Insert, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.ahead import Question, read_ahead
from models.sending import connection_of, fetched
from models.statement_forms import ReadForm, Reading, Values, WriteForm, processed, read_form, write_form
from models.writing import claimed, written, written_later

_Statement = Insert | Update


class PreparedRead:
    """A SELECT. A parameter that is `expanding` takes any number of values."""

    def __init__(self, statement: Reading, *, on_postgresql: Reading | None = None) -> None:
        self._statements = {
            "sqlite": statement,
            "postgresql": statement if on_postgresql is None else on_postgresql,
        }
        self._forms: dict[str, ReadForm] = {}

    @classmethod
    def for_one(cls, statement: Reading, dialect: Dialect) -> "PreparedRead":
        """Prepare a SELECT for one database at once, and keep only its text."""
        prepared = cls(statement)
        prepared._form(dialect)
        prepared._statements.clear()
        return prepared

    @property
    def characters(self) -> int:
        """How long the texts are that have been made."""
        return sum(form.characters for form in self._forms.values())

    def rows(self, session: Session, **values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - values of any column
        """Give the rows, their values as SQLAlchemy gives them."""
        connection = connection_of(session)
        form = self._form(connection.dialect)
        found = read_ahead(session, self, values)
        if found is None:
            found = fetched(connection, *form.filled(values))
        return list(processed(form.processors, found)) if found else []

    def raw_rows(self, session: Session, **values: Any) -> tuple[Sequence[Values], Dialect]:  # noqa: ANN401 - likewise
        """Give the rows, their values as the driver gives them, and whose driver that is."""
        connection = connection_of(session)
        form = self._form(connection.dialect)
        return fetched(connection, *form.filled(values)), connection.dialect

    def asked_beside(self, session: Session, **values: Any) -> Question:  # noqa: ANN401 - likewise
        """Say what will be asked for next, so that it can come with a write that goes before."""
        return Question(self, self._form(connection_of(session).dialect), values)

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

    def write(self, session: Session, rows: Sequence[Values], beside: Sequence[Question] = ()) -> int:
        """Write rows, in one statement however many they are; say how many of them a claim has inserted.

        What is asked for beside a claim is read with it.
        """
        if not rows:
            return 0
        connection = connection_of(session)
        form = self._forms.get(connection.dialect.name)
        if form is None:
            statement = self._statements[connection.dialect.name]
            form = self._forms[connection.dialect.name] = write_form(
                statement, self._names, connection.dialect
            )
        if form.claims:
            return claimed(session, connection, form, rows, beside)
        if not written_later(session, form, rows):
            written(connection, [(form, rows)])
        return len(rows)
