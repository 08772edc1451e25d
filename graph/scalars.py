"""Scalars with exact values: numbers as decimal text, times with an offset, JSON objects of bounded size."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NewType, Self

import strawberry
from graphql import (
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    StringValueNode,
    Undefined,
    ValueNode,
    value_from_ast_untyped,
)

from models.base import Json
from pricing.credits import Credits
from pricing.decimal_text import micros_from_text, text_from_micros

DecimalText = NewType("DecimalText", str)
Long = NewType("Long", int)
JsonValue = NewType("JsonValue", dict)  # type: ignore[type-arg]  # NewType takes no parameters

LARGEST_JSON_CHARACTERS = 20_000
DEEPEST_JSON = 10
LONGEST_FRACTION = 18
"""How many places an endless fraction is shown to."""

_LARGEST_LONG = 2**63 - 1
_MOST_DIGITS = 40
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


class WrittenDecimal(Decimal):
    """A fraction that knows how it was written, so that a variable is read as a literal is."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Read a number of JSON."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def _number_text(value: object) -> str:
    """Give a number's own text, as it was written."""
    if isinstance(value, str):
        return value
    if isinstance(value, WrittenDecimal):
        return value.text
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # An exponent is written out only where that cannot make a text of a billion digits.
    if isinstance(value, Decimal) and abs(value.adjusted()) < _MOST_DIGITS:
        return format(value, "f")
    raise GraphQLError(f'{_shown(value)} is not a number; write a decimal string such as "0.9".')


def _literal_text(node: ValueNode, *kinds: type[ValueNode]) -> str:
    if isinstance(node, kinds) and isinstance(node, IntValueNode):
        return str(int(node.value))  # as JSON reads it, to which -0 is 0
    if isinstance(node, kinds) and isinstance(node, StringValueNode | FloatValueNode):
        return node.value
    raise GraphQLError("A literal of another kind is needed here; see the scalar's description.")


def _parse_number(text: str) -> int:
    try:
        return micros_from_text(text)
    except ValueError as error:
        raise GraphQLError(str(error)) from error


def _parse_time(text: object) -> datetime:
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise GraphQLError(
            f"{_shown(text)} is not a time with an offset (RFC 3339); write for example 2026-01-31T12:00:00Z."
        )
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise GraphQLError(f"{_shown(text)} is not a time: {error}.") from error


def _write_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_long(value: object) -> int:
    text = _number_text(value)
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > _LARGEST_LONG:
        raise GraphQLError(f"{_shown(text)} is not a whole number of at most 63 bits.")
    return int(text)


def exact_text(amount: Fraction) -> DecimalText:
    """Write an exact amount; an endless fraction to 18 places."""
    with localcontext(prec=60):
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        places = exact.quantize(Decimal(1).scaleb(-LONGEST_FRACTION))
    return DecimalText(format(places, "f").rstrip("0").rstrip("."))


def json_value(value: object) -> Json:
    """Read a JSON object of bounded size; GraphQLError says what is wrong with it."""
    if not isinstance(value, Mapping):
        raise GraphQLError("A JSON object is needed here.")
    plain = _plain(value, DEEPEST_JSON)
    try:
        size = len(json.dumps(plain, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        raise GraphQLError("The JSON object holds text that is not valid Unicode.") from error
    if size > LARGEST_JSON_CHARACTERS:
        raise GraphQLError(f"The JSON object is larger than {LARGEST_JSON_CHARACTERS} bytes.")
    assert isinstance(plain, dict)  # noqa: S101 - a mapping stays one
    return plain


def _plain(value: object, depth: int) -> object:
    if depth == 0:
        raise GraphQLError(f"The JSON object is nested deeper than {DEEPEST_JSON} levels.")
    if isinstance(value, Mapping):
        # A literal may hold a variable that was not given: its field counts as left out, its element as null.
        given = {str(key): inner for key, inner in value.items() if inner is not Undefined}
        return {key: _plain(inner, depth - 1) for key, inner in given.items()}
    if isinstance(value, list | tuple):
        return [None if inner is Undefined else _plain(inner, depth - 1) for inner in value]
    if isinstance(value, Decimal):
        # Settings may hold fractions such as a temperature; amounts of credits are strings there.
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise GraphQLError("The JSON object holds a number that is too large.")
    if isinstance(value, int) and abs(value) > _LARGEST_LONG:
        raise GraphQLError("The JSON object holds a whole number of more than 63 bits; write it as a string.")
    if not isinstance(value, str | int | float | None):
        # A literal may hold a variable of any type, a time for one.
        raise GraphQLError("The JSON object holds a value that JSON does not have.")
    return value


def _parse_json_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> Json:
    if not isinstance(node, ObjectValueNode | ListValueNode):
        raise GraphQLError("A JSON object is needed here.")
    return json_value(value_from_ast_untyped(node, dict(variables or {})))


def _from_literal(
    parse: Callable[[str], Any], *kinds: type[ValueNode]
) -> Callable[[ValueNode, Mapping[str, Any] | None], Any]:
    def read(node: ValueNode, _variables: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - any scalar
        return parse(_literal_text(node, *kinds))

    return read


def _shown(value: object) -> str:
    return repr(value)[:60]


def _parse_credits(text: str) -> Credits:
    return Credits(_parse_number(text))


def _parse_decimal(text: str) -> str:
    return text_from_micros(_parse_number(text))


_NUMBERS = (StringValueNode, IntValueNode, FloatValueNode)

SCALARS: dict[object, Any] = {
    Credits: strawberry.scalar(
        name="Credits",
        description=(
            'An exact amount of credits as a decimal string such as "103" or "0.9": at most 12 digits '
            "before and 6 after the point. Strings and number literals are accepted; nothing passes through "
            "a float."
        ),
        serialize=str,
        parse_value=lambda value: _parse_credits(_number_text(value)),
        parse_literal=_from_literal(_parse_credits, *_NUMBERS),
    ),
    DecimalText: strawberry.scalar(
        name="Decimal",
        description=(
            'An exact number as a decimal string such as "5" or "0.25". As input at most 12 digits before '
            "and 6 after the point, without sign or exponent; strings and number literals are accepted."
        ),
        serialize=str,
        parse_value=lambda value: _parse_decimal(_number_text(value)),
        parse_literal=_from_literal(_parse_decimal, *_NUMBERS),
    ),
    Long: strawberry.scalar(
        name="Long",
        description="A whole number of up to 63 bits: a plain JSON number, as input also a string of digits.",
        serialize=int,
        parse_value=_parse_long,
        parse_literal=_from_literal(_parse_long, StringValueNode, IntValueNode),
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment with an offset (RFC 3339), e.g. 2026-01-31T12:00:00Z; answers are in UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_write_time,
        parse_value=_parse_time,
        parse_literal=_from_literal(_parse_time, StringValueNode),
    ),
    JsonValue: strawberry.scalar(
        name="JSON",
        description=(
            f"A JSON object, at most {DEEPEST_JSON} levels deep and {LARGEST_JSON_CHARACTERS} bytes long."
        ),
        serialize=lambda value: value,
        parse_value=json_value,
        parse_literal=_parse_json_literal,
    ),
}
