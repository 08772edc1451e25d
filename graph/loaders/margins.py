"""Units used, apart where a cost rate changes: at most two statements for all owners of one question."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from strawberry.dataloader import DataLoader

from graph.context import Snapshot
from graph.loaders.usage import Figures, UsageKey
from metering.analytics import Period, Scope, by_service_and_period
from metering.margins import UnitsUsed
from pricing.costs import ALWAYS, CostBook
from pricing.credits import Credits
from pricing.decimal_text import MICROS

_Keys = Sequence[UsageKey]

SPANS_AT_ONCE = 12
"""How many spans between changes of a cost one statement adds up."""
OWNERS_AT_ONCE = 250
"""How many owners it names, each of them in each part of each span: parameters have a bound."""


def units_used_by_owner(
    snapshot: Snapshot, costs: CostBook, services: DataLoader[UsageKey, Figures]
) -> Callable[[list[UsageKey]], Awaitable[list[list[UnitsUsed]]]]:
    """Load what owners used; the breakdown by service serves where no cost changed meanwhile."""

    async def load(keys: list[UsageKey]) -> list[list[UnitsUsed]]:
        figures = dict(zip(keys, await services.load_many(keys), strict=True))
        used: dict[UsageKey, list[UnitsUsed]] = {}
        for scope, group in _by_scope(keys).items():
            edges = _edges(costs, scope, [row for key in group for row in figures[key]])
            if edges:
                used |= await _apart(snapshot, scope, group, edges)
            else:
                used |= {key: [_whole(row, scope.period.start) for row in figures[key]] for key in group}
        return [used[key] for key in keys]

    return load


def _by_scope(keys: _Keys) -> dict[Scope, list[UsageKey]]:
    groups: dict[Scope, list[UsageKey]] = defaultdict(list)
    for key in keys:
        groups[key.scope].append(key)
    return groups


def _edges(costs: CostBook, scope: Scope, rows: Figures) -> tuple[datetime, ...]:
    services = {(service_type, provider) for service_type, provider, *_ in rows}
    return costs.changes(services, scope.period.start, scope.period.end)


async def _apart(
    snapshot: Snapshot, scope: Scope, keys: _Keys, edges: tuple[datetime, ...]
) -> dict[UsageKey, list[UnitsUsed]]:
    moments = (scope.period.start, *edges, scope.period.end)
    found: dict[UUID, list[UnitsUsed]] = defaultdict(list)
    for first in range(0, len(moments) - 1, SPANS_AT_ONCE):
        span = moments[first : first + SPANS_AT_ONCE + 1]
        part = replace(scope, period=Period(span[0], span[-1]))
        for some in (keys[at : at + OWNERS_AT_ONCE] for at in range(0, len(keys), OWNERS_AT_ONCE)):
            owners = [key.owner for key in some]
            asked = by_service_and_period(part, owners, edges[first:][: len(span) - 2])
            for owner, *row in await snapshot.ask(asked.rows):
                found[owner].append(_apart_of(row, span))
    return {key: found[key.owner[1]] for key in keys}


def _apart_of(row: Sequence[Any], begins: Sequence[datetime | None]) -> UnitsUsed:
    service_type, provider, unit_type, passed, units, millionths, micros = row
    micro_units = int(units) * MICROS + int(millionths)
    return UnitsUsed(
        service_type, provider, unit_type, begins[passed] or ALWAYS, micro_units, Credits(micros)
    )


def _whole(row: tuple[Any, ...], start: datetime | None) -> UnitsUsed:
    service_type, provider, unit_type, _count, units, millionths, micros = row
    return UnitsUsed(
        service_type, provider, unit_type, start or ALWAYS, units * MICROS + millionths, Credits(micros)
    )
