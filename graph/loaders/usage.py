"""Figures of usage, one statement for all owners that ask for the same figures."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graph.context import AnySelect, Snapshot
from metering.analytics import Scope

Statement = Callable[[Scope, list[tuple[UUID, UUID]]], AnySelect]
Figures = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class UsageKey:
    """One owner (its account and its id) and which usages of it are added up."""

    scope: Scope
    owner: tuple[UUID, UUID]


def figures_by_owner(
    snapshot: Snapshot, statement: Statement
) -> Callable[[list[UsageKey]], Awaitable[list[Figures]]]:
    """Load the rows of a statement of metering.analytics, each owner's without the owner's column."""

    async def load(keys: list[UsageKey]) -> list[Figures]:
        owners: dict[Scope, list[tuple[UUID, UUID]]] = defaultdict(list)
        for key in keys:
            owners[key.scope].append(key.owner)
        found: dict[tuple[Scope, UUID], list[tuple[Any, ...]]] = defaultdict(list)
        for scope, group in owners.items():
            for row in await snapshot.rows(statement(scope, group)):
                found[scope, row[0]].append(tuple(row[1:]))
        return [found[key.scope, key.owner[1]] for key in keys]

    return load
