"""Stretches of time of one length: where a moment's stretch begins, in Python and in both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from models.base import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bucket_of(at: datetime, length: timedelta) -> datetime:
    """Give the moment at which the stretch of this one begins; stretches are counted from 1970, in UTC."""
    moment = at.astimezone(UTC)
    return moment - (moment - _EPOCH) % length


def bucket_column(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], length: timedelta
) -> ColumnElement[datetime]:
    """Do the same to a column; `length` is a number of whole seconds."""
    return _KINDS[length // timedelta(seconds=1)](column)


class _Bucket(FunctionElement[datetime]):
    # The length stands in the statement's text: a parameter would make each mention another expression, and
    # then none could be grouped by. So each length is a class of its own.
    type = Instant()
    inherit_cache = True
    seconds = 0


class _Minute(_Bucket):
    inherit_cache = True
    seconds = 60


class _QuarterHour(_Bucket):
    inherit_cache = True
    seconds = 900


class _Hour(_Bucket):
    inherit_cache = True
    seconds = 3_600


class _Day(_Bucket):
    inherit_cache = True
    seconds = 86_400


@compiles(_Bucket, "postgresql")
def _on_postgresql(element: _Bucket, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column = compiler.process(element.clauses, **options)
    return f"date_bin('{element.seconds} seconds', {column}, TIMESTAMPTZ '1970-01-01 00:00:00+00')"


@compiles(_Bucket, "sqlite")
def _on_sqlite(element: _Bucket, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    column = compiler.process(element.clauses, **options)
    return f"({column} - {column} % {element.seconds * 1_000_000})"


_KINDS: dict[int, type[_Bucket]] = {kind.seconds: kind for kind in (_Minute, _QuarterHour, _Hour, _Day)}
