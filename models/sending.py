"""Sending: a statement's text and values go to the driver, and are noted and break as SQLAlchemy's own do."""

from collections.abc import Callable, Iterable, Sequence
from time import time
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from models.availability import is_outdated
from models.statement_forms import Values

Sent = TypeVar("Sent")

MOST_CHARACTERS_KEPT = 300_000
"""Characters of the statements that PostgreSQL keeps ready for a connection, at some 70 bytes for each."""


def connection_of(session: Session) -> Connection:
    """Give the connection of a session's transaction."""
    # The session looks for its connection in six places: once for each transaction is enough. A savepoint is
    # only made when the session is asked for its connection.
    known: tuple[object, Connection] | None = session.info.get(_CONNECTION)
    if known is None or known[0] is not session.get_nested_transaction() or known[1].closed:
        connection = session.connection()
        known = session.info[_CONNECTION] = (session.get_nested_transaction(), connection)
    return known[1]


def write_over(session: Session, connection: Connection) -> None:
    """Let a session write over a connection whose transaction has begun, without one of the session's own."""
    session.info[_CONNECTION] = (session.get_nested_transaction(), connection)


def send(connection: Connection, text: str) -> None:
    """Send a statement that has neither parameters nor rows."""
    if _is_sqlite_apart(connection):
        fetched(connection, text, ())
        return
    _noted(connection, text, (), lambda: _by_cursor(connection, lambda cursor: cursor.execute(text)))


def fetched(connection: Connection, text: str, values: Values) -> Sequence[Values]:
    """Send a statement and give its rows as the driver does."""

    def fetch() -> Sequence[Values]:
        found: Sequence[Values]
        if connection.dialect.name == "postgresql":
            found = _driven(connection, lambda driver: _fetched(driver, connection, text, values))
            return found
        if _is_sqlite_apart(connection):
            found = _driven(connection, lambda driver: driver.execute_fetchall(text, values))
            return found
        found = _by_cursor(connection, lambda cursor: (cursor.execute(text, values), cursor.fetchall())[1])
        return found

    return _noted(connection, text, values, fetch)


def changed(connection: Connection, text: str, rows: Sequence[Values]) -> int:
    """Send a statement for each row, all at once, and on SQLite say how many rows it wrote."""

    def change() -> int:
        if is_in_transaction(connection):
            _driven(connection, lambda driver: driver.executemany(text, rows))
            return len(rows)
        written: int = _by_cursor(
            connection, lambda cursor: (cursor.executemany(text, rows), cursor.rowcount)[1]
        )
        return written

    return _noted(connection, text, rows, change)


def copied(connection: Connection, table: str, names: Sequence[str], rows: Iterable[Values]) -> None:
    """Copy rows into a table of PostgreSQL; the transaction has begun."""
    text = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    _noted(
        connection,
        text,
        rows,
        lambda: _driven(
            connection, lambda driver: driver.copy_records_to_table(table, records=rows, columns=names)
        ),
    )


def is_in_transaction(connection: Connection) -> bool:
    """Tell whether a transaction of PostgreSQL has begun: its first statement is SQLAlchemy's to send."""
    if connection.dialect.name != "postgresql":
        return False
    driver: Any = connection.connection.driver_connection
    return not driver.is_closed() and driver.is_in_transaction()


def _is_sqlite_apart(connection: Connection) -> bool:
    """Tell whether SQLite works in a thread of its own, where a cursor makes a statement go four times."""
    return connection.dialect.name == "sqlite" and connection.dialect.is_async


async def _fetched(driver: Any, connection: Connection, text: str, values: Values) -> Sequence[Values]:  # noqa: ANN401 - asyncpg's connection
    if not driver.is_in_transaction():
        # As before any statement of SQLAlchemy's own.
        adapted: Any = connection.connection.dbapi_connection
        await adapted._start_transaction()  # noqa: SLF001 - no other way in
    known = await _known(driver, connection)
    statement = known.statements.get(text)
    if statement is None:
        statement = await driver.prepare(text)
        known.keep(text, statement)
    found: Sequence[Values] = await statement.fetch(*values)
    return found


class _Known:
    """What is prepared on a connection, since a moment."""

    __slots__ = ("_characters", "since", "statements")

    def __init__(self) -> None:
        self.statements: dict[str, Any] = {}
        self.since = time()
        self._characters = 0

    def keep(self, text: str, statement: object) -> None:
        """Keep one more; those that are kept no longer are forgotten by PostgreSQL too."""
        if self._characters + len(text) > MOST_CHARACTERS_KEPT:
            self.statements.clear()
            self._characters = 0
        self.statements[text] = statement
        self._characters += len(text)


async def _known(driver: Any, connection: Connection) -> _Known:  # noqa: ANN401 - asyncpg's connection
    known: _Known | None = connection.info.get(_STATEMENTS)
    dialect: Any = connection.dialect
    if known is not None and known.since < dialect._invalidate_schema_cache_asof:  # noqa: SLF001 - as its cursors look
        await driver.reload_schema_state()  # what the driver knows of the rows of tables, too
        known = None
    if known is None:
        known = connection.info[_STATEMENTS] = _Known()
    return known


def _driven(connection: Connection, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever the driver gives
    """Let an asynchronous driver work without SQLAlchemy's cursor, which takes twice as long as it."""
    adapted: Any = connection.connection.dbapi_connection
    try:
        return adapted.run_async(work)
    except Exception as error:  # noqa: BLE001 - SQLAlchemy tells them apart
        # A table may have been changed since: what is prepared is prepared again.
        if is_outdated(error):
            dialect: Any = connection.dialect
            dialect._invalidate_schema_cache()  # noqa: SLF001 - which tells all its connections
        else:
            connection.info.pop(_STATEMENTS, None)
        return adapted._handle_exception(error)  # noqa: SLF001 - no other way in


def _by_cursor(connection: Connection, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - likewise
    cursor = connection.connection.cursor()
    try:
        return work(cursor)
    finally:
        cursor.close()


def _noted(connection: Connection, text: str, values: Any, work: Callable[[], Sent]) -> Sent:  # noqa: ANN401 - rows or values
    """Work as SQLAlchemy would, for those who listen and for those who hear of what breaks."""
    listened = connection.engine.dispatch if connection.engine._has_events else None  # noqa: SLF001 - as it looks
    for before in listened.before_cursor_execute if listened else ():
        before(connection, None, text, values, None, False)  # noqa: FBT003 - SQLAlchemy's signature
    try:
        done = work()
    except BaseException as error:
        # SQLAlchemy tells them apart, wraps them and gives up what is lost.
        connection._handle_dbapi_exception(error, text, values, None, None)  # noqa: SLF001 - no other way in
        raise
    for after in listened.after_cursor_execute if listened else ():
        after(connection, None, text, values, None, False)  # noqa: FBT003 - likewise
    return done


_CONNECTION = "connection"
_STATEMENTS = "statements"
