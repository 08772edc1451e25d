"""Nests: lists within lists that the store itself writes as JSON, in one statement.

What is shown is known when an operation is compiled. Whose it is, filters and sizes come with each request,
as values for a statement that is kept.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Protocol
from weakref import WeakValueDictionary

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from graph.context import AnySelect, Snapshot
from graph.loaders.forms import Column
from graph.loaders.nest_statements import NestStatements
from graph.loaders.pages import ListKey, Page, Parent, ordering_of
from graph.loaders.shapes import shape_of, values_of, with_parameters
from metering import analytics
from models.base import BigInt, Id
from models.json_text import (
    PLACE_DIGITS,
    SURPRISE,
    concatenated,
    end_of,
    joined,
    null_for_none,
    or_null,
    place_text,
    truth_text,
    value_text,
)
from models.prepared import PreparedRead
from models.sending import connection_of

Owner = tuple[Any, Any]
"""The account and the id of what a list belongs to: parameters, or columns of the list around it."""


class Described(Protocol):
    """What a field lists, or what it tells of a list, whosever it is."""

    @property
    def shape(self) -> Hashable:
        """What its statement depends on."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What its statement is given."""


class Rows(Described, Protocol):
    """The rows of a list."""

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:
        """Select columns of one owner's rows, in order; names of parameters begin with the prefix."""


@dataclass(frozen=True, slots=True)
class PageRows:
    """The first rows of a list; whose list its key is of, is told by the rows around it."""

    key: ListKey[Any]
    size: int

    @property
    def shape(self) -> Hashable:
        """Its filter without the values, and its order."""
        return self.key.listing, shape_of(self.key.filter), self.key.order

    @property
    def values(self) -> Mapping[str, Any]:
        """The values of its filter, and how many rows."""
        return {"size": self.size, **values_of(self.key.filter)}

    @property
    def place(self) -> tuple[str, str]:
        """Name the columns that tell a row's place."""
        return self.key.order.column.key, self.key.listing.id.key

    def select(self, owner: Owner, names: Sequence[str], prefix: str) -> AnySelect:
        """Select a page."""
        listing = self.key.listing
        ordering = ordering_of(self.key.order, listing, Page(self.size, backward=False, place=None))
        columns = (_column(listing.model, name) for name in names)
        return self._all(select(*columns), owner, prefix).order_by(*ordering).limit(_size(prefix))

    def counted(self, owner: Owner, prefix: str) -> ColumnElement[int]:
        """Count the whole list."""
        counting = select(func.count()).select_from(self.key.listing.model)
        return self._all(counting, owner, prefix).scalar_subquery()

    def is_followed(self, owner: Owner, prefix: str) -> ColumnElement[bool]:
        """Whether the list has more rows than the page; in which order does not matter."""
        one: AnySelect = select(literal_column("1")).select_from(self.key.listing.model)
        return self._all(one, owner, prefix).limit(1).offset(_size(prefix)).exists()

    def _all(self, statement: AnySelect, owner: Owner, prefix: str) -> AnySelect:
        listing, (account_id, owner_id) = self.key.listing, owner
        assert listing.account is not None  # noqa: S101 - nests begin below an account
        assert listing.owner is not None  # noqa: S101 - likewise
        conditions = [listing.account == account_id]
        if listing.owner is not listing.account:
            conditions.append(listing.owner == owner_id)
        like = with_parameters(self.key.filter, prefix)
        return statement.where(*conditions, *like.conditions())


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
class Whole:
    """The list that it is told of, and nothing else."""

    @property
    def shape(self) -> Hashable:
        """Nothing."""
        return None

    @property
    def values(self) -> Mapping[str, Any]:
        """None."""
        return {}


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
class Cursor:
    """A row's place in its list."""

    name: str


@dataclass(frozen=True, slots=True)
class EndCursor:
    """The place of a page's first or last row; null for an empty page."""

    name: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class IsFollowed:
    """Whether more rows follow after a page."""

    name: str


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows the whole list has."""

    name: str


@dataclass(frozen=True, slots=True)
class Inside:
    """An object of what stands there anyway: of the same row, or of the same rows."""

    name: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True, slots=True)
class Objects:
    """A list of objects, one for each of the rows that are read."""

    name: str
    members: "tuple[Member, ...]"


@dataclass(frozen=True, slots=True)
class Listed:
    """What is shown of the rows that have a number: one list of them, or an object around such lists."""

    name: str
    number: int
    shown: Inside | Objects


Member = Constant | Leaf | Cursor | EndCursor | IsFollowed | Total | Inside | Objects | Listed


class Nest:
    """A nest that is asked for; its statements are made when they are first needed."""

    def __init__(self, shown: Listed) -> None:
        self._shown = shown

    async def text(self, snapshot: Snapshot, parent: Parent, rows: Sequence[Described]) -> str | None:
        """Give the JSON text of a parent's nest, of rows by their numbers; cursors are yet to be `filled` in.

        None where a value is better written by Python, or where no statement is made for it.
        """
        return await snapshot.ask(partial(self._asked, parent, rows))

    def _asked(self, parent: Parent, rows: Sequence[Described], session: Session) -> str | None:
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

    def _prepared(self, rows: Sequence[Described], session: Session) -> PreparedRead | None:
        dialect = connection_of(session).dialect
        shape = dialect.name, tuple(each.shape for each in rows)
        return _statements.get(self, shape, lambda: PreparedRead.for_one(self._made(rows), dialect))

    def _made(self, rows: Sequence[Described]) -> AnySelect:
        owner = bindparam("account", type_=Id()), bindparam("owner", type_=Id())
        return select(_Writing(rows).listed(self._shown, owner))


def nest_of(shown: Listed) -> Nest:
    """Give the nest that shows this: the same for equal ones, which share their statements."""
    nest = _nests.get(shown)
    if nest is None:
        nest = _nests[shown] = Nest(shown)
    return nest


def filled(text: str, write: Callable[[int], Callable[[str], str]]) -> str:
    """Write the cursors of a nest's text, each from its row's place by what writes those of its list."""
    first, *parts = text.split(HOLE)
    ways = {part[:_NUMBER]: write(int(part[:_NUMBER], 16)) for part in parts}
    pieces = [first]
    for part in parts:
        pieces += ways[part[:_NUMBER]](part[_NUMBER:_END]), part[_END:]
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where something is written: in a row or among rows, of which list, and whose."""

    number: int
    rows: Any
    owner: Owner
    row: Any
    """Columns by name."""
    below: Owner


class _Writing:
    """The making of one statement."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows
        self._numbers = count()

    def listed(self, shown: Listed, owner: Owner) -> ColumnElement[str]:
        """Write what is shown of an owner's rows."""
        rows, alias = self._rows[shown.number], f"r{next(self._numbers)}"
        names = set(_names(shown.shown, rows))
        # Rows of which nothing is shown, or only the name of their type, are still counted.
        found = rows.select(owner, sorted(names or {"id"}), _prefix(shown.number)).subquery(alias)
        # As text, columns of no table to SQLAlchemy: it would read from the table here once more.
        below = literal_column(f"{alias}.account_id", Id()), literal_column(f"{alias}.id", Id())
        at = _Standing(shown.number, rows, owner, found.c, below)
        text = concatenated(self._written(shown.shown, at))
        if not _reads_rows(shown.shown):
            return text
        return select(text).select_from(found).scalar_subquery()

    def _written(self, shown: Member, at: _Standing) -> str | ColumnElement[str]:
        if isinstance(shown, Constant):
            return shown.text
        if isinstance(shown, Leaf):
            column = at.row[shown.column.name]
            text = shown.column.form.text(column)
            return or_null(column, text) if shown.is_nullable else text
        if isinstance(shown, Listed):
            return self.listed(shown, at.below)
        if isinstance(shown, Inside):
            return self._object(shown.members, at)
        if isinstance(shown, Objects):
            return concatenated("[", joined(self._object(shown.members, at)), "]")
        return _of_list(shown, at)

    def _object(self, members: Sequence[Member], at: _Standing) -> ColumnElement[str]:
        parts: list[str | ColumnElement[str]] = []
        for mark, member in zip(("", *"," * len(members)), members, strict=False):
            parts += [f'{mark}"{member.name}":', self._written(member, at)]
        return concatenated("{", *parts, "}")


def _of_list(shown: Cursor | EndCursor | IsFollowed | Total, at: _Standing) -> ColumnElement[str]:
    if isinstance(shown, Total):
        return value_text(at.rows.counted(at.owner, _prefix(at.number)))
    if isinstance(shown, IsFollowed):
        return truth_text(at.rows.is_followed(at.owner, _prefix(at.number)))
    value, row_id = (at.row[name] for name in at.rows.place)
    hole = concatenated(f"{HOLE}{at.number:0{_NUMBER}x}", place_text(value, row_id))
    if isinstance(shown, Cursor):
        return concatenated('"', hole, '"')
    return null_for_none(concatenated('"', end_of(hole, 1 + _END, is_last=shown.is_last), '"'))


def _names(shown: Member, rows: Any) -> Iterator[str]:  # noqa: ANN401 - of a page, where cursors are shown
    """Name the columns that are read of rows to show something of them."""
    if isinstance(shown, Leaf):
        yield shown.column.name
    elif isinstance(shown, Cursor | EndCursor):
        yield from rows.place
    elif isinstance(shown, Listed):
        yield from ("account_id", "id")
    elif isinstance(shown, Inside | Objects):
        for each in shown.members:
            yield from _names(each, rows)


def _reads_rows(shown: Member) -> bool:
    if isinstance(shown, Inside):
        return any(map(_reads_rows, shown.members))
    return isinstance(shown, Objects | EndCursor)


def _column(model: Any, name: str) -> ColumnElement[Any]:  # noqa: ANN401 - a mapped class
    attribute: InstrumentedAttribute[Any] = getattr(model, name)
    columns: list[ColumnElement[Any]] = attribute.property.columns
    return columns[0].label(name)


def _size(prefix: str) -> BindParameter[int]:
    return bindparam(f"{prefix}size", type_=BigInt())


def _prefix(number: int) -> str:
    return f"n{number}_"


HOLE = "\x02"
"""Where a cursor is to be written: the number of its list follows, and the place of its row."""

_NUMBER = 2
_END = _NUMBER + PLACE_DIGITS
_statements = NestStatements()
_nests = WeakValueDictionary[Listed, Nest]()
