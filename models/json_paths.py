"""What stands in a JSON object that is kept as text, asked for within a statement, on both databases."""

from typing import Any

from sqlalchemy import Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias

AnyColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


def json_field(column: AnyColumn, name: str) -> ColumnElement[str]:
    """Give the text or number of a field; null where there is none. A number is to be cast before use."""
    return _JsonField(column, literal(name))


def json_items(column: AnyColumn, name: str) -> TableValuedAlias:
    """Give the objects of a list as rows, each as the column `value`; none where the field is missing."""
    return _JsonItems(column, literal(name)).table_valued("value", joins_implicitly=True)


class _JsonField(FunctionElement[str]):
    type = Text()
    inherit_cache = True


class _JsonItems(FunctionElement[Any]):
    inherit_cache = True


@compiles(_JsonField, "postgresql")
def _field_on_postgresql(element: _JsonField, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"(CAST({column} AS jsonb) ->> CAST({name} AS text))"


@compiles(_JsonField, "sqlite")
def _field_on_sqlite(element: _JsonField, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"json_extract({column}, '$.' || {name})"


@compiles(_JsonItems, "postgresql")
def _items_on_postgresql(element: _JsonItems, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"jsonb_array_elements(CAST({column} AS jsonb) -> CAST({name} AS text))"


@compiles(_JsonItems, "sqlite")
def _items_on_sqlite(element: _JsonItems, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column, name = (compiler.process(each, **options) for each in element.clauses)
    return f"json_each({column}, '$.' || {name})"
