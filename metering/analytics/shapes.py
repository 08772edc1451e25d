"""The shapes of statements about usages and runs: what they depend on, apart from the values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Subquery, bindparam, cast, select
from sqlalchemy.orm import InstrumentedAttribute

from metering.analytics.parts import Grains, Part, parts_of
from metering.analytics.scopes import Level, Owner, Scope
from models.base import Id
from models.reading import any_of
from models.rollup import NO_AGENT, Grain

OwnerColumns = tuple[ColumnElement[Any], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a period without its moments: which rollup tells it, and whether it begins and ends."""

    grain: Grain | None
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a statement about usages or runs depends on; owners, names and moments are its parameters.

    `narrowed` are the names of what runs are chosen by, and `number` is its own where a statement has
    several. `misses_no_agent` is for those who ask for an agent with the id that stands for none, and so for
    one that is not there. `is_of_one` is for one owner. `around` are an owner's columns where rows around the
    statement tell whose it is.
    """

    level: Level
    narrowed: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    misses_no_agent: bool
    is_of_one: bool
    number: int = 0
    around: OwnerColumns | None = field(default=None, compare=False)

    def of(self, kept: Any, known: Mapping[str, Any], rows: FromClause, names: Sequence[str]) -> Select[Any]:  # noqa: ANN401 - a mapped class
        """Select columns by their names; `kept` names account, agent, key and what runs are like."""
        owner = getattr(kept, _OWNER[self.level])
        columns = [known[name].label(name) for name in names]
        accounts, owners = self._owners()
        conditions = [kept.account_id.in_(accounts)]
        if self.level is not Level.ACCOUNT:
            conditions.append(owner.in_(owners))
        conditions += [getattr(kept, name) == bindparam(name) for name in self.narrowed]
        return select(owner.label("owner"), *columns).select_from(rows).where(*conditions)

    def contains(self, place: int, column: InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        """Give what a time column must fulfil for the stretch at a place."""
        stretch = self.stretches[place]
        conditions: list[ColumnElement[bool]] = []
        if stretch.begins:
            conditions.append(column >= bindparam(_moment(self.number, place)))
        if stretch.ends:
            conditions.append(column < bindparam(_moment(self.number, place + 1)))
        return conditions

    def grouped_by(self, rows: Subquery, names: Sequence[str]) -> tuple[ColumnElement[Any], list[Any]]:
        """Give the owner of rows, and what they are grouped by to be added up by owner and names."""
        columns = [rows.c[name] for name in names]
        if not self.is_of_one or not names:
            return rows.c.owner, [rows.c.owner, *columns]
        # SQLite sorts what it groups: by a value less where it is the same in all rows.
        return cast(bindparam("owner", type_=Id()), Id()).label("owner"), columns

    def _owners(self) -> tuple[Any, Any]:
        if self.around is None:
            return any_of("accounts"), any_of("owners")
        account, owner = self.around
        return [account], [owner]


def shape_of(scope: Scope, owners: Sequence[Owner], grains: Grains, number: int = 0) -> Shape:
    """Take the values out of a scope."""
    stretches = tuple(
        Stretch(part.grain, part.period.start is not None, part.period.end is not None)
        for part in _parts(scope, grains)
    )
    misses_no_agent = scope.runs.agent_id == NO_AGENT or any(owner_id == NO_AGENT for _, owner_id in owners)
    return Shape(scope.level, tuple(scope.runs.wanted), stretches, misses_no_agent, len(owners) == 1, number)


def values_of(scope: Scope, owners: Sequence[Owner], grains: Grains, number: int = 0) -> dict[str, Any]:
    """Give the values for a statement of the scope's shape, by their names."""
    values = scope.runs.wanted
    values["accounts"] = list({account_id for account_id, _ in owners})
    values["owners"] = list({owner_id for _, owner_id in owners})
    values["owner"] = values["owners"][0]
    for place, part in enumerate(_parts(scope, grains)):
        # Parts are laid end to end: one ends where the next begins.
        values[_moment(number, place)] = part.period.start
        values[_moment(number, place + 1)] = part.period.end
    return values


def _parts(scope: Scope, grains: Grains) -> list[Part]:
    # An empty period has no parts, and still is a question.
    return parts_of(scope.period, grains) or [Part(None, scope.period)]


def _moment(number: int, place: int) -> str:
    return f"moment{number}_{place}"


_OWNER = {
    Level.ACCOUNT: "account_id",
    Level.AGENT: "agent_id",
    Level.API_KEY: "api_key_id",
    Level.WORKFLOW: "id",
}
