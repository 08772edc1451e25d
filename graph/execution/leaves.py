"""Leaves: how compiled code writes a scalar or a member of an enum."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from graph.execution.surprises import settle, settled

Write = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    """How values of a scalar or an enum are written."""

    cases: tuple[tuple[str, str], ...]
    """Tests and what is written where they hold, over `{v}`; the first test reads it as `{first}`."""
    write: Write
    """Writes any other value, or raises."""
    names: dict[str, object] = field(default_factory=dict)
    """What the cases name beside the value."""


def leaf_of(kind: GraphQLLeafType, prefix: str) -> Leaf:
    """Tell how values are written; names that no other leaf must share begin with the prefix."""
    write = _writer(kind)
    test = _USUAL.get(id(kind))
    if test is not None:
        return Leaf(((test, "{v}"),), write, {"isfinite": isfinite})
    if isinstance(kind, CustomGraphQLEnumType):
        return _enum(kind, prefix, write)
    coerce = _coerce(kind)
    if coerce is str:
        # What `str` makes is a text in any case.
        return Leaf((("type({first}) is str", "{v}"), ("type({v}) in settled", "str({v})")), write)
    if coerce is int:
        return Leaf((("type({first}) is int", "{v}"),), write)
    written = f"{prefix}checked({prefix}coerce({{v}}))"
    names: dict[str, object] = {f"{prefix}coerce": coerce, f"{prefix}checked": _checked}
    return Leaf((("type({first}) in settled", written),), write, names)


def _enum(kind: CustomGraphQLEnumType, prefix: str, write: Write) -> Leaf:
    # `_name_` is an attribute, where `name` is a call.
    members: Iterable[Enum] = kind.wrapped_cls
    shown = {member._name_: kind.coerce_output_value(member) for member in members}
    names: dict[str, object] = {f"{prefix}class": kind.wrapped_cls, f"{prefix}shown": shown}
    return Leaf(((f"type({{first}}) is {prefix}class", f"{prefix}shown[{{v}}._name_]"),), write, names)


def _writer(kind: GraphQLLeafType) -> Write:
    coerce = _coerce(kind)

    def write(value: Any) -> Any:  # noqa: ANN401 - a value of any scalar
        if type(value) not in settled:
            settle(value)
        return _checked(coerce(value))

    return write


def _checked(written: Any) -> Any:  # noqa: ANN401 - what a scalar writes
    """Refuse what no scalar should write: nothing at all, or something to be awaited."""
    if type(written) not in settled:
        settle(written)
    return written


def _coerce(kind: GraphQLLeafType) -> Write:
    assert kind.coerce_output_value is not None  # noqa: S101 - graphql-core sets it for every leaf
    return kind.coerce_output_value


# By identity, since a schema may have a scalar of its own with one of these names.
_USUAL: dict[int, str] = {
    id(GraphQLString): "type({first}) is str",
    id(GraphQLID): "type({first}) is str",
    id(GraphQLBoolean): "type({first}) is bool",
    id(GraphQLInt): f"type({{first}}) is int and {GRAPHQL_MIN_INT} <= {{v}} <= {GRAPHQL_MAX_INT}",
    id(GraphQLFloat): "type({first}) is float and isfinite({v})",
}
