"""Lists as keyset connections: a page, its cursors, and the whole list's length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from graph.context import Info
from graph.cursors import Cursors
from graph.execution.many import Nesting, nested, of_many
from graph.inputs import bad_input
from graph.loaders.nest_rows import Whole
from graph.loaders.pages import DEFAULT_NODES, MOST_NODES, ListKey, Page, PageKey, RowPage
from graph.scalars import Long
from graph.types.computed import computed

NodeType = TypeVar("NodeType")


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The paging arguments of a field, as the caller gave them."""

    first: Annotated[
        int | None,
        strawberry.argument(description="How many from the start (or after `after`): 1 to 100, else 20."),
    ] = None
    after: Annotated[str | None, strawberry.argument(description="Go on after this cursor.")] = None
    last: Annotated[
        int | None,
        strawberry.argument(description="How many from the end (or before `before`): 1 to 100."),
    ] = None
    before: Annotated[str | None, strawberry.argument(description="Go back from this cursor.")] = None


class Paged(FieldExtension):
    """Have callers give each of the paging arguments where a resolver takes them together, as `page`."""

    def apply(self, field: StrawberryField) -> None:
        """Put them in place of `page`; once done, there is none any more."""
        field.arguments = [
            each
            for argument in field.arguments
            for each in (_paging() if argument.python_name == "page" else [argument])
        ]

    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Gather what was given."""
        given = {each.name: kwargs.pop(each.name) for each in fields(PageArguments) if each.name in kwargs}
        return {**kwargs, "page": PageArguments(**given)}


PAGED = Paged()


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = strawberry.field(description="Whether more follow after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are some before this page.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first; null for an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last: give it as `after` for the next page."
    )


@strawberry.type(description="A thing of a list, with its place in it.")
class Edge(Generic[NodeType]):
    """A thing of a list, with its place in it."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: NodeType = strawberry.field(description="The thing itself.")


@strawberry.type(description="A page of a list. Its order is stable while rows are added.")
class Connection(Generic[NodeType]):
    """A page of a list."""

    nodes: list[NodeType] = strawberry.field(description="The things on this page.")
    edges: list[Edge[NodeType]] = computed(
        lambda connection: _edges(connection),  # noqa: PLW0108 - it stands below
        "The things on this page, each with its cursor.",
    )
    page_info: PageInfo = computed(
        lambda connection: _page_info(connection),  # noqa: PLW0108 - it stands below
        "Where this page lies in the list.",
    )
    list_key: strawberry.Private[ListKey[Any]]
    page: strawberry.Private[RowPage[Any]]
    cursors: strawberry.Private[Cursors]

    @strawberry.field(description="How many things the whole list has, its filter applied.")
    @nested(Nesting(lambda _: Whole(), lambda _: None))
    @of_many(lambda *given: _total_counts(*given))  # noqa: PLW0108 - it stands below
    async def total_count(self, info: Info) -> Long:
        """Count the whole list."""
        return Long(await info.context.loaders.count_by_list.load(self.list_key))


async def connect(
    info: Info, list_key: ListKey[Any], of: Callable[[Any], NodeType], asked: PageArguments
) -> Connection[NodeType]:
    """Load one page of a parent's list and show each row by `of`."""
    cursors = info.context.cursors
    page = read_page(cursors, list_key, asked)
    rows = await info.context.loaders.page_by_list.load(PageKey(list_key, page))
    return Connection(nodes=[of(row) for row in rows.rows], list_key=list_key, page=rows, cursors=cursors)


async def connect_all(
    info: Info,
    list_keys: Sequence[ListKey[Any]],
    of: Callable[[Any], NodeType],
    asked: PageArguments,
) -> list[Connection[NodeType]]:
    """Load the same page of many parents' lists, as `connect` does for one."""
    cursors = info.context.cursors
    page = read_page(cursors, list_keys[0], asked)
    keys = [PageKey(list_key, page) for list_key in list_keys]
    pages = await info.context.loaders.page_by_list.load_all(keys)
    return [
        Connection(nodes=list(map(of, found.rows)), list_key=list_key, page=found, cursors=cursors)
        for list_key, found in zip(list_keys, pages, strict=True)
    ]


def read_page(cursors: Cursors, list_key: ListKey[Any], asked: PageArguments) -> Page:
    """Read the paging arguments of a list; BAD_USER_INPUT names the argument that is wrong."""
    backward = asked.last is not None or asked.before is not None
    if backward and (asked.first is not None or asked.after is not None):
        raise bad_input("last", "page forward with first/after or backward with last/before, not both.")
    size = _size("last", asked.last) if backward else _size("first", asked.first)
    name, cursor = ("before", asked.before) if backward else ("after", asked.after)
    return Page(size, backward, None if cursor is None else cursors.read(name, list_key, cursor))


async def _total_counts(connections: Sequence[Connection[Any]], info: Info) -> list[Long]:
    keys = [connection.list_key for connection in connections]
    return list(map(Long, await info.context.loaders.count_by_list.load_all(keys)))


def _edges(connection: Connection[NodeType]) -> list[Edge[NodeType]]:
    rows = connection.page.rows
    return [
        Edge(cursor=connection.cursors.write(connection.list_key, row), node=node)
        for row, node in zip(rows, connection.nodes, strict=True)
    ]


def _page_info(connection: Connection[Any]) -> PageInfo:
    page = connection.page
    ends = [page.rows[0], page.rows[-1]] if page.rows else []
    cursors = [connection.cursors.write(connection.list_key, row) for row in ends]
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def _size(field: str, given: int | None) -> int:
    size = DEFAULT_NODES if given is None else given
    if not 1 <= size <= MOST_NODES:
        raise bad_input(field, f"1 to {MOST_NODES} is possible, not {size}.")
    return size


def _paging() -> list[StrawberryArgument]:
    return [
        StrawberryArgument(
            python_name=each.name,
            graphql_name=None,
            type_annotation=StrawberryAnnotation(each.type),
            default=each.default,
        )
        for each in fields(PageArguments)
    ]
