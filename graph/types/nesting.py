"""Nests of the graph: which lists the store writes itself, and what of them it can write."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import Enum
from inspect import Parameter, signature
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition

from graph.context import Info
from graph.execution.many import Nesting, Resolver, nested
from graph.execution.nests import Branch
from graph.inputs import bad_input
from graph.loaders.nest_members import (
    Constant,
    Cursor,
    EndCursor,
    Inside,
    IsFollowed,
    IsPreceded,
    Leaf,
    Listed,
    Member,
    Objects,
    One,
    Total,
)
from graph.loaders.nest_rows import Described, PageRows
from graph.loaders.nests import filled, nest_of
from graph.loaders.pages import ListKey
from graph.types.computed import column_of
from graph.types.connection import Connection, Edge, PageArguments, PageInfo, read_page

Describe = Callable[..., Described]

MOST_FIELDS = 200
"""What more fields are asked of is loaded: databases bound the depth of an expression."""

MOST_LISTS = 8
"""What has more lists is loaded: each takes milliseconds of a statement's making, and nothing else runs."""


def nesting(describe: Describe) -> Callable[[Resolver], Resolver]:
    """Say what a resolver lists, so that the store can write it where only columns and such lists are asked.

    `describe` takes info and the resolver's arguments; what it raises, the resolver raises too.
    """
    return nested(Nesting(describe, _prepared))


def nesting_pages(list_of: Callable[..., ListKey[Any]]) -> Callable[[Resolver], Resolver]:
    """Say which list a resolver gives a page of.

    `list_of` takes a parent, of which there is none here, and the resolver's arguments with its own defaults;
    pages that are read backward are not written by the store.
    """

    def mark(resolver: Resolver) -> Resolver:
        defaults = {
            name: parameter.default
            for name, parameter in signature(resolver).parameters.items()
            if parameter.default is not Parameter.empty
        }

        def describe(info: Info, *, page: PageArguments, **given: Any) -> PageRows:  # noqa: ANN401 - any arguments
            return _page_of(info, list_of(None, **(defaults | given)), page)

        return nesting(describe)(resolver)

    return mark


def _page_of(info: Info, list_key: ListKey[Any], asked: PageArguments) -> PageRows:
    if (asked.last, asked.before) != (None, None):
        raise bad_input("last", "only pages that are read forward are written by the store.")
    if asked.after is not None:
        # A cursor is read as one of the key's own account; `write` looks whose list it is.
        list_key = replace(list_key, parent=(info.context.account_id, info.context.account_id))
    return PageRows(list_key, read_page(info.context.cursors, list_key, asked))


def _prepared(branch: Branch) -> Callable[[Any, Any, Sequence[Described]], Any] | None:
    shown = None if _size(branch) > MOST_FIELDS else _listed(branch)
    # One row alone is loaded together with others.
    if shown is None or isinstance(shown.shown, One) or _lists(shown) > MOST_LISTS:
        return None
    nest = nest_of(shown)

    async def write(source: Any, info: Any, rows: Sequence[Any]) -> str | None:  # noqa: ANN401 - any thing with a row; graphql-core's
        parent = _parent(source.row)
        if any(_is_of_another(each, parent) for each in rows):
            return None

        def cursors_of(number: int) -> Callable[[str], str]:
            return info.context.cursors.writer(replace(rows[number].key, parent=parent))  # type: ignore[no-any-return]

        text = await nest.text(info.context.snapshot, parent, rows)
        return None if text is None else filled(text, cursors_of)

    return write


def _is_of_another(rows: Described, parent: tuple[UUID, UUID]) -> bool:
    """Whether a cursor was read as one of another account than the one whose lists are shown."""
    read_as = rows.key.parent if isinstance(rows, PageRows) else None
    return read_as is not None and read_as[0] != parent[0]


def _size(branch: Branch) -> int:
    return 1 + sum(map(_size, branch.below))


def _lists(shown: Member) -> int:
    if isinstance(shown, Listed):
        return 1 + _lists(shown.shown)
    return sum(map(_lists, shown.members)) if isinstance(shown, Inside | Objects | One) else 0


def _parent(row: Any) -> tuple[UUID, UUID]:  # noqa: ANN401 - a row of an account or of what it owns
    # An account owns itself, and an operator's key is of no account.
    return getattr(row, "account_id", None) or row.id, row.id


def _listed(branch: Branch) -> Listed | None:
    assert branch.number is not None  # noqa: S101 - the callers have looked
    shown: Inside | Objects | One | None
    if isinstance(get_nullable_type(branch.kind), GraphQLList):
        shown = _objects(branch, _member)
    elif _is_connection(branch.kind):
        shown = _inside(branch, _in_connection)
    else:
        found = _all(map(_member, branch.below))
        is_nullable = not isinstance(branch.kind, GraphQLNonNull)
        shown = None if found is None else One(branch.name, found, is_nullable)
    return None if shown is None else Listed(branch.name, branch.number, shown)


def _is_connection(kind: GraphQLOutputType) -> bool:
    found = get_named_type(kind).extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return isinstance(found, StrawberryObjectDefinition) and issubclass(found.origin, Connection)


def _in_connection(branch: Branch) -> Member | None:
    if _is_of(Connection, branch, "nodes"):
        return _objects(branch, _member)
    if _is_of(Connection, branch, "edges"):
        return _objects(branch, _in_edge)
    if _is_of(Connection, branch, "page_info"):
        return _inside(branch, _in_page_info)
    if _is_of(Connection, branch, "total_count"):
        return Total(branch.name)
    return _type_name(branch)


def _in_edge(branch: Branch) -> Member | None:
    if _is_of(Edge, branch, "cursor"):
        return Cursor(branch.name)
    if _is_of(Edge, branch, "node"):
        return _inside(branch, _member)
    return _type_name(branch)


def _in_page_info(branch: Branch) -> Member | None:
    if _is_of(PageInfo, branch, "has_next_page"):
        return IsFollowed(branch.name)
    if _is_of(PageInfo, branch, "has_previous_page"):
        return IsPreceded(branch.name)
    if _is_of(PageInfo, branch, "start_cursor"):
        return EndCursor(branch.name, is_last=False)
    if _is_of(PageInfo, branch, "end_cursor"):
        return EndCursor(branch.name, is_last=True)
    return _type_name(branch)


def _member(branch: Branch) -> Member | None:
    if branch.field is None:
        return _type_name(branch)
    if branch.number is not None:
        return _listed(branch)
    column = column_of(branch.field)
    kind: Any = get_named_type(branch.kind)
    if column is None or isinstance(get_nullable_type(branch.kind), GraphQLList) or not is_leaf_type(kind):
        return None
    if is_enum_type(kind) and not _is_kept_as_shown(kind):
        return None
    return Leaf(branch.name, column, is_nullable=not isinstance(branch.kind, GraphQLNonNull))


def _type_name(branch: Branch) -> Constant | None:
    return Constant(branch.name, f'"{branch.type_name}"') if branch.field is None else None


def _is_of(kind: type, branch: Branch, name: str) -> bool:
    return branch.field is not None and branch.field.origin is kind and branch.field.python_name == name


def _objects(branch: Branch, member: Callable[[Branch], Member | None]) -> Objects | None:
    found = _all(map(member, branch.below))
    return None if found is None else Objects(branch.name, found)


def _inside(branch: Branch, member: Callable[[Branch], Member | None]) -> Inside | None:
    found = _all(map(member, branch.below))
    return None if found is None else Inside(branch.name, found)


def _all(members: Iterable[Member | None]) -> tuple[Member, ...] | None:
    found = tuple(members)
    return None if None in found else tuple(each for each in found if each is not None)


def _is_kept_as_shown(kind: Any) -> bool:  # noqa: ANN401 - an enum type
    members: Iterable[Enum] = kind.wrapped_cls if isinstance(kind, CustomGraphQLEnumType) else ()
    return bool(members) and all(kind.coerce_output_value(each) == each.value for each in members)
