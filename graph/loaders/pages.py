"""Keyset pages: a stable place in an order, however many parents ask, in one statement."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, null, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from graph.context import AnySelect, Snapshot
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

    @property
    def owner_id(self) -> UUID | None:
        """The parent's id; None for a root list."""
        return self.parent and self.parent[1]


@dataclass(frozen=True, slots=True)
class PageKey(Generic[Row]):
    """One page of one parent's list."""

    list: ListKey[Row]
    page: Page


@dataclass(frozen=True, slots=True)
class RowPage(Generic[Row]):
    """The rows of a page, and whether more follow in either direction."""

    rows: Sequence[Row]
    has_next: bool
    has_previous: bool


async def load_pages(snapshot: Snapshot, keys: list[PageKey[Any]]) -> list[RowPage[Any]]:
    """Load pages: one statement for all parents that ask for the same list and page."""
    groups: dict[tuple[Any, ...], list[PageKey[Any]]] = defaultdict(list)
    for key in keys:
        groups[key.list.listing, key.list.filter, key.list.order, key.page].append(key)
    found: dict[PageKey[Any], RowPage[Any]] = {}
    for (_, _, _, page), group in groups.items():
        rows: dict[UUID | None, list[Any]] = defaultdict(list)
        for owner, row in await snapshot.rows(_page_statement(group)):
            rows[owner].append(row)
        for key in group:
            found[key] = _row_page(rows[key.list.owner_id], page)
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


def _page_statement(group: list[PageKey[Any]]) -> AnySelect:
    key, page = group[0].list, group[0].page
    listing, order = key.listing, key.order
    conditions = _of_parents([page_key.list for page_key in group])
    if page.place is not None:
        conditions.append(_beyond(order, listing, page))
    ordering = _ordering(order, listing, page)
    if len(group) == 1:
        # An index walk that stops after a page; a window would count the whole list first.
        return (
            select(_owner(listing), listing.model).where(*conditions).order_by(*ordering).limit(page.size + 1)
        )
    assert listing.account is not None  # noqa: S101 - only parents that own a list can be several
    position = func.row_number().over(partition_by=listing.owner, order_by=ordering).label("position")
    ranked = (
        select(
            listing.account.label("account"), listing.id.label("id"), order.column.label("place"), position
        )
        .where(*conditions)
        .subquery()
    )
    return (
        select(_owner(listing), listing.model)
        .join(
            ranked,
            and_(
                ranked.c.account == listing.account,
                ranked.c.id == listing.id,
                ranked.c.place == order.column,
            ),
        )
        .where(ranked.c.position <= page.size + 1)
        .order_by(ranked.c.position)
    )


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


def _ordering(order: Order, listing: Listing[Any], page: Page) -> list[ColumnElement[Any]]:
    descending = order.descending is not page.backward
    columns = (order.column, listing.id)
    return [column.desc() if descending else column.asc() for column in columns]


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
