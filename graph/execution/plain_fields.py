"""Plain fields: those whose value is read from the object they are asked of, without a resolver."""

from collections.abc import Callable, Mapping
from functools import partial
from keyword import iskeyword
from typing import Any

from graphql import GraphQLField, GraphQLObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField

from graph.execution.surprises import Surprise

CAST_ATTRIBUTE = TYPE_CAST_ATTRIBUTE
"""What strawberry notes at an object that stands for an object of another type."""

Read = Callable[[Any], Any]


def reader_of(field: GraphQLField, name: str) -> str | Read | None:
    """Give how a field without a resolver of its own is read: by an attribute's name, or by a function.

    None for any other field.
    """
    if field.args:
        return None
    given = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(given, StrawberryField):
        return None if field.resolve is not None else partial(_read_default, name)
    if not given.is_basic_field or not getattr(field.resolve, "_is_default", False):
        return None
    is_own = type(given).get_result is not StrawberryField.get_result
    if is_own or given.default_resolver is not getattr or not _is_name(given.python_name):
        return partial(given.get_result, info=None, args=[], kwargs={})
    return given.python_name


def class_of(kind: GraphQLObjectType) -> type | None:
    """Name the class whose exact instances are surely objects of a strawberry type; None where none is."""
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of is not None:
        return None
    found: type = definition.origin
    of_one_type = not definition.is_graphql_generic and definition.concrete_of is None
    is_own = vars(found).get("__strawberry_definition__") is definition
    return found if of_one_type and is_own and not issubclass(found, Exception) else None


def is_resolved_by_class(resolve_type: Callable[..., Any] | None) -> bool:
    """Whether strawberry itself tells the types of an interface or union apart: by the class."""
    return getattr(resolve_type, "__qualname__", None) in _RESOLVERS_BY_CLASS


def _read_default(name: str, source: Any) -> Any:  # noqa: ANN401 - objects and values of any type
    """Read as graphql-core's default resolver does; a method to be called is a surprise."""
    value = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
    if callable(value):
        raise Surprise
    return value


def _is_name(text: str) -> bool:
    return text.isidentifier() and not iskeyword(text)


_RESOLVERS_BY_CLASS = (
    "StrawberryUnion.get_type_resolver.<locals>._resolve_union_type",
    "GraphQLCoreConverter.from_interface.<locals>._get_resolve_type.<locals>.resolve_type",
)
