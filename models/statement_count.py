"""How many statements a piece of work reads with, counted where they leave for the database."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(slots=True)
class StatementCount:
    """The statements so far."""

    count: int = 0


class counted_statements:  # noqa: N801 - a block, as of a function
    """Count what a `with` block, and whatever it starts, reads from engines that count."""

    __slots__ = ("_before",)

    def __enter__(self) -> StatementCount:
        counted = StatementCount()
        self._before = _counting.get()
        _counting.set(counted)
        return counted

    def __exit__(self, *_: object) -> None:
        # A token would have to be given back in the very context that it is of, which a stream may have left.
        _counting.set(self._before)


def count_statements(engine: Engine) -> None:
    """Let an engine count for the work on whose behalf it runs a statement."""

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        counted = _counting.get()
        # The beginning of a snapshot is a statement of its own on one of the databases only.
        if counted is not None and statement != "BEGIN":
            counted.count += 1


_counting: ContextVar[StatementCount | None] = ContextVar("creditgraph_statement_count", default=None)
