"""Sums that no integer of the store could hold: turnover has no bound, though every balance has one."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect, Integer, Numeric
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

_LOW_BITS = 30
_LOW_MASK = (1 << _LOW_BITS) - 1
_FEWEST_HIGH, _MOST_HIGH = -(1 << 63 - _LOW_BITS), (1 << 63 - _LOW_BITS) - 1


class WideInt(TypeDecorator[int]):
    """An integer of any size: `numeric` on PostgreSQL.

    SQLite has an integer where 64 bits hold it, else text of its high part and its low bits, which equals
    nothing but the same number.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Numeric())

    def process_result_value(self, value: Decimal | int | str | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the number."""
        if isinstance(value, str):
            high, low = map(int, value.split())
            return (high << _LOW_BITS) + low
        return None if value is None else int(value)


def wide_total(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """Sum a 64-bit column exactly, whatever it adds up to on the way or in the end; 0 for no rows.

    To compare it and to join it is safe; SQLite cannot reckon with it further.
    """
    return _WideTotal(column)


class _WideTotal(FunctionElement[int]):
    type = WideInt()
    inherit_cache = True


@compiles(_WideTotal, "postgresql")
def _on_postgresql(element: _WideTotal, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return f"coalesce(sum({compiler.process(element.clauses, **options)}), 0)"


@compiles(_WideTotal, "sqlite")
def _on_sqlite(element: _WideTotal, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    # SQLite's sum fails as soon as it passes 64 bits. Halves of numbers do not, for billions of rows; shifts
    # and masks join them, since products and sums beyond 64 bits would be floats. Equal sums run once.
    number = f"({compiler.process(element.clauses, **options)})"
    high, low = f"sum({number} >> {_LOW_BITS})", f"sum({number} & {_LOW_MASK})"
    carried, rest = f"({high} + ({low} >> {_LOW_BITS}))", f"({low} & {_LOW_MASK})"
    return (
        f"coalesce(CASE WHEN {carried} BETWEEN {_FEWEST_HIGH} AND {_MOST_HIGH} "
        f"THEN ({carried} << {_LOW_BITS}) | {rest} ELSE {carried} || ' ' || {rest} END, 0)"
    )
