"""Conversions: input values become what strawberry's resolvers take, by functions that are made once."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any

from strawberry import UNSET
from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Conversion:
    """An argument of a field: its name for callers and for the resolver, and how its value is converted."""

    name: str
    python_name: str
    convert: Callable[[Any, Any], Any] | None
    """Takes the value and strawberry's info; None where the value stays as it is."""
    is_plain: bool
    """Whether lists and input objects are surely copied."""


class _NotPlain(Exception):  # noqa: N818 - named for the state
    """A type whose values only strawberry itself converts: they need the info, or their place."""


def conversions_of(converter: GraphQLCoreConverter, field: StrawberryField) -> tuple[Conversion, ...]:
    """Give the conversions of a field's arguments."""
    found = []
    for argument in field.arguments:
        name = converter.config.name_converter.from_argument(argument)
        found.append(_conversion(converter, name, argument))
    return tuple(found)


def _conversion(converter: GraphQLCoreConverter, name: str, argument: StrawberryArgument) -> Conversion:
    kind: Any = argument.type
    try:
        plain = _plain(converter, kind, ())
    except _NotPlain:
        registry, config = converter.scalar_registry, converter.config
        return Conversion(
            name,
            argument.python_name,
            lambda value, info: convert_argument(value, kind, registry, config, info, path=(name,)),
            is_plain=False,
        )
    convert = None if plain is None else lambda value, _: plain(value)
    return Conversion(name, argument.python_name, convert, is_plain=True)


def _plain(
    converter: GraphQLCoreConverter,
    kind: Any,  # noqa: ANN401 - any type of strawberry's
    above: tuple[object, ...],
) -> Convert | None:
    if isinstance(kind, StrawberryMaybe):
        raise _NotPlain
    if isinstance(kind, StrawberryOptional):
        return _plain(converter, kind.of_type, above)
    if isinstance(kind, StrawberryList):
        return _list(_plain(converter, kind.of_type, above))
    if isinstance(kind, LazyType):
        return _plain(converter, kind.resolve_type(), above)
    definition = getattr(kind, "__strawberry_definition__", kind)
    is_leaf = isinstance(definition, StrawberryEnumDefinition) or is_scalar(kind, converter.scalar_registry)
    if is_leaf and kind is not GlobalID:
        return None
    if not isinstance(definition, StrawberryObjectDefinition) or definition.from_input is not None:
        raise _NotPlain
    if kind in above:
        raise _NotPlain
    return _object(converter, kind, definition, (*above, kind))


def _list(convert_item: Convert | None) -> Convert:
    def convert(value: Any) -> Any:  # noqa: ANN401 - any value
        if value is None or value is UNSET:
            return value
        return list(value) if convert_item is None else [convert_item(item) for item in value]

    return convert


def _object(
    converter: GraphQLCoreConverter,
    kind: Callable[..., Any],
    definition: StrawberryObjectDefinition,
    above: tuple[object, ...],
) -> Convert:
    absent = {each.python_name: None for each in definition.fields if _has_no_default(each)}
    fields = tuple(
        (
            converter.config.name_converter.from_field(each),
            each.python_name,
            _plain(converter, each.resolve_type(type_definition=definition), above),
        )
        for each in definition.fields
    )
    filled = absent if definition.is_input else {}

    def convert(value: Any) -> Any:  # noqa: ANN401 - a dictionary
        if value is None or value is UNSET:
            return value
        given = filled.copy()
        for name, python_name, convert_field in fields:
            if name in value:
                found = value[name]
                given[python_name] = found if convert_field is None else convert_field(found)
        return kind(**given)

    return convert


def _has_no_default(field: StrawberryField) -> bool:
    return field.default_value is MISSING and field.default_factory is MISSING
