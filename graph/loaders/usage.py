"""Figures of usage, one statement for all owners that ask for the same figures."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from graph.context import Snapshot
from metering.analytics import Dimension, Grains, Owner, Scope, totals
from models.asking import Asked

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


def totals_by_owner(
    snapshot: Snapshot, services: DataLoader[UsageKey, Figures]
) -> Callable[[list[UsageKey]], Awaitable[list[Figures]]]:
    """Load usage counts and micro-credits; where services are asked for too, those are added up."""
    of_store = figures_by_owner(snapshot, totals)

    async def load(keys: list[UsageKey]) -> list[Figures]:
        apart = [key for key in keys if services.cache_map.get(key) is None]
        found = dict(zip(apart, await of_store(apart), strict=True)) if apart else {}
        return [found[key] if key in found else _added_up(await services.load(key)) for key in keys]

    return load


def figures_by_owner(
    snapshot: Snapshot, asked: Callable[..., Asked]
) -> Callable[[list[Key]], Awaitable[list[Figures]]]:
    """Load the answer to a question of metering.analytics, each owner's rows without the owner's column.

    It is made of the scope, the owners, and what else the key's question says.
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
            for owner, *row in await snapshot.ask(asked(scope, some, *rest).rows):
                found[owner].append(tuple(row))
        return [found[key.owner[1]] for key in group]

    return load


def _added_up(services: Figures) -> Figures:
    if not services:
        return []
    return [(sum(count for *_, count, _, _, _ in services), sum(micros for *_, micros in services))]
