"""Text in the order of its code points, on both databases and whatever collation a database was made with."""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement


def by_code_point(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """Order by a text column as Python orders text."""
    return _ByCodePoint(column)


class _ByCodePoint(FunctionElement[str]):
    type = Text()
    inherit_cache = True


@compiles(_ByCodePoint, "postgresql")
def _on_postgresql(element: _ByCodePoint, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return f'{compiler.process(element.clauses, **options)} COLLATE "C"'


@compiles(_ByCodePoint, "sqlite")
def _on_sqlite(element: _ByCodePoint, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return compiler.process(element.clauses, **options)
