"""Every place of the schema where a caller puts a value: arguments, their input fields, and whole inputs.

They are read from the schema, so that a new one is tried as soon as it exists.
"""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tests.graph.tenancy.positions import Position, fields_of, object_types


def every_place() -> list[Position]:
    """List all, each by every way that leads to it."""
    return [
        Position(type_name, field_name, path, kind)
        for type_name in object_types()
        for field_name, field in fields_of(type_name).items()
        for argument, it in field.args.items()
        for path, kind in _within((argument,), it)
    ]


def each_once(places: list[Position]) -> list[Position]:
    """Keep every argument, and every field of every input type, by the first way that leads to it."""
    found: dict[tuple[str, ...], Position] = {}
    for place in places:
        owner = (place.type_name, place.field_name) if len(place.path) == 1 else (_owner(place),)
        found.setdefault((*owner, place.path[-1]), place)
    return list(found.values())


def shown(type_: GraphQLNamedType, depth: int = 0) -> str:
    """Select what makes a field do its work, and not more."""
    if is_leaf_type(type_):
        return ""
    if not isinstance(type_, GraphQLObjectType):
        return "__typename ... on Refusal { code }" if type_.name.endswith("Result") else "__typename"
    fields = {
        name: get_named_type(field.type)
        for name, field in type_.fields.items()
        if not any(map(is_required_argument, field.args.values()))
    }
    if "nodes" in fields:
        return "__typename totalCount nodes { __typename }"
    plain = [name for name, kind in fields.items() if is_leaf_type(kind)]
    if not plain and depth == 0:
        plain = [f"{name} {{ {shown(kind, 1)} }}" for name, kind in fields.items()]
    return " ".join(["__typename", *plain])


def _within(
    path: tuple[str, ...], it: GraphQLArgument | GraphQLInputField
) -> Iterator[tuple[tuple[str, ...], str]]:
    kind = get_named_type(it.type)
    yield path, kind.name
    if isinstance(kind, GraphQLInputObjectType):
        for name, inner in kind.fields.items():
            yield from _within((*path, name), inner)


def _owner(place: Position) -> str:
    """Name the input type whose field a place is."""
    type_ = get_named_type(place.field.args[place.path[0]].type)
    for name in place.path[1:-1]:
        assert isinstance(type_, GraphQLInputObjectType)
        type_ = get_named_type(type_.fields[name].type)
    return type_.name
