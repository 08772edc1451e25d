"""Keyset pages: a stable place in an order, however many parents ask, in one statement."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Subquery,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from graph.context import AnySelect, Snapshot
from graph.loaders.shapes import shape_of, values_of, with_parameters
from models.asking import Statements
from models.base import BigInt, table_of
from models.orders import by_sorting
from models.prepared import PreparedRead
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
    for group in groups.values():
        found = await _counts_by_owner(snapshot, group)
        counts.update({key: found.get(key.owner_id, 0) for key in group})
    return [counts[key] for key in keys]


async def _counts_by_owner(snapshot: Snapshot, group: list[ListKey[Any]]) -> dict[UUID | None, int]:
    listing, like = group[0].listing, group[0].filter
    if listing.owner is None:
        statement = select(func.count()).select_from(listing.model).where(*like.conditions())
        return {None: (await snapshot.scalars(statement))[0]}
    asked = _counts.get((listing, shape_of(like)), lambda: _counting(listing, like))
    rows = await snapshot.prepared(asked, **_parents(group), **values_of(like))
    return {row[0]: row[1] for row in rows}


def _counting(listing: Listing[Any], like: Filter) -> PreparedRead:
    conditions = [*_of_parents(listing, of_one=False), *with_parameters(like, "").conditions()]
    statement = select(_owner(listing), func.count()).select_from(listing.model).where(*conditions)
    return PreparedRead(statement.group_by(_owner(listing)))


async def _load_alike(snapshot: Snapshot, group: list[PageKey[Any]]) -> list[RowPage[Any]]:
    rows, page = await _rows_by_owner(snapshot, group), group[0].page
    return [_row_page(rows.get(key.list.owner_id, []), page) for key in group]


async def _rows_by_owner(snapshot: Snapshot, group: list[PageKey[Any]]) -> dict[UUID | None, list[Any]]:
    key, page = group[0].list, group[0].page
    listing = key.listing
    if listing.owner is None:
        return {None: list(await snapshot.scalars(_root_statement(key, page)))}
    of_one = len(group) == 1
    shape = listing, key.order, page.backward, page.place is None, of_one, shape_of(key.filter)
    asked = _pages.get(shape, lambda: _prepared(key, page, of_one=of_one))
    values = {"most": page.size + 1, **values_of(key.filter)}
    if page.place is not None:
        values |= {"place": page.place.value, "place_id": page.place.id}
    if of_one:
        assert key.parent is not None  # noqa: S101 - it owns the list
        account_id, owner_id = key.parent
        return {owner_id: await snapshot.read(asked, account=account_id, owner=owner_id, **values)}
    return _apart(
        await snapshot.read(asked, **_parents([each.list for each in group]), **values), listing.owner
    )


def _parents(keys: Sequence[ListKey[Any]]) -> dict[str, set[UUID]]:
    parents = [key.parent for key in keys if key.parent is not None]
    accounts = {account_id for account_id, _ in parents}
    return {"accounts": accounts, "owners": {owner_id for _, owner_id in parents}}


def _apart(rows: list[Any], owner: InstrumentedAttribute[Any]) -> dict[UUID | None, list[Any]]:
    position = position_of(owner)
    apart: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        apart[row[position]].append(row)
    # By what the driver gave: each owner's id is made once, and not for every row.
    return {getattr(of_one[0], owner.key): of_one for of_one in apart.values()}


def _prepared(key: ListKey[Any], asked: Page, *, of_one: bool) -> PreparedRows[Any]:
    """Prepare pages of all lists like this one, wherever they begin."""
    listing, order = key.listing, key.order
    columns = table_of(listing.model).columns
    place: Any = asked.place and Place(bindparam("place"), bindparam("place_id"))  # type: ignore[arg-type]
    page = replace(asked, place=place)
    conditions = [*_of_parents(listing, of_one=of_one), *with_parameters(key.filter, "").conditions()]
    if page.place is not None:
        conditions.append(beyond(order, listing, page))
    ordering = ordering_of(order, listing, page)
    most = bindparam("most", type_=BigInt())
    if of_one:
        # An index walk that stops after a page; a window would count the whole list first.
        statement = select(*columns).where(*conditions).order_by(*ordering).limit(most)
    else:
        ranked = _ranked(listing, order, ordering, conditions)
        statement = _of_ranks(select(*columns), listing, order, ranked, most)
    return PreparedRows(listing.model, statement)


def _root_statement(key: ListKey[Any], page: Page) -> AnySelect:
    conditions = key.filter.conditions()
    if page.place is not None:
        conditions.append(beyond(key.order, key.listing, page))
    ordering = ordering_of(key.order, key.listing, page)
    return select(key.listing.model).where(*conditions).order_by(*ordering).limit(page.size + 1)


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


def _of_parents(listing: Listing[Any], *, of_one: bool) -> list[ColumnElement[bool]]:
    assert listing.owner is not None  # noqa: S101 - the callers have looked
    assert listing.account is not None  # noqa: S101 - whatever is owned is of an account
    conditions = [listing.owner == bindparam("owner") if of_one else listing.owner.in_(any_of("owners"))]
    if listing.account is not listing.owner:
        account = listing.account
        conditions.append(account == bindparam("account") if of_one else account.in_(any_of("accounts")))
    return conditions


def _owner(listing: Listing[Any]) -> ColumnElement[Any]:
    assert listing.owner is not None  # noqa: S101 - the caller has looked
    [column] = listing.owner.property.columns
    found: ColumnElement[Any] = column
    return found


def ordering_of(order: Order, listing: Listing[Any], page: Page) -> list[ColumnElement[Any]]:
    """Order the rows of one owner as a page has them."""
    descending = order.descending is not page.backward
    place: Any = order.column if _is_walked(order, listing) else by_sorting(order.column)
    columns = (place,) if _is_unique(order, listing) else (place, listing.id)
    return [column.desc() if descending else column.asc() for column in columns]


@cache
def _is_unique(order: Order, listing: Listing[Any]) -> bool:
    """Whether no two rows of an account have the same place: ids would keep indexes from giving the order."""
    if listing.account is None:
        return False
    keys = {listing.account.key, order.column.key}
    constraints = table_of(listing.model).constraints
    return any(
        isinstance(each, UniqueConstraint) and {column.key for column in each.columns} == keys
        for each in constraints
    )


@cache
def _is_walked(order: Order, listing: Listing[Any]) -> bool:
    """Whether an index has an owner's rows in this order; else one of all the account's would be walked."""
    if listing.owner is listing.account or listing.account is None or listing.owner is None:
        return True
    wanted = [listing.account.key, listing.owner.key, order.column.key]
    table = table_of(listing.model)
    indexes: list[Any] = [table.primary_key, *table.indexes]
    return any([column.key for column in index.columns][: len(wanted)] == wanted for index in indexes)


def beyond(order: Order, listing: Listing[Any], page: Page) -> ColumnElement[bool]:
    """Tell which rows stand after the place that a page begins at, or before it where it is read backward."""
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


_pages = Statements[PreparedRows[Any]](500)
_counts = Statements[PreparedRead](200)
