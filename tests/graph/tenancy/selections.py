"""Selections that leave nothing out: every field of what is answered, as far as the next thing with an id."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tests.graph.tenancy.positions import GRAPH

DEEPEST = 7
ARGUMENTS = {
    "UsageAnalytics.ranking": {"by": "AGENT"},
    "UsageAnalytics.timeSeries": {"granularity": "DAY"},
    **{
        f"{owner}.usage": {"from": '"2026-03-03T00:00:00Z"', "to": '"2026-03-06T00:00:00Z"'}
        for owner in ("Account", "Agent", "ApiKey")
    },
}
"""What fields are given that need an argument, or that tell nothing without one."""
ALONE = {"ledgerAudit"}
"""An operation may ask for it once: it is walked as a field of the root."""


def everything(type_: GraphQLNamedType, depth: int = 0) -> str:
    """Select all that a type has: values to their end, and of things with an id below the first their plain fields."""
    return " ".join(dict.fromkeys(_selected(get_named_type(type_), depth)))


def arguments(type_name: str, field_name: str, **given: str) -> str:
    """Write what a field is given, beside what it is always given."""
    all_given = ARGUMENTS.get(f"{type_name}.{field_name}", {}) | given
    return f"({', '.join(f'{name}: {value}' for name, value in all_given.items())})" if all_given else ""


def covered(type_: GraphQLNamedType, depth: int = 0) -> Iterator[str]:
    """Name the fields that `everything` selects, as `Type.field`."""
    type_ = get_named_type(type_)
    for member in _members(type_):
        for name, field in member.fields.items():
            if _is_asked(name, field, member, depth):
                yield f"{member.name}.{name}"
                if not is_leaf_type(get_named_type(field.type)):
                    yield from covered(get_named_type(field.type), depth + 1)


def _selected(type_: GraphQLNamedType, depth: int) -> Iterator[str]:
    if is_leaf_type(type_):
        return
    yield "__typename"
    if isinstance(type_, GraphQLObjectType):
        yield from _fields(type_, depth, {})
        return
    types: dict[str, set[str]] = defaultdict(set)
    for member in _members(type_):
        for name, field in member.fields.items():
            types[name].add(str(field.type))
    for member in _members(type_):
        yield f"... on {member.name} {{ __typename {' '.join(_fields(member, depth, types))} }}"


def _fields(type_: GraphQLObjectType, depth: int, types: Mapping[str, set[str]]) -> Iterator[str]:
    for name, field in type_.fields.items():
        if _is_asked(name, field, type_, depth):
            shown = everything(get_named_type(field.type), depth + 1)
            # Members of a union may have fields of one name and of different types, which one name cannot answer.
            alias = f"{type_.name}_{name}: " if len(types.get(name, ())) > 1 else ""
            yield f"{alias}{name}{arguments(type_.name, name)}{f' {{ {shown} }}' if shown else ''}"


def _members(type_: GraphQLNamedType) -> list[GraphQLObjectType]:
    if isinstance(type_, GraphQLObjectType):
        return [type_]
    if isinstance(type_, GraphQLUnionType):
        return list(type_.types)
    if isinstance(type_, GraphQLInterfaceType):
        return list(GRAPH.get_implementations(type_).objects)
    return []


def _is_asked(name: str, field: GraphQLField, type_: GraphQLObjectType, depth: int) -> bool:
    needs = any(map(is_required_argument, field.args.values()))
    if name in ALONE or (needs and f"{type_.name}.{name}" not in ARGUMENTS):
        return False
    target = get_named_type(field.type)
    if is_leaf_type(target):
        return True
    # What has an id is walked by itself; here it shows its plain fields.
    return depth < DEEPEST and (depth == 0 or "id" not in type_.fields)
