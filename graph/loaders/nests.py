"""Nests: lists within lists that the store itself writes as JSON, in one statement.

What is shown is known when an operation is compiled. Whose it is, filters and sizes come with each request,
as values for a statement that is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, bindparam, literal_column, select
from sqlalchemy.orm import Session

from graph.context import AnySelect, Snapshot
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
from graph.loaders.nest_rows import Described, Owner
from graph.loaders.nest_statements import NestStatements
from graph.loaders.pages import Parent
from models.base import Id
from models.json_text import (
    PLACE_DIGITS,
    SURPRISE,
    concatenated,
    end_of,
    joined,
    null_for_none,
    or_null,
    or_surprise,
    parted,
    place_text,
    truth_text,
    value_text,
)
from models.prepared import PreparedRead
from models.sending import connection_of


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
    alias: str


class _Writing:
    """The making of one statement."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows
        self._numbers = count()

    def listed(self, shown: Listed, owner: Owner) -> ColumnElement[str]:
        """Write what is shown of an owner's rows."""
        rows, alias = self._rows[shown.number], f"r{next(self._numbers)}"
        # Rows of which nothing is shown, or only the name of their type, are still counted.
        names = sorted(set(self._names(shown.shown, rows)) or {"id"})
        found = rows.select(owner, names, _prefix(shown.number)).subquery(alias)
        text = concatenated(self._written(shown.shown, _Standing(shown.number, rows, owner, found.c, alias)))
        if not _reads_rows(shown.shown):
            return text
        if isinstance(shown.shown, One) and shown.shown.is_nullable:
            return null_for_none(select(text).select_from(found).scalar_subquery())
        # What is known of a list stands around its statement, where it is one text with what is next to it.
        before, read, behind = parted(text)
        return concatenated(before, select(read).select_from(found).scalar_subquery(), behind)

    def _written(self, shown: Member, at: _Standing) -> str | ColumnElement[str]:
        if isinstance(shown, Constant):
            return shown.text
        if isinstance(shown, Leaf):
            column = at.row[shown.column.name]
            text = shown.column.form.text(column)
            return or_null(column, text) if shown.is_nullable else text
        if isinstance(shown, Listed):
            return self.listed(shown, self._owner_of(shown.number, at.alias))
        if isinstance(shown, Inside | One | Objects):
            return _around(shown, self._object(shown.members, at))
        return _of_list(shown, at)

    def _owner_of(self, number: int, alias: str) -> Owner:
        # As text, columns of no table to SQLAlchemy: it would read from the table here once more.
        account, owner = (literal_column(f"{alias}.{name}", Id()) for name in self._rows[number].owned_by)
        return account, owner

    def _names(self, shown: Member, rows: Any) -> Iterator[str]:  # noqa: ANN401 - of a page, where cursors are shown
        """Name the columns that are read of rows to show something of them."""
        if isinstance(shown, Leaf):
            yield shown.column.name
        elif isinstance(shown, Cursor | EndCursor):
            yield from rows.place
        elif isinstance(shown, Listed):
            yield from self._rows[shown.number].owned_by
        elif isinstance(shown, Inside | Objects | One):
            for each in shown.members:
                yield from self._names(each, rows)

    def _object(self, members: Sequence[Member], at: _Standing) -> ColumnElement[str]:
        parts: list[str | ColumnElement[str]] = []
        for mark, member in zip(("", *"," * len(members)), members, strict=False):
            parts += [f'{mark}"{member.name}":', self._written(member, at)]
        return concatenated("{", *parts, "}")


def _around(shown: Inside | One | Objects, written: ColumnElement[str]) -> ColumnElement[str]:
    if isinstance(shown, Objects):
        return concatenated("[", joined(written), "]")
    # What could not be written is not what there is none of.
    return or_surprise(written) if isinstance(shown, One) else written


def _of_list(
    shown: Cursor | EndCursor | IsFollowed | IsPreceded | Total, at: _Standing
) -> str | ColumnElement[str]:
    if isinstance(shown, Total):
        return value_text(at.rows.counted(at.owner, _prefix(at.number)))
    if isinstance(shown, IsPreceded):
        return "true" if at.rows.is_preceded else "false"
    if isinstance(shown, IsFollowed):
        return truth_text(at.rows.is_followed(at.owner, _prefix(at.number)))
    value, row_id = (at.row[name] for name in at.rows.place)
    hole = concatenated(f"{HOLE}{at.number:0{_NUMBER}x}", place_text(value, row_id))
    if isinstance(shown, Cursor):
        return concatenated('"', hole, '"')
    return null_for_none(concatenated('"', end_of(hole, 1 + _END, is_last=shown.is_last), '"'))


def _reads_rows(shown: Member) -> bool:
    if isinstance(shown, Inside):
        return any(map(_reads_rows, shown.members))
    return isinstance(shown, Objects | EndCursor | One)


def _prefix(number: int) -> str:
    return f"n{number}_"


HOLE = "\x02"
"""Where a cursor is to be written: the number of its list follows, and the place of its row."""

_NUMBER = 2
_END = _NUMBER + PLACE_DIGITS
_statements = NestStatements()
_nests = WeakValueDictionary[Listed, Nest]()
