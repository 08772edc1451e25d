"""Values that do not belong where they are put: each as JSON and as a literal of GraphQL."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

PLACE = "@@place@@"
"""Stands in an operation where a value is to go."""
_NAME = re.compile(r"[A-Za-z_][0-9A-Za-z_]*")


@dataclass(frozen=True, slots=True)
class Value:
    """A value, as text of JSON and of GraphQL, which differ in objects only."""

    name: str
    json: str
    literal: str


def _values() -> list[Value]:
    nested = '{"a":' * 30 + "1" + "}" * 30
    same = {
        "null": "null",
        "true": "true",
        "false": "false",
        "zero": "0",
        "one": "1",
        "minus one": "-1",
        "minus zero": "-0",
        "2^31": "2147483648",
        "2^53 + 1": "9007199254740993",
        "2^63": "9223372036854775808",
        "-2^63 - 1": "-9223372036854775809",
        "100 digits": "9" * 100,
        "a fraction": "0.1",
        "one, as a fraction": "1.0",
        "seven places": "0.0000001",
        "an exponent": "1e3",
        "a small exponent": "1e-3",
        "an endless exponent": "1e400",
        "an exponent of nine digits": "1e999999999",
        "no text": '""',
        "a space": '" "',
        "a space before": '" a"',
        "a number as text": '"1"',
        "NaN as text": '"NaN"',
        "an exponent as text": '"1e999999999"',
        "1,000 digits as text": f'"{"9" * 1_000}"',
        "Arabic digits": '"\\u0661\\u0662"',
        "a NUL": '"a\\u0000b"',
        "a line end": '"a\\nb"',
        "an escape of a terminal": '"\\u001b[31m"',
        "a delete": '"\\u007f"',
        "half a character": '"\\ud800"',
        "the other half": '"x\\udfff"',
        "beyond the first plane": '"\\ud83d\\ude00"',
        "text from right to left": '"\\u202eabc"',
        "no character at all": '"\\uffff"',
        "a decomposed letter": '"e\\u0301"',
        "101 characters": f'"{"a" * 101}"',
        "256 characters": f'"{"a" * 256}"',
        "10,000 characters": f'"{"a" * 10_000}"',
        "SQL": "\"' OR '1'='1'; DROP TABLE account; --\"",
        "a pattern": '"%_\\\\"',
        "a path": '"../../etc/passwd"',
        "a template": '"{{7*7}}${7*7}%s%n"',
        "an id of nothing": '"workflow_00000000000000000000000000000000"',
        "an id of another kind": '"rate_00000000000000000000000000000000"',
        "an id in capitals": '"WORKFLOW_00000000000000000000000000000000"',
        "a time": '"2026-03-04T12:00:00Z"',
        "the first moment": '"0001-01-01T00:00:00Z"',
        "the last moment": '"9999-12-31T23:59:59.999999Z"',
        "before the first moment": '"0001-01-01T00:00:00+14:00"',
        "a time without its offset": '"2026-03-04T12:00:00"',
        "a leap second": '"2026-12-31T23:59:60Z"',
        "a cursor of nothing": '"AAAAAAAAAAAAAAAAAAAAAA"',
        "a list of nothing": "[]",
        "a list of null": "[null]",
        "a list of one": "[1]",
        "a list of lists": "[[[]]]",
        "a list of texts": '["a","b"]',
    }
    objects = {
        "an object of nothing": "{}",
        "an object": '{"a":1}',
        "an object of null": '{"a":null}',
        "30 levels": nested,
    }
    found = [Value(name, text, text) for name, text in same.items()]
    return found + [Value(name, text, re.sub(r'"(\w+)":', r"\1:", text)) for name, text in objects.items()]


VALUES = _values()


def body_by_variable(query: str, variables: Mapping[str, Any], value: Value) -> bytes:
    """Write the body that brings the value in a variable, exactly as it is written."""
    text = json.dumps({"query": query, "variables": variables})
    return text.replace(f'"{PLACE}"', value.json).encode()


def body_by_literal(
    query: str, variables: Mapping[str, Any], types: Mapping[str, GraphQLInputType], value: Value
) -> bytes:
    """Write the body that brings the value, and all beside it, in the document."""
    text = re.sub(r"^(\w+)\(.*?\) \{", r"\1 {", query, count=1)
    for name, given in variables.items():
        text = text.replace(f"{name}: ${name}", f"{name}: {_literal(given, types[name], value)}")
    return json.dumps({"query": text}).encode()


def _literal(given: Any, type_: GraphQLInputType, value: Value) -> str:
    kind = get_named_type(type_)
    if given == PLACE:
        return _placed(value, kind, in_list=is_list_type(get_nullable_type(type_)))
    if isinstance(given, list):
        return f"[{', '.join(_literal(each, _inner(type_), value) for each in given)}]"
    if isinstance(given, dict):
        fields = kind.fields if isinstance(kind, GraphQLInputObjectType) else None
        inner = {
            name: json.dumps(each) if fields is None else _literal(each, fields[name].type, value)
            for name, each in given.items()
        }
        return "{" + ", ".join(f"{name}: {text}" for name, text in inner.items()) + "}"
    return str(given) if isinstance(kind, GraphQLEnumType) else json.dumps(given)


def _inner(type_: GraphQLInputType) -> GraphQLInputType:
    """Give the type of a list's elements; one value may stand for a list of it."""
    bare: Any = get_nullable_type(type_)
    inner: GraphQLInputType = bare.of_type if isinstance(bare, GraphQLList) else bare
    return inner


def _placed(value: Value, kind: Any, *, in_list: bool) -> str:
    # What is a text in JSON is a name where an enumeration is asked for: then it has the same meaning.
    if isinstance(kind, GraphQLEnumType):
        text = value.literal.strip('"')
        if value.literal.startswith('"') and _NAME.fullmatch(text):
            return text
        if in_list and value.literal == '["a","b"]':
            return "[a, b]"
    return value.literal
