"""Rows of mapped classes from plain values, and back: what the mapper does for any row, done for a known one.

A row that is read so stands in the session as if the session had read it: there is one object of each row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state, manager_of_class

from models.base import Base

Row = TypeVar("Row", bound=Base)


def read_row(session: Session, mapped: type[Row], values: Sequence[object]) -> Row:
    """Give the session's object of a row that was read, with its values in the order of the columns."""
    shape = _shape(mapped)
    identity = (mapped, shape.key_of(values), None)
    known: Row | None = session.identity_map.get(identity)
    if known is not None:
        _complete(known, shape, values)
        return known
    row: Row = shape.new()
    state = instance_state(row)
    state.dict.update(zip(shape.names, values, strict=True))
    state.key = identity
    state.session_id = session.hash_key
    session.identity_map._add_unpresent(state, identity)  # noqa: SLF001 - as the mapper does
    return row


def new_row(mapped: type[Row], **values: Any) -> Row:  # noqa: ANN401 - values of any column
    """Make a row that no session knows yet, as the class itself would; whoever makes it inserts it."""
    row: Row = _shape(mapped).new()
    instance_state(row).dict.update(values)
    return row


def values_of(mapped: type[Row], rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """Give the values of rows, all of whose attributes are there, in the order of the columns."""
    values_of_one = _shape(mapped).values_of
    return [values_of_one(row.__dict__) for row in rows]


def loaded(*names: str) -> Callable[[Base], Any]:
    """Make a reader of attributes of a row, two or more at once: each by itself takes as long as all do.

    What was forgotten when a savepoint was rolled back is read again.
    """
    at_once, each = itemgetter(*names), attrgetter(*names)

    def read(row: Base) -> Any:  # noqa: ANN401 - values of any column
        try:
            return at_once(row.__dict__)
        except KeyError:
            return each(row)

    return read


def move(row: Base, values: Mapping[str, object]) -> None:
    """Set attributes of a row that are loaded; its session hears nothing: whoever moves it writes it."""
    row.__dict__.update(values)


def changes_of(row: Base) -> set[str]:
    """Name the attributes of a row whose values are others than the store has."""
    state = instance_state(row)
    now = state.dict
    return {name for name, before in state.committed_state.items() if now.get(name) != before}


def forget_changes(session: Session, row: Base) -> None:
    """Take what a row says for what the store has: it was written."""
    state = instance_state(row)
    state._commit_all(state.dict, session.identity_map)  # noqa: SLF001 - as a flush does with what it wrote


class _Shape:
    """What is known of a mapped class before any row of it."""

    def __init__(self, mapped: type[Base]) -> None:
        mapper = mapped.__mapper__
        self.names = [mapper.get_property_by_column(column).key for column in mapper.local_table.columns]
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        positions = [self.names.index(key) for key in keys]
        first = itemgetter(*positions)
        self.key_of: Any = first if len(positions) > 1 else lambda values: (first(values),)
        self.values_of: Any = itemgetter(*self.names)
        self.new: Any = manager_of_class(mapped).new_instance


@cache
def _shape(mapped: type[Base]) -> _Shape:
    return _Shape(mapped)


def _complete(row: Base, shape: _Shape, values: Sequence[object]) -> None:
    state = instance_state(row)
    missing = state.unloaded
    if missing:
        # It was forgotten when a savepoint was rolled back.
        state.dict.update(
            {name: value for name, value in zip(shape.names, values, strict=True) if name in missing}
        )
        state._commit(state.dict, missing)  # noqa: SLF001 - as the mapper does with what it reads
