"""How many statements a piece of work reads with, counted where they leave for the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(slots=True)
class StatementCount:
    """The statements so far."""

    count: int = 0


@contextmanager
def counted_statements() -> Iterator[StatementCount]:
    """Count what this block, and whatever it starts, reads from engines that count."""
    before, counted = _counting.get(), StatementCount()
    _counting.set(counted)
    try:
        yield counted
    finally:
        # A token would have to be given back in the very context that it is of, which a stream may have left.
        _counting.set(before)


def count_statements(engine: Engine) -> None:
    """Let an engine count for the work on whose behalf it runs a statement."""

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        counted = _counting.get()
        # The beginning of a snapshot is a statement of its own on one of the databases only.
        if counted is not None and statement != "BEGIN":
            counted.count += 1


_counting: ContextVar[StatementCount | None] = ContextVar("creditgraph_statement_count", default=None)
