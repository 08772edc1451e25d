"""Variables: their values are read by functions that are made once for each operation.

What is not in order is read again by the stock engine, which says what is wrong with it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    VariableDefinitionNode,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from graphql.utilities.coerce_input_value import coerce_default_value

from graph.execution.surprises import Surprise

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Variable:
    signature: GraphQLVariableSignature
    read: Read
    without: VariableValueSource
    """The source where no value is given."""
    default: Any
    """Undefined where there is none."""
    is_required: bool


class Variables:
    """The variables of an operation."""

    def __init__(self, schema: GraphQLSchema, definitions: Iterable[VariableDefinitionNode]) -> None:
        """Raise Surprise for variables that are better left to the stock engine."""
        self._variables = tuple(_variable(schema, each) for each in definitions)

    def read(self, given: Mapping[str, Any]) -> VariableValues:
        """Read the values of a request.

        Raises Surprise, or what a scalar raises, where they may not be in order.
        """
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self._variables:
            name = variable.signature.name
            value = given.get(name, Undefined)
            if value is not Undefined:
                sources[name] = VariableValueSource(variable.signature, value)
                coerced[name] = variable.read(value)
                continue
            if variable.is_required:
                raise Surprise
            sources[name] = variable.without
            if variable.default is not Undefined:
                coerced[name] = variable.default
        return VariableValues(sources, coerced)


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> _Variable:
    signature = get_variable_signature(schema, definition)
    if isinstance(signature, GraphQLError):
        raise Surprise
    default = coerce_default_value(signature)
    if type(default) not in _FROZEN:
        # Each request makes a default of its own where resolvers could change it.
        raise Surprise
    is_required = isinstance(signature.type, GraphQLNonNull) and default is Undefined
    read = _reader(signature.type, ())
    return _Variable(signature, read, VariableValueSource(signature), default, is_required)


def _reader(kind: Any, above: tuple[object, ...]) -> Read:  # noqa: ANN401 - any input type
    if isinstance(kind, GraphQLNonNull):
        return _required(_present_reader(kind.of_type, above))
    inner = _present_reader(kind, above)

    def read(value: Any) -> Any:  # noqa: ANN401 - JSON
        return None if value is None else inner(value)

    return read


def _required(read: Read) -> Read:
    """Refuse null."""

    def read_required(value: Any) -> Any:  # noqa: ANN401 - JSON
        if value is None:
            raise Surprise
        return read(value)

    return read_required


def _present_reader(kind: Any, above: tuple[object, ...]) -> Read:  # noqa: ANN401 - any input type
    if isinstance(kind, GraphQLList):
        return _list_reader(_reader(kind.of_type, above))
    if isinstance(kind, GraphQLInputObjectType):
        return _object_reader(kind, above)
    return _leaf_reader(kind)


def _list_reader(read_item: Read) -> Read:
    def read(value: Any) -> Any:  # noqa: ANN401 - JSON
        if type(value) is not list:
            raise Surprise
        return [read_item(item) for item in value]

    return read


def _object_reader(kind: GraphQLInputObjectType, above: tuple[object, ...]) -> Read:
    if kind in above or kind.is_one_of:
        # A type within itself has no depth of its own: the stock engine bounds it.
        raise Surprise
    fields = tuple(_field(name, each, (*above, kind)) for name, each in kind.fields.items())
    make = kind.out_type

    def read(value: Any) -> Any:  # noqa: ANN401 - JSON
        if type(value) is not dict:
            raise Surprise
        found = {}
        seen = 0
        for name, out_name, read_field, default, is_required in fields:
            if name in value:
                given = value[name]
                seen += 1
                if given is Undefined:
                    raise Surprise
                found[out_name] = read_field(given)
            elif is_required:
                raise Surprise
            elif default is not Undefined:
                found[out_name] = default
        if seen != len(value):  # some are of other names
            raise Surprise
        return make(found)

    return read


def _field(
    name: str, field: GraphQLInputField, above: tuple[object, ...]
) -> tuple[str, str, Read, Any, bool]:
    default = Undefined if is_required_input_field(field) else coerce_default_value(field)
    read = _reader(field.type, above)
    return name, field.out_name or name, read, default, is_required_input_field(field)


def _leaf_reader(kind: GraphQLLeafType) -> Read:
    kept = _KEPT.get(id(kind))
    if kept is not None:
        return kept
    coerce = kind.coerce_input_value
    assert coerce is not None  # noqa: S101 - graphql-core sets it for every leaf
    if isinstance(kind, GraphQLEnumType):
        return {name: coerce(name) for name in kind.values}.__getitem__

    def read(value: Any) -> Any:  # noqa: ANN401 - JSON
        found = coerce(value)
        if found is Undefined:
            raise Surprise
        return found

    return read


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    if type(value) is str:
        return value
    raise Surprise


def _flag(value: Any) -> bool:  # noqa: ANN401 - JSON
    if type(value) is bool:
        return value
    raise Surprise


def _whole_number(value: Any) -> int:  # noqa: ANN401 - JSON
    if type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
        return value
    raise Surprise


_KEPT: dict[int, Read] = {
    id(GraphQLString): _text,
    id(GraphQLID): _text,
    id(GraphQLBoolean): _flag,
    id(GraphQLInt): _whole_number,
}
_FROZEN = (type(Undefined), type(None), str, int, float, bool)
