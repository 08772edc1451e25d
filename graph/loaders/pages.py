"""Keyset pages: a stable place in an order, however many parents ask, in one statement."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Subquery, and_, bindparam, func, null, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from graph.context import AnySelect, Snapshot
from models.base import table_of
from models.orders import by_sorting
from models.reading import PreparedRows, any_of, position_of
from pricing.credits import Credits

Row = TypeVar("Row")
Parent = tuple[UUID, UUID]
"""An account and the thing of it that owns the list (the account itself, an agent, a workflow …)."""

MOST_NODES = 100
DEFAULT_NODES = 20


class Filter(Protocol, Hashable):
    """What a list is narrowed to."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give what rows must fulfil."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order with a stable place for every row: a column, then the id."""

    name: str
    column: InstrumentedAttribute[Any]
    descending: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an order."""

    value: datetime | Credits | int
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of an order: the first so many after a place, or the last so many before one."""

    size: int
    backward: bool
    place: Place | None


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A list: its rows, and the columns that name the parent's account and the parent (none at the root).

    `id` tells the rows of an account apart, or those of one parent together with the column of the order.
    """

    model: type[Row]
    account: InstrumentedAttribute[Any] | None
    owner: InstrumentedAttribute[Any] | None
    id: InstrumentedAttribute[UUID]

    @property
    def name(self) -> str:
        """What tells it from every other list: its rows and what it is owned by."""
        return f"{self.model.__name__} {self.owner.key if self.owner is not None else ''}"


@dataclass(frozen=True, slots=True)
class ListKey(Generic[Row]):
    """One parent's list, narrowed and ordered."""

    listing: Listing[Row]
    parent: Parent | None
    filter: Filter
    order: Order

    def of_each(self, parents: "Sequence[Parent]") -> "list[ListKey[Row]]":
        """Give other parents' lists, narrowed and ordered as this one."""
        return [ListKey(self.listing, parent, self.filter, self.order) for parent in parents]

    @property
    def owner_id(self) -> UUID | None:
        """The parent's id; None for a root list."""
        return self.parent and self.parent[1]


@dataclass(frozen=True, slots=True)
class PageKey(Generic[Row]):
    """One page of one parent's list."""

    list: ListKey[Row]
    page: Page

    @property
    def question(self) -> tuple[Any, ...]:
        """What is asked of every parent alike."""
        return self.list.listing, self.list.filter, self.list.order, self.page


@dataclass(frozen=True, slots=True)
class RowPage(Generic[Row]):
    """The rows of a page, and whether more follow in either direction."""

    rows: Sequence[Row]
    has_next: bool
    has_previous: bool


async def load_pages(snapshot: Snapshot, keys: list[PageKey[Any]]) -> list[RowPage[Any]]:
    """Load pages: one statement for all parents that ask for the same list and page."""
    first = keys[0].question
    if all(key.question == first for key in keys):
        # As a level asks; to look up each key takes longer than to compare what is the same object.
        return await _load_alike(snapshot, keys)
    groups: dict[tuple[Any, ...], list[PageKey[Any]]] = defaultdict(list)
    for key in keys:
        groups[key.question].append(key)
    found: dict[PageKey[Any], RowPage[Any]] = {}
    for group in groups.values():
        found.update(zip(group, await _load_alike(snapshot, group), strict=True))
    return [found[key] for key in keys]


async def load_counts(snapshot: Snapshot, keys: list[ListKey[Any]]) -> list[int]:
    """Count whole lists: one statement for all parents that ask for the same one."""
    groups: dict[tuple[Any, ...], list[ListKey[Any]]] = defaultdict(list)
    for key in keys:
        groups[key.listing, key.filter].append(key)
    counts: dict[ListKey[Any], int] = {}
    for (listing, _), group in groups.items():
        found = {row[0]: row[1] for row in await snapshot.rows(_count_statement(listing, group))}
        counts.update({key: found.get(key.owner_id, 0) for key in group})
    return [counts[key] for key in keys]


def _count_statement(listing: Listing[Any], group: list[ListKey[Any]]) -> AnySelect:
    statement = select(_owner(listing), func.count()).select_from(listing.model).where(*_of_parents(group))
    return statement if listing.owner is None else statement.group_by(listing.owner)


async def _load_alike(snapshot: Snapshot, group: list[PageKey[Any]]) -> list[RowPage[Any]]:
    rows, page = await _rows_by_owner(snapshot, group), group[0].page
    return [_row_page(rows.get(key.list.owner_id, []), page) for key in group]


async def _rows_by_owner(snapshot: Snapshot, group: list[PageKey[Any]]) -> dict[UUID | None, list[Any]]:
    key, page = group[0].list, group[0].page
    listing = key.listing
    if page.place is not None or key.filter.conditions() or listing.owner is None:
        found: dict[UUID | None, list[Any]] = defaultdict(list)
        for owner, row in await snapshot.rows(_page_statement(group)):
            found[owner].append(row)
        return found
    asked = _whole_list(listing, key.order, page.backward, len(group) == 1)
    most = page.size + 1
    if len(group) == 1:
        assert key.parent is not None  # noqa: S101 - it owns the list
        account_id, owner_id = key.parent
        return {owner_id: await snapshot.read(asked, account=account_id, owner=owner_id, most=most)}
    parents = [each.list.parent for each in group if each.list.parent is not None]
    rows: Any = await snapshot.read(
        asked,
        accounts={account_id for account_id, _ in parents},
        owners={owner_id for _, owner_id in parents},
        most=most,
    )
    return _apart(rows, listing.owner)


def _apart(rows: list[Any], owner: InstrumentedAttribute[Any]) -> dict[UUID | None, list[Any]]:
    position = position_of(owner)
    apart: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        apart[row[position]].append(row)
    # By what the driver gave: each owner's id is made once, and not for every row.
    return {getattr(of_one[0], owner.key): of_one for of_one in apart.values()}


@cache
def _whole_list(
    listing: Listing[Any],
    order: Order,
    backward: bool,
    of_one: bool,
) -> PreparedRows[Any]:
    """Prepare the ends of lists narrowed to nothing; there are as many as lists and orders of them."""
    assert listing.owner is not None  # noqa: S101 - the caller has looked
    assert listing.account is not None  # noqa: S101 - whatever is owned is of an account
    columns = table_of(listing.model).columns
    ordering = ordering_of(order, listing, Page(MOST_NODES, backward, None))
    if of_one:
        conditions = [listing.owner == bindparam("owner")]
        if listing.account is not listing.owner:
            conditions.append(listing.account == bindparam("account"))
        statement = select(*columns).where(*conditions).order_by(*ordering).limit(bindparam("most"))
        return PreparedRows(listing.model, statement)
    conditions = [listing.owner.in_(any_of("owners"))]
    if listing.account is not listing.owner:
        conditions.append(listing.account.in_(any_of("accounts")))
    ranked = _ranked(listing, order, ordering, conditions)
    statement = _of_ranks(select(*columns), listing, order, ranked, bindparam("most"))
    return PreparedRows(listing.model, statement)


def _page_statement(group: list[PageKey[Any]]) -> AnySelect:
    key, page = group[0].list, group[0].page
    listing, order = key.listing, key.order
    conditions = _of_parents([page_key.list for page_key in group])
    if page.place is not None:
        conditions.append(_beyond(order, listing, page))
    ordering = ordering_of(order, listing, page)
    if len(group) == 1:
        # An index walk that stops after a page; a window would count the whole list first.
        return (
            select(_owner(listing), listing.model).where(*conditions).order_by(*ordering).limit(page.size + 1)
        )
    ranked = _ranked(listing, order, ordering, conditions)
    return _of_ranks(select(_owner(listing), listing.model), listing, order, ranked, page.size + 1)


def _ranked(
    listing: Listing[Any],
    order: Order,
    ordering: Sequence[ColumnElement[Any]],
    conditions: Sequence[ColumnElement[bool]],
) -> Subquery:
    assert listing.account is not None  # noqa: S101 - only parents that own a list can be several
    position = func.row_number().over(partition_by=listing.owner, order_by=ordering).label("position")
    columns = listing.account.label("account"), listing.id.label("id"), order.column.label("place"), position
    return select(*columns).where(*conditions).subquery()


def _of_ranks(
    statement: AnySelect,
    listing: Listing[Any],
    order: Order,
    ranked: Subquery,
    most: int | BindParameter[int],
) -> AnySelect:
    of_rank = and_(
        ranked.c.account == listing.account, ranked.c.id == listing.id, ranked.c.place == order.column
    )
    return statement.join(ranked, of_rank).where(ranked.c.position <= most).order_by(ranked.c.position)


def _of_parents(keys: Sequence[ListKey[Any]]) -> list[ColumnElement[bool]]:
    listing = keys[0].listing
    parents = [key.parent for key in keys if key.parent is not None]
    conditions = keys[0].filter.conditions()
    if listing.account is not None:
        conditions.append(listing.account.in_({account_id for account_id, _ in parents}))
    if listing.owner is not None and listing.owner is not listing.account:
        conditions.append(listing.owner.in_({owner_id for _, owner_id in parents}))
    return conditions


def _owner(listing: Listing[Any]) -> ColumnElement[Any]:
    return null() if listing.owner is None else listing.owner.expression


def ordering_of(order: Order, listing: Listing[Any], page: Page) -> list[ColumnElement[Any]]:
    """Order the rows of one owner as a page has them."""
    descending = order.descending is not page.backward
    place: Any = order.column if _is_walked(order, listing) else by_sorting(order.column)
    return [column.desc() if descending else column.asc() for column in (place, listing.id)]


@cache
def _is_walked(order: Order, listing: Listing[Any]) -> bool:
    """Whether an index has an owner's rows in this order; else one of all the account's would be walked."""
    if listing.owner is listing.account or listing.account is None or listing.owner is None:
        return True
    wanted = [listing.account.key, listing.owner.key, order.column.key]
    table = table_of(listing.model)
    indexes: list[Any] = [table.primary_key, *table.indexes]
    return any([column.key for column in index.columns][: len(wanted)] == wanted for index in indexes)


def _beyond(order: Order, listing: Listing[Any], page: Page) -> ColumnElement[bool]:
    place = page.place
    assert place is not None  # noqa: S101 - the caller has looked
    if order.descending is not page.backward:
        return or_(order.column < place.value, and_(order.column == place.value, listing.id < place.id))
    return or_(order.column > place.value, and_(order.column == place.value, listing.id > place.id))


def _row_page(rows: list[Any], page: Page) -> RowPage[Any]:
    more = len(rows) > page.size
    rows = rows[: page.size]
    if page.backward:
        return RowPage(rows[::-1], has_next=page.place is not None, has_previous=more)
    return RowPage(rows, has_next=more, has_previous=page.place is not None)
