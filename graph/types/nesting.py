"""Nests of the graph: which lists the store writes itself, and what of them it can write."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from inspect import Parameter, signature
from typing import Any
from uuid import UUID

from graphql import GraphQLList, GraphQLNonNull, get_named_type, get_nullable_type, is_enum_type, is_leaf_type
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from graph.context import Info
from graph.execution.many import Nesting, Resolver, nested
from graph.execution.nests import Branch
from graph.inputs import bad_input
from graph.loaders.nests import Around, Constant, Leaf, Member, Objects, PageRows, Rows, nest_of
from graph.loaders.pages import ListKey
from graph.types.computed import column_of
from graph.types.connection import Connection, PageArguments, read_page

Describe = Callable[..., Rows]

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
    pages but the first are not written by the store.
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
    if (asked.after, asked.last, asked.before) != (None, None, None):
        raise bad_input("first", "only the first page is written by the store.")
    page = read_page(info.context.cursors, list_key, asked)
    return PageRows(list_key.listing, list_key.filter, list_key.order, page.size)


def _prepared(branch: Branch) -> Callable[[Any, Any, Sequence[Rows]], Any] | None:
    shown = _list(branch)
    if shown is None or _size(branch) > MOST_FIELDS or _lists(shown) > MOST_LISTS:
        return None
    nest = nest_of(shown)

    async def write(source: Any, info: Any, rows: Sequence[Rows]) -> str | None:  # noqa: ANN401 - any thing with a row; graphql-core's
        return await nest.text(info.context.snapshot, _parent(source.row), rows)

    return write


def _size(branch: Branch) -> int:
    return 1 + sum(map(_size, branch.below))


def _lists(shown: Member) -> int:
    below = sum(map(_lists, shown.members)) if isinstance(shown, Objects | Around) else 0
    return below + isinstance(shown, Objects)


def _parent(row: Any) -> tuple[UUID, UUID]:  # noqa: ANN401 - a row of an account or of what it owns
    # An account owns itself, and an operator's key is of no account.
    return getattr(row, "account_id", None) or row.id, row.id


def _member(branch: Branch) -> Member | None:
    if branch.field is None:
        return Constant(branch.name, f'"{branch.type_name}"')
    if branch.number is not None:
        return _list(branch)
    column = column_of(branch.field)
    kind: Any = get_named_type(branch.kind)
    if column is None or isinstance(get_nullable_type(branch.kind), GraphQLList) or not is_leaf_type(kind):
        return None
    if is_enum_type(kind) and not _is_kept_as_shown(kind):
        return None
    return Leaf(branch.name, column, is_nullable=not isinstance(branch.kind, GraphQLNonNull))


def _list(branch: Branch) -> Objects | Around | None:
    assert branch.number is not None  # noqa: S101 - the callers have looked
    if isinstance(get_nullable_type(branch.kind), GraphQLList):
        return _objects(branch, branch.number)
    members: list[Member | None] = [_in_connection(each, branch.number) for each in branch.below]
    found = _all(members)
    return None if found is None else Around(branch.name, found)


def _in_connection(branch: Branch, number: int) -> Member | None:
    if branch.field is None:
        return _member(branch)
    is_nodes = branch.field.origin is Connection and branch.field.python_name == "nodes"
    return _objects(branch, number) if is_nodes else None


def _objects(branch: Branch, number: int) -> Objects | None:
    found = _all([_member(each) for each in branch.below])
    return None if found is None else Objects(branch.name, number, found)


def _all(members: Sequence[Member | None]) -> tuple[Member, ...] | None:
    return None if None in members else tuple(each for each in members if each is not None)


def _is_kept_as_shown(kind: Any) -> bool:  # noqa: ANN401 - an enum type
    members: Iterable[Enum] = kind.wrapped_cls if isinstance(kind, CustomGraphQLEnumType) else ()
    return bool(members) and all(kind.coerce_output_value(each) == each.value for each in members)
