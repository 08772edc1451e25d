"""Column types that mean the same on SQLite and PostgreSQL, and the base of every table."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Dialect, Integer, LargeBinary, MetaData, Table, Text, Uuid, func
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from models.identity import id_of
from pricing.credits import Credits

Member = TypeVar("Member", bound=StrEnum)
Json = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HEX_DIGITS = 32


class Base(DeclarativeBase):
    """The base of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(mapped: type[Base]) -> Table:
    """Give the table of a mapped class, for statements that deal in plain rows."""
    return mapped.metadata.tables[mapped.__tablename__]


class Id(TypeDecorator[UUID]):
    """A UUID: `uuid` on PostgreSQL, 16 bytes on SQLite; both sort by time of making."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(LargeBinary(16) if _is_sqlite(dialect) else Uuid())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Give the driver its form of the id."""
        return _bytes_of_id if _is_sqlite(dialect) else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Take the id from the driver's form."""
        return _id_from_bytes if _is_sqlite(dialect) else super().result_processor(dialect, coltype)


class BigInt(TypeDecorator[int]):
    """A 64-bit integer; STRICT tables of SQLite know it as INTEGER."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return _big_integer(dialect)


class Money(TypeDecorator[Credits]):
    """Credits as a 64-bit integer of micro-credits."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return _big_integer(dialect)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the driver micro-credits."""
        return _micros_of_credits

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        """Take micro-credits as credits."""
        return _credits_from_micros


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, integer microseconds since 1970 on SQLite.

    Naive values are refused: SQLite would drop their offset silently.
    """

    impl = TIMESTAMP
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Integer() if _is_sqlite(dialect) else TIMESTAMP(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Give the driver its form of the moment; ValueError for a time without an offset."""
        return _micros_of_moment if _is_sqlite(dialect) else _moment_in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the moment in UTC."""
        return _moment


class Flag(TypeDecorator[bool]):
    """A truth value; STRICT tables of SQLite keep it as 0 or 1."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Integer() if _is_sqlite(dialect) else Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | bool | None:
        """Give the driver its form of the truth value."""
        return int(value) if value is not None and _is_sqlite(dialect) else value

    def process_result_value(self, value: int | bool | None, dialect: Dialect) -> bool | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the truth value."""
        return None if value is None else bool(value)


class Name(TypeDecorator[Member]):
    """A member of a string enumeration, kept as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[Member]) -> None:
        super().__init__()
        self.members = members

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the driver the member's value."""
        return _text_of_member

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the member; ValueError for a text that names none."""
        members = {member.value: member for member in self.members}
        return lambda value: None if value is None else members.get(value) or self.members(value)


class Names(TypeDecorator[tuple[Member, ...]]):
    """Members of a string enumeration, kept as their values with a space between them."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[Member]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: tuple[Member, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the driver the text."""
        return None if value is None else " ".join(member.value for member in value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Member, ...] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the members; ValueError for a text that names none."""
        return None if value is None else tuple(self.members(text) for text in value.split())


class JsonObject(TypeDecorator[Json]):
    """A JSON object as text in one canonical form, so that both databases give back the same."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the driver the canonical text."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the object that the text holds."""
        return None if value is None else json.loads(value)


class Percents(TypeDecorator[tuple[int, ...]]):
    """Rising whole percentages, kept as text: `50 80 100`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[int, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the driver the text."""
        return None if value is None else " ".join(map(str, value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[int, ...] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the numbers."""
        return None if value is None else tuple(map(int, value.split()))


class Lineage(TypeDecorator[tuple[UUID, ...]]):
    """Ids from the root down, kept as their digits one after another: a materialised path."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[UUID, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the driver the path."""
        return None if value is None else "".join(id_.hex for id_ in value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[UUID, ...] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take the ids."""
        if value is None:
            return None
        return tuple(UUID(hex=value[at : at + _HEX_DIGITS]) for at in range(0, len(value), _HEX_DIGITS))


def canonical_json(value: Json) -> str:
    """Write a JSON object in the one form in which it is stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def total(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """Sum a 64-bit column exactly, 0 for no rows (PostgreSQL's own sum of bigint is a numeric)."""
    return sql_cast(func.coalesce(func.sum(sql_cast(column, BigInt())), 0), BigInt())


def _big_integer(dialect: Dialect) -> TypeEngine[Any]:
    return dialect.type_descriptor(Integer() if _is_sqlite(dialect) else BigInteger())


# What follows is done for every value of every row that is read or written: SQLAlchemy calls it as it stands.


def _bytes_of_id(value: UUID | None) -> bytes | None:
    return None if value is None else value.int.to_bytes(16, "big")


def _micros_of_credits(value: Credits | None) -> int | None:
    return None if value is None else value.micros


def _micros_of_moment(value: datetime | None) -> int | None:
    return None if value is None else (_in_utc(value) - _EPOCH) // _MICROSECOND


def _moment_in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else _in_utc(value)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError("A time without an offset cannot be stored.")
    return value.astimezone(UTC)


def _text_of_member(value: StrEnum | None) -> str | None:
    # `value` is looked up by way of the class; what a member is made of is there at once.
    return None if value is None else value._value_


def _id_from_bytes(value: bytes | None) -> UUID | None:
    return None if value is None else id_of(int.from_bytes(value, "big"))


def _credits_from_micros(value: int | None) -> Credits | None:
    return None if value is None else Credits(int(value))


def _moment(value: int | datetime | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return _EPOCH + value * _MICROSECOND
    if value.tzinfo is UTC:
        return value
    # The first and the last moment there is are infinities to asyncpg: they come back without an offset.
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _is_sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"
