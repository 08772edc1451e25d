"""How our column types are written into migrations, and when a stored column is the same as in code."""

from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column
from sqlalchemy.types import TypeDecorator, TypeEngine

from models import base


def render_type(kind: str, value: object, context: AutogenContext) -> str | Literal[False]:
    """Write a column type of ours as the plain decorator that stores it."""
    if kind != "type" or not isinstance(value, TypeDecorator) or type(value).__module__ != base.__name__:
        return False
    context.imports.add("from models import base")
    # A migration must not change when an enumeration grows: its text column stays what it is.
    as_text = (base.Name, base.Names, base.JsonObject, base.Percents, base.Lineage)
    return "sa.Text()" if isinstance(value, as_text) else f"base.{type(value).__name__}()"


def comparable(
    context: MigrationContext,
    _inspected: Column[Any],
    _column: Column[Any],
    inspected_type: TypeEngine[Any],
    column_type: TypeEngine[Any],
) -> bool:
    """Tell whether the types differ in what the database keeps."""
    dialect = context.dialect
    assert dialect is not None  # noqa: S101 - a context under comparison has a connection
    return _stored(inspected_type, dialect) != _stored(column_type, dialect)


def _stored(kind: TypeEngine[Any], dialect: Any) -> str:  # noqa: ANN401 - SQLAlchemy's dialect
    return str(kind.compile(dialect=dialect)).split("(")[0]
