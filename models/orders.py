"""Orders: how rows are brought into one."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement


def by_sorting(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Order few rows of many by a column.

    SQLite would walk along an index of the column through all of them rather than sort the few.
    """
    return _BySorting(column)


class _BySorting(FunctionElement[Any]):
    inherit_cache = True


@compiles(_BySorting, "postgresql")
def _on_postgresql(element: _BySorting, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return compiler.process(element.clauses, **options)


@compiles(_BySorting, "sqlite")
def _on_sqlite(element: _BySorting, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return f"+{compiler.process(element.clauses, **options)}"
