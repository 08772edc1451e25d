"""Rows that are only read: what the driver gave, each value taken into its own form when it is asked for.

A session makes an object of each row, which knows what changed of it, and takes every value of it. Who only
shows rows needs neither, and seldom asks for all of their values.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from operator import itemgetter
from types import FunctionType
from typing import Any, Generic, TypeVar

from sqlalchemy import BindParameter, Dialect, Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.base import Base, table_of
from models.prepared import PreparedRead

Row = TypeVar("Row", bound=Base)
_Processor = Callable[[Any], Any]


class PreparedRows(PreparedRead, Generic[Row]):
    """A SELECT of all columns of a mapped class, in the order of its table, for rows that are only read.

    They have the attributes, properties and methods of the class, and belong to no session.
    """

    def __init__(self, mapped: type[Row], statement: Select[*tuple[Any, ...]]) -> None:
        super().__init__(statement)
        self._mapped = mapped
        self._kinds: dict[str, Any] = {}

    def read(self, session: Session, **values: Any) -> list[Row]:  # noqa: ANN401 - values of any column
        """Give the rows."""
        found, dialect = self.raw_rows(session, **values)
        kind = self._kinds.get(dialect.name)
        if kind is None:
            kind = self._kinds[dialect.name] = _kind(self._mapped, _processors(self._mapped, dialect))
        new = tuple.__new__
        return [new(kind, row) for row in found]


def row_of(mapped: type[Row]) -> Callable[[Sequence[Any]], Row]:
    """Give what makes a row that is only read of its values, which are taken already: for rows that are kept.

    Values stand in the order of the table's columns; others may follow them.
    """
    return partial(tuple.__new__, _kind(mapped, repeat(None)))


def any_of(name: str) -> BindParameter[Any]:
    """Name a parameter that takes any number of values."""
    return bindparam(name, expanding=True)


def position_of(attribute: InstrumentedAttribute[Any]) -> int:
    """Say where the value of an attribute stands in a row."""
    [column] = attribute.property.columns
    return list(column.table.columns).index(column)


def _processors(mapped: type[Base], dialect: Dialect) -> Iterator[_Processor | None]:
    return (column.type.result_processor(dialect, None) for column in table_of(mapped).columns)


def _kind(mapped: type[Base], processors: Iterable[_Processor | None]) -> Any:  # noqa: ANN401 - it stands for the mapped class
    """Make a class of tuples with the attributes of a mapped class."""
    mapper = mapped.__mapper__
    attributes: dict[str, Any] = {"__slots__": ()}
    for kind in reversed(mapped.__mro__[: mapped.__mro__.index(Base)]):
        attributes |= {name: value for name, value in vars(kind).items() if _is_carried_over(name, value)}
    for position, (column, processor) in enumerate(zip(table_of(mapped).columns, processors, strict=False)):
        attributes[mapper.get_property_by_column(column).key] = property(_reader(position, processor))
    return type(mapped.__name__, (tuple,), attributes)


def _is_carried_over(name: str, value: object) -> bool:
    return isinstance(value, property | FunctionType) and not name.startswith("_")


def _reader(position: int, processor: _Processor | None) -> Callable[[Any], Any]:
    if processor is None:
        return itemgetter(position)
    return lambda row: processor(row[position])
