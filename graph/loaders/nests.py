"""Nests: lists within lists that the store itself writes as JSON, in one statement.

What is shown is known when an operation is compiled. Whose it is, filters and sizes come with each request,
as values for a statement that is kept.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Protocol
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, bindparam, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from graph.context import AnySelect, Snapshot
from graph.loaders.forms import Column
from graph.loaders.nest_statements import NestStatements
from graph.loaders.pages import Listing, Order, Page, Parent, ordering_of
from graph.loaders.shapes import shape_of, values_of, with_parameters
from metering import analytics
from models.base import Id
from models.json_text import SURPRISE, concatenated, joined, or_null
from models.prepared import PreparedRead
from models.sending import connection_of

Owner = tuple[Any, Any]
"""The account and the id of what a list belongs to: parameters, or columns of the list around it."""


class Rows(Protocol):
    """The rows of a list, whosever it is."""

    @property
    def shape(self) -> Hashable:
        """What its statement depends on."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What its statement is given."""

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:
        """Select columns of one owner's rows, in order; names of parameters begin with the prefix."""


@dataclass(frozen=True, slots=True)
class PageRows:
    """The first rows of a list, narrowed and ordered."""

    listing: Listing[Any]
    like: Any
    order: Order
    size: int

    @property
    def shape(self) -> Hashable:
        """Its filter without the values, and its order."""
        return self.listing, shape_of(self.like), self.order

    @property
    def values(self) -> Mapping[str, Any]:
        """The values of its filter, and how many rows."""
        return {"size": self.size, **values_of(self.like)}

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:
        """Select a page."""
        listing, (account_id, owner_id) = self.listing, owner
        assert listing.account is not None  # noqa: S101 - nests begin below an account
        assert listing.owner is not None  # noqa: S101 - likewise
        conditions = [listing.account == account_id]
        if listing.owner is not listing.account:
            conditions.append(listing.owner == owner_id)
        like = with_parameters(self.like, prefix)
        return (
            select(*(_column(listing.model, name) for name in names))
            .where(*conditions, *like.conditions())
            .order_by(*ordering_of(self.order, listing, Page(self.size, backward=False, place=None)))
            .limit(bindparam(f"{prefix}size"))
        )


@dataclass(frozen=True, slots=True)
class ServiceRows:
    """What each service cost, dearest first."""

    scope: analytics.Scope

    @property
    def shape(self) -> Hashable:
        """All of it."""
        return self.scope

    @property
    def values(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:  # noqa: ARG002 - it has no parameters
        """Add up by service."""
        return analytics.services(self.scope, [owner])


@dataclass(frozen=True, slots=True)
class Constant:
    """A JSON text that is known."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of a row."""

    name: str
    column: Column
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class Objects:
    """A list of objects: one for each of the rows that have a number."""

    name: str
    number: int
    members: "tuple[Member, ...]"


@dataclass(frozen=True, slots=True)
class Around:
    """An object around lists, such as a connection."""

    name: str
    members: "tuple[Member, ...]"


Member = Constant | Leaf | Objects | Around


class Nest:
    """A nest that is asked for; its statements are made when they are first needed."""

    def __init__(self, shown: Objects | Around) -> None:
        self._shown = shown

    async def text(self, snapshot: Snapshot, parent: Parent, rows: Sequence[Rows]) -> str | None:
        """Give the JSON text of a parent's nest, of rows by their numbers.

        None where a value is better written by Python, or where no statement is made for it.
        """
        return await snapshot.ask(partial(self._asked, parent, rows))

    def _asked(self, parent: Parent, rows: Sequence[Rows], session: Session) -> str | None:
        statement = self._prepared(rows, session)
        if statement is None:
            return None
        values = {
            f"{_prefix(number)}{name}": value
            for number, each in enumerate(rows)
            for name, value in each.values.items()
        }
        [(text,)] = statement.rows(session, account=parent[0], owner=parent[1], **values)
        return None if text is None or SURPRISE in text else text

    def _prepared(self, rows: Sequence[Rows], session: Session) -> PreparedRead | None:
        dialect = connection_of(session).dialect
        shape = dialect.name, tuple(each.shape for each in rows)
        return _statements.get(self, shape, lambda: PreparedRead.for_one(self._made(rows), dialect))

    def _made(self, rows: Sequence[Rows]) -> AnySelect:
        owner = bindparam("account", type_=Id()), bindparam("owner", type_=Id())
        return select(concatenated(_Writing(rows).written(self._shown, None, owner)))


def nest_of(shown: Objects | Around) -> Nest:
    """Give the nest that shows this: the same for equal ones, which share their statements."""
    nest = _nests.get(shown)
    if nest is None:
        nest = _nests[shown] = Nest(shown)
    return nest


class _Writing:
    """The making of one statement."""

    def __init__(self, rows: Sequence[Rows]) -> None:
        self._rows = rows
        self._numbers = count()

    def written(self, shown: Member, row: Any, owner: Owner) -> str | ColumnElement[str]:  # noqa: ANN401 - columns by name
        """Write what stands in a row that belongs to an owner."""
        if isinstance(shown, Constant):
            return shown.text
        if isinstance(shown, Leaf):
            column = row[shown.column.name]
            text = shown.column.form.text(column)
            return or_null(column, text) if shown.is_nullable else text
        if isinstance(shown, Around):
            return self._object(shown.members, row, owner)
        return self._list(shown, owner)

    def _object(self, members: Sequence[Member], row: Any, owner: Owner) -> ColumnElement[str]:  # noqa: ANN401 - as above
        parts: list[str | ColumnElement[str]] = []
        for mark, member in zip(("", *"," * len(members)), members, strict=False):
            parts += [f'{mark}"{member.name}":', self.written(member, row, owner)]
        return concatenated("{", *parts, "}")

    def _list(self, shown: Objects, owner: Owner) -> ColumnElement[str]:
        names = {member.column.name for member in shown.members if isinstance(member, Leaf)}
        if any(isinstance(member, Objects | Around) for member in shown.members):
            names |= {"account_id", "id"}
        # Rows of which nothing is shown, or only the name of their type, are still counted.
        names = names or {"id"}
        alias = f"r{next(self._numbers)}"
        found = self._rows[shown.number].select(owner, sorted(names), _prefix(shown.number)).subquery(alias)
        # As text, columns of no table to SQLAlchemy: it would read from the table here once more.
        below = literal_column(f"{alias}.account_id", Id()), literal_column(f"{alias}.id", Id())
        each = self._object(shown.members, found.c, below)
        return concatenated("[", select(joined(each)).select_from(found).scalar_subquery(), "]")


def _column(model: Any, name: str) -> ColumnElement[Any]:  # noqa: ANN401 - a mapped class
    attribute: InstrumentedAttribute[Any] = getattr(model, name)
    columns: list[ColumnElement[Any]] = attribute.property.columns
    return columns[0].label(name)


def _prefix(number: int) -> str:
    return f"n{number}_"


_statements = NestStatements()
_nests = WeakValueDictionary[Objects | Around, Nest]()
