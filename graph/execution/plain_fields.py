"""Plain fields: those whose value is simply an attribute of the object they are asked of."""

from collections.abc import Callable, Mapping
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


def attribute_of(field: GraphQLField) -> str | None:
    """Name the attribute that a field without a resolver of its own shows; None for any other field."""
    given = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(given, StrawberryField) or field.args or not given.is_basic_field:
        return None
    is_attribute = given.default_resolver is getattr and getattr(field.resolve, "_is_default", False)
    return given.python_name if is_attribute and _is_name(given.python_name) else None


def has_default_resolver(field: GraphQLField) -> bool:
    """Whether graphql-core's default resolver answers the field, without arguments."""
    return field.resolve is None and not field.args


def read_default(source: Any, name: str) -> Any:  # noqa: ANN401 - objects and values of any type
    """Read as graphql-core's default resolver does; a method to be called is a surprise."""
    value = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
    if callable(value):
        raise Surprise
    return value


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


def _is_name(text: str) -> bool:
    return text.isidentifier() and not iskeyword(text)


_RESOLVERS_BY_CLASS = (
    "StrawberryUnion.get_type_resolver.<locals>._resolve_union_type",
    "GraphQLCoreConverter.from_interface.<locals>._get_resolve_type.<locals>.resolve_type",
)
