"""Figures of usage, one statement for all owners that ask for the same figures."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from graph.context import AnySelect, Snapshot
from metering.analytics import Dimension, Grains, Owner, Scope

Figures = Sequence[tuple[Any, ...]]

OWNERS_AT_ONCE = 2_000
"""How many owners one statement names: each part of its period names them, and parameters have a bound."""


@dataclass(frozen=True, slots=True)
class UsageKey:
    """One owner (its account and its id) and which usages of it are added up."""

    scope: Scope
    owner: Owner

    @property
    def question(self) -> tuple[Scope]:
        """What is asked of every owner alike."""
        return (self.scope,)


@dataclass(frozen=True, slots=True)
class RankingKey:
    """One owner, and how many of the dearest rows of which dimension are asked for."""

    scope: Scope
    owner: Owner
    by: Dimension
    first: int

    @property
    def question(self) -> tuple[Scope, Dimension, int]:
        """What is asked of every owner alike."""
        return self.scope, self.by, self.first


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One owner, and which stretches of time are told apart."""

    scope: Scope
    owner: Owner
    grains: Grains
    length: timedelta

    @property
    def question(self) -> tuple[Scope, Grains, timedelta]:
        """What is asked of every owner alike."""
        return self.scope, self.grains, self.length


class _Key(Protocol):
    @property
    def owner(self) -> Owner: ...

    @property
    def question(self) -> tuple[Hashable, ...]: ...


Key = TypeVar("Key", bound=_Key)


def figures_by_owner(
    snapshot: Snapshot, statement: Callable[..., AnySelect]
) -> Callable[[list[Key]], Awaitable[list[Figures]]]:
    """Load the rows of a statement of metering.analytics, each owner's without the owner's column.

    The statement is given the scope, the owners, and what else the question says.
    """

    async def load(keys: list[Key]) -> list[Figures]:
        first = keys[0].question
        if all(key.question == first for key in keys):
            return await load_alike(keys)
        groups: dict[tuple[Hashable, ...], list[Key]] = defaultdict(list)
        for key in keys:
            groups[key.question].append(key)
        found: dict[Key, Figures] = {}
        for group in groups.values():
            found.update(zip(group, await load_alike(group), strict=True))
        return [found[key] for key in keys]

    async def load_alike(group: list[Key]) -> list[Figures]:
        scope, *rest = group[0].question
        owners = [key.owner for key in group]
        found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
        for first in range(0, len(owners), OWNERS_AT_ONCE):
            some = owners[first : first + OWNERS_AT_ONCE]
            for row in await snapshot.rows(statement(scope, some, *rest)):
                found[row[0]].append(tuple(row[1:]))
        return [found[key.owner[1]] for key in group]

    return load
