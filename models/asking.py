"""Asking: a question that callers shape, as one of few statements and the values for it.

Making a statement takes longer than the store takes to answer it. So what a statement depends on, its shape,
stands apart from the values, and statements are kept by their shapes.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, literal_column
from sqlalchemy.orm import Session

from models.base import BigInt
from models.prepared import PreparedRead
from models.sending import connection_of

Statement = TypeVar("Statement")
AnySelect = Select[*tuple[Any, ...]]

MOST_KEPT = 200
"""How many statements are kept of all questions: callers choose shapes, and most take some 20 kB each."""


class Statements(Generic[Statement]):
    """Prepared statements by what they depend on; those that were asked for last are kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, Statement] = {}

    def get(self, key: Hashable, make: Callable[[], Statement]) -> Statement:
        """Give a statement; it is made where none is kept."""
        found = self._kept.pop(key, None) or make()
        # What was asked for last goes last.
        self._kept[key] = found
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: what makes its statement of its shape, and a value for each parameter."""

    make: Callable[..., AnySelect]
    shape: tuple[Hashable, ...]
    values: dict[str, Any]

    def rows(self, session: Session) -> list[tuple[Any, ...]]:
        """Give the answer's rows; the statement is made where none of this shape is kept."""
        dialect = connection_of(session).dialect
        statement = _kept.get(
            (dialect.name, self.make, self.shape),
            # Its text alone is kept: what SQLAlchemy makes it of is many times as large.
            lambda: PreparedRead.for_one(self.make(*self.shape), dialect),
        )
        return statement.rows(session, **self.values)


def fixed(number: int) -> ColumnElement[int]:
    """Give a number of the shape: it is always the same, and so no parameter."""
    return literal_column(str(number), BigInt())


_kept = Statements[PreparedRead](MOST_KEPT)
