"""Arguments: their values are looked up, where that is all there is to do."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

ReadArguments = Callable[[VariableValues], dict[str, Any]]


def arguments_of(field: GraphQLField, node: FieldNode, *, is_copied: bool) -> ReadArguments:
    """Give the function that reads a field's arguments; it raises what graphql-core raises.

    `is_copied` says that resolvers get copies of lists and input objects: one serves all calls.
    """

    def read_as_stock(values: VariableValues) -> dict[str, Any]:
        return get_argument_values(field, node, values, hide_suggestions=True)

    given = {each.name.value: each.value for each in node.arguments or ()}
    try:
        sources = [
            _source(name, argument, given.get(name), is_copied=is_copied)
            for name, argument in field.args.items()
        ]
    except _NotPlain:
        return read_as_stock
    return _reader(sources, read_as_stock)


class _NotPlain(Exception):  # noqa: N818 - named for the state
    """An argument that graphql-core must read anew for each call, or complain of."""


class _Source(NamedTuple):
    """Where an argument's value comes from."""

    name: str
    variable: str | None
    constant: Any
    """The value, or what stands for a variable without one; Undefined where the argument is left out."""
    is_required: bool
    """Whether the value must not be null."""


def _reader(sources: list[_Source], read_as_stock: ReadArguments) -> ReadArguments:
    def read(values: VariableValues) -> dict[str, Any]:
        coerced = values.coerced
        found: dict[str, Any] = {}
        for name, variable, constant, is_required in sources:
            value = constant if variable is None else coerced.get(variable, constant)
            if is_required and (value is None or value is Undefined):
                return read_as_stock(values)  # which says what is wrong
            if value is not Undefined:
                found[name] = value
        return found

    return read


def _source(name: str, argument: GraphQLArgument, node: ValueNode | None, *, is_copied: bool) -> _Source:
    is_required = isinstance(argument.type, GraphQLNonNull)
    name = argument.out_name or name
    if isinstance(node, VariableNode):
        return _Source(name, node.name.value, _default(argument), is_required)
    if node is None:
        return _Source(name, None, _default(argument), is_required)
    if _holds_variable(node):
        raise _NotPlain
    value = coerce_input_literal(node, argument.type)
    if value is Undefined or not _is_constant(value, is_copied=is_copied):
        raise _NotPlain
    return _Source(name, None, value, is_required)


def _default(argument: GraphQLArgument) -> Any:  # noqa: ANN401 - a value of any input type
    try:
        return coerce_default_value(argument)
    except TypeError as error:
        raise _NotPlain from error


def _holds_variable(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(_holds_variable(each) for each in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_holds_variable(each.value) for each in node.fields)
    return isinstance(node, VariableNode)


def _is_constant(value: Any, *, is_copied: bool) -> bool:  # noqa: ANN401 - a value of any input type
    if is_copied and type(value) is dict:
        return all(_is_constant(each, is_copied=is_copied) for each in value.values())
    if is_copied and type(value) is list:
        return all(_is_constant(each, is_copied=is_copied) for each in value)
    return type(value) in _CONSTANT or isinstance(value, Enum)


_CONSTANT = (str, int, float, bool, type(None), Decimal, datetime, date, time, timedelta, UUID)
