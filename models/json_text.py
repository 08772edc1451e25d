"""JSON text that the store writes itself: the values of columns, the same on both databases and from Python.

A value that is better not written so (a negative amount, a time far away) gives SQL's null, which is no JSON.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, case, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from models.base import BigInt, Flag, Instant, Money, Name

Texts = Mapping[str, str]


class NoJsonText(TypeError):  # noqa: N818 - named for the state
    """Values of this type are not written by the store."""


def value_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Write a column's value as JSON, as answers show values of its type.

    Raises NoJsonText.
    """
    kind = type(column.type)
    if kind not in _BY_TYPE:
        raise NoJsonText(kind.__name__)
    written = _Written(_BY_TYPE[kind], column)
    return concatenated('"', written, '"') if kind in _IN_QUOTES else written


def id_text(prefix: str, column: ColumnElement[Any]) -> ColumnElement[str]:
    """Write an id as a JSON string: letters that say what it is of, an underscore and its digits."""
    return concatenated(f'"{prefix}_', _Written(_DIGITS, column), '"')


def micros_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Write millionths as a JSON string, an exact decimal number."""
    return concatenated('"', _Written(_MICROS, column), '"')


def presence_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Write whether there is a value."""
    return _Written(_PRESENCE, column)


def truth_text(condition: ColumnElement[bool]) -> ColumnElement[str]:
    """Write whether a condition holds, which is never unknown."""
    return case((condition, _literal("true")), else_=_literal("false"))


def or_null(column: ColumnElement[Any], text: ColumnElement[str]) -> ColumnElement[str]:
    """Write a value that may be missing."""
    return case((column.is_(None), _literal("null")), else_=text)


def null_for_none(text: ColumnElement[str]) -> ColumnElement[str]:
    """Write what there may be none of: SQL's null is JSON's here."""
    return _Written(_NULL_FOR_NONE, text)


def concatenated(*parts: str | ColumnElement[str]) -> ColumnElement[str]:
    """Write parts one after the other; a part that is text here must hold no quote of SQL's."""
    merged: list[str | ColumnElement[str]] = []
    # What stands between two values is one text, however deep they are put together: each text is a copy.
    for part in chain.from_iterable(
        part.parts if isinstance(part, _Concatenated) else (part,) for part in parts
    ):
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return _Concatenated(merged)


def parted(text: ColumnElement[str]) -> tuple[str, ColumnElement[str], str]:
    """Give what is known to stand before a text's first value and behind its last, and what is between."""
    parts = text.parts if isinstance(text, _Concatenated) else [text]
    before, behind = (end if isinstance(end, str) else "" for end in (parts[0], parts[-1]))
    return before, concatenated(*parts[bool(before) : len(parts) - bool(behind)]), behind


def joined(text: ColumnElement[str]) -> ColumnElement[str]:
    """Aggregate texts with a comma between them, in the order of the rows; a null becomes a `SURPRISE`."""
    return _Written(_JOINED, text)


def or_surprise(text: ColumnElement[str]) -> ColumnElement[str]:
    """Write a text; a null becomes a `SURPRISE`."""
    return _Written(_OR_SURPRISE, text)


def end_of(text: ColumnElement[str], characters: int, *, is_last: bool) -> ColumnElement[str]:
    """Give the first or the last of texts that all have so many characters, in the order of the rows.

    Of no rows it is SQL's null.
    """
    return _Written(_end(characters, is_last=is_last), text)


def place_text(value: ColumnElement[Any], row_id: ColumnElement[Any]) -> ColumnElement[str]:
    """Write a number of 64 bits and an id as `PLACE_DIGITS` hexadecimal digits.

    Moments are microseconds, credits millionths, and negative numbers are their complements. Raises
    NoJsonText for other values.
    """
    kind = type(value.type)
    if kind not in _HEXADECIMAL:
        raise NoJsonText(kind.__name__)
    return concatenated(_Written(_HEXADECIMAL[kind], value), _Written(_DIGITS, row_id))


PLACE_DIGITS = 48
SURPRISE = "\x01"
"""What stands for a value that was not written; JSON itself never holds it as it is."""


class _Written(FunctionElement[str]):
    """A text around a value, by database; the value stands in it as `{0}`."""

    type = Text()
    inherit_cache = False

    def __init__(self, texts: Texts, value: ColumnElement[Any]) -> None:
        super().__init__(value)
        self.texts = texts


class _Concatenated(FunctionElement[str]):
    type = Text()
    inherit_cache = False

    def __init__(self, parts: Sequence[str | ColumnElement[str]]) -> None:
        super().__init__(*(_literal(part) if isinstance(part, str) else part for part in parts))
        self.parts = parts


@compiles(_Written)
def _write(element: _Written, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    [value] = (compiler.process(each, **options) for each in element.clauses)
    return element.texts[compiler.dialect.name].format(value)


@compiles(_Concatenated)
def _concatenate(element: _Concatenated, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - likewise
    return f"({' || '.join(compiler.process(each, **options) for each in element.clauses)})"


def _literal(text: str) -> ColumnElement[str]:
    assert "'" not in text  # noqa: S101 - names of GraphQL and the marks of JSON have none
    return literal_column(f"'{text}'", Text())


_QUOTED = {"sqlite": "json_quote({0})", "postgresql": "to_json({0})::text"}
_PLAIN = {"sqlite": "{0}", "postgresql": "{0}"}
_NUMBER = {"sqlite": "CAST({0} AS TEXT)", "postgresql": "{0}::text"}
_TRUTH = {
    "sqlite": "CASE {0} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END",
    "postgresql": "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
}
_PRESENCE = dict.fromkeys(("sqlite", "postgresql"), "CASE WHEN {0} IS NULL THEN 'false' ELSE 'true' END")
_DIGITS = {"sqlite": "lower(hex({0}))", "postgresql": "replace({0}::text, '-', '')"}
_MICROS = {
    "sqlite": (
        "CASE WHEN {0} < 0 THEN NULL WHEN {0} % 1000000 = 0 THEN {0} / 1000000 "
        "ELSE rtrim(({0} / 1000000) || '.' || substr('000000' || ({0} % 1000000), -6), '0') END"
    ),
    "postgresql": (
        "CASE WHEN {0} < 0 THEN NULL WHEN {0} % 1000000 = 0 THEN ({0} / 1000000)::text "
        "ELSE rtrim(({0} / 1000000) || '.' || lpad(({0} % 1000000)::text, 6, '0'), '0') END"
    ),
}
_MOMENT = {
    "sqlite": (
        "CASE WHEN {0} BETWEEN 0 AND 253370764799999999 THEN replace(replace("
        "datetime({0} / 1000000, 'unixepoch') || '.' || substr('000000' || ({0} % 1000000), -6)"
        ", '.000000', ''), ' ', 'T') || 'Z' END"
    ),
    "postgresql": (
        "CASE WHEN {0} >= '1970-01-01Z' AND {0} < '9999-01-01Z' THEN replace("
        "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || 'Z' END"
    ),
}
_JOINED = {
    "sqlite": "coalesce(group_concat(coalesce({0}, char(1)), ','), '')",
    "postgresql": "coalesce(string_agg(coalesce({0}, chr(1)), ','), '')",
}
_NULL_FOR_NONE = dict.fromkeys(("sqlite", "postgresql"), "coalesce({0}, 'null')")
_OR_SURPRISE = {"sqlite": "coalesce({0}, char(1))", "postgresql": "coalesce({0}, chr(1))"}
_HEX_OF_NUMBER = {"sqlite": "printf('%016x', {0})", "postgresql": "lpad(to_hex({0}), 16, '0')"}
_HEXADECIMAL: dict[type, Texts] = {
    Money: _HEX_OF_NUMBER,
    Instant: {
        "sqlite": _HEX_OF_NUMBER["sqlite"],
        "postgresql": "lpad(to_hex((extract(epoch FROM {0}) * 1000000)::bigint), 16, '0')",
    },
}
_BY_TYPE: dict[type, Texts] = {
    Text: _QUOTED,
    Name: _PLAIN,
    Integer: _NUMBER,
    BigInteger: _NUMBER,
    BigInt: _NUMBER,
    Money: _MICROS,
    Instant: _MOMENT,
    Flag: _TRUTH,
}
_IN_QUOTES = frozenset({Name, Money, Instant})


def _end(characters: int, *, is_last: bool) -> Texts:
    if is_last:
        return {
            "sqlite": f"substr(group_concat({{0}}, ''), -{characters})",
            "postgresql": f"right(string_agg({{0}}, ''), {characters})",
        }
    return {
        "sqlite": f"substr(group_concat({{0}}, ''), 1, {characters})",
        "postgresql": f"left(string_agg({{0}}, ''), {characters})",
    }
