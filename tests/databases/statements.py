"""Count the statements that a Database sends: what is set-based sends as many for one item as for hundreds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from models.database import Database

_RECOGNITION = "api_key.secret_hash AS opened_by"


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Give a list that collects every statement of readers and writers while the block runs.

    An executemany counts once: the driver sends it as one. The look for a caller's key is left out: it is made
    at most once a second, and so in one run of a test and not in the next.
    """
    sent: list[str] = []
    with _noted(database, lambda statement: _RECOGNITION in statement or sent.append(statement)):
        yield sent


@contextmanager
def recognitions(database: Database) -> Iterator[list[str]]:
    """Give a list that collects the looks for callers' keys while the block runs."""
    looks: list[str] = []
    with _noted(database, lambda statement: _RECOGNITION not in statement or looks.append(statement)):
        yield looks


@contextmanager
def _noted(database: Database, take: Callable[[str], object]) -> Iterator[None]:
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        take(statement)

    engines = [database.reader.sync_engine, database.writer]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
