"""Figures that are read from rollups are those that usages and runs add up to, one by one."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from metering.analytics import (
    Dimension,
    Granularity,
    Level,
    Period,
    RunsLike,
    Scope,
    by_service,
    by_service_and_period,
    by_workflow_name,
    edges_of,
    points,
    ranked,
    runs_by_workflow_name,
    series,
    stretches_for,
    totals,
)
from models.asking import Asked
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from tests.metering.analytics.conftest import BEGINNING, DAYS, History

MICROS = 1_000_000


async def rows(history: History, asked: Asked) -> list[tuple[Any, ...]]:
    """Ask the store."""
    return await history.tenant.database.ask(asked.rows)


def scopes(history: History) -> list[tuple[Scope, list[tuple[UUID, UUID]]]]:
    """Draw scopes: every level, periods with ragged and with even edges, open ones, and filters."""
    chance = random.Random(7)
    drawn = []
    for number in range(60):
        level = (Level.ACCOUNT, Level.AGENT, Level.API_KEY)[number % 3]
        moments = sorted(_moment(chance) for _ in range(2))
        start, end = chance.choice(
            [moments, moments, moments, [None, moments[1]], [moments[0], None], [None, None]]
        )
        run = chance.choice(history.runs)
        like = chance.choice(
            [
                RunsLike(),
                RunsLike(),
                RunsLike(workflow_name="café"),
                RunsLike(user_id="zoë"),
                RunsLike(agent_id=run.agent_id, api_key_id=run.api_key_id),
                RunsLike(business_adapter="emergencyservices"),
            ]
        )
        drawn.append((Scope(level, Period(start, end), like), owners(history, level)))
    return drawn


def _moment(chance: random.Random) -> datetime:
    at = BEGINNING + timedelta(
        seconds=chance.randrange(-34 * 86_400, DAYS * 86_400), microseconds=chance.randrange(3)
    )
    return chance.choice(
        [
            at,
            at.replace(minute=0, second=0, microsecond=0),
            at.replace(hour=0, minute=0, second=0, microsecond=0),
        ]
    )


def owners(history: History, level: Level) -> list[tuple[UUID, UUID]]:
    """Give all owners of a level."""
    ids = {getattr(run, _OWNER[level]) for run in history.runs} - {None}
    return [(history.tenant.account_id, id_) for id_ in sorted(ids)]


def counted(history: History, scope: Scope) -> dict[UUID, list[tuple[ServiceUsage, Workflow]]]:
    """Give each owner's usages, looked at one by one."""
    found = defaultdict(list)
    for usage, run in history.usages:
        if _within(usage.used_at, scope.period) and _like(run, scope.runs):
            found[getattr(run, _OWNER[scope.level])].append((usage, run))
    found.pop(None, None)
    return found


def _within(at: datetime, period: Period) -> bool:
    return (period.start is None or at >= period.start) and (period.end is None or at < period.end)


def _like(run: Workflow, like: RunsLike) -> bool:
    names = ("workflow_name", "business_adapter", "agent_id", "user_id", "api_key_id")
    return all(getattr(like, name) in {None, getattr(run, name)} for name in names)


def summed(
    history: History, scope: Scope, key: Callable[[ServiceUsage, Workflow], tuple[Any, ...]]
) -> dict[tuple[Any, ...], list[int]]:
    """Add up count, micro-units and micro-credits by owner and key."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for owner, used in counted(history, scope).items():
        for usage, run in used:
            figures = sums[owner, *key(usage, run)]
            figures[0] += 1
            figures[1] += usage.micro_units
            figures[2] += usage.credits.micros
    return dict(sums)


async def test_totals_and_breakdowns(history: History) -> None:
    for scope, of in scopes(history):
        expected = summed(history, scope, lambda *_: ())
        assert {row[:1]: [row[1], row[2]] for row in await rows(history, totals(scope, of))} == {
            key: [count, micros] for key, (count, _, micros) in expected.items()
        }, scope
        expected = summed(
            history, scope, lambda usage, _: (usage.service_type, usage.provider, usage.unit_type)
        )
        found = await rows(history, by_service(scope, of))
        assert {row[:4]: [row[4], row[5] * MICROS + row[6], row[7]] for row in found} == expected, scope
        expected = summed(history, scope, lambda _, run: (run.workflow_name,))
        found = await rows(history, by_workflow_name(scope, of))
        assert {row[:2]: row[2] for row in found} == {key: sums[2] for key, sums in expected.items()}, scope


async def test_services_apart_at_edges(history: History) -> None:
    for scope, of in scopes(history)[:20]:
        first = scope.period.start or BEGINNING - timedelta(days=40)
        last = scope.period.end or BEGINNING + timedelta(days=DAYS + 2)
        edges = tuple(first + (last - first) * part // 3 for part in (1, 2))
        expected = summed(
            history,
            scope,
            lambda usage, _, edges=edges: (  # type: ignore[misc]
                usage.service_type,
                usage.provider,
                usage.unit_type,
                sum(edge <= usage.used_at for edge in edges),
            ),
        )
        found = await rows(history, by_service_and_period(scope, of, edges))
        assert {row[:5]: [row[5] * MICROS + row[6], row[7]] for row in found} == {
            key: sums[1:] for key, sums in expected.items()
        }, scope


@pytest.mark.parametrize("by", list(Dimension))
async def test_rankings(history: History, by: Dimension) -> None:
    for scope, of in scopes(history)[:30]:
        expected = summed(
            history,
            scope,
            lambda usage, run: tuple(
                getattr(run, name, None) or getattr(usage, name, None) for name in by.columns
            ),
        )
        for first in (1, 2, 100):
            best = {}
            for owner in {key[0] for key in expected}:
                ordered = sorted(
                    (
                        (-sums[2], [(name is not None, name) for name in key[1:]], key, sums)
                        for key, sums in expected.items()
                        if key[0] == owner
                    ),
                    key=lambda row: row[:2],
                )
                best |= {
                    owner: [(len(ordered), *key[1:], sums[0], sums[2]) for _, _, key, sums in ordered[:first]]
                }
            found = defaultdict(list)
            for row in await rows(history, ranked(scope, of, by, first)):
                found[row[0]].append(row[1:])
            assert found == best, scope


async def test_runs(history: History) -> None:
    for scope, of in scopes(history):
        expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
        for run in history.runs:
            owner = getattr(run, _OWNER[scope.level])
            if owner and _within(run.started_at, scope.period) and _like(run, scope.runs):
                figures = expected[owner, run.workflow_name]
                figures[0] += 1
                figures[1] += run.ended_at is not None
                figures[2] += run.duration_micros or 0
        found = await rows(history, runs_by_workflow_name(scope, of))
        assert {row[:2]: [row[2], row[3], row[4] * MICROS + row[5]] for row in found} == expected, scope


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Vienna", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
@pytest.mark.parametrize("granularity", [Granularity.HOUR, Granularity.DAY, Granularity.MONTH])
async def test_time_series(history: History, granularity: Granularity, zone: str) -> None:
    place = ZoneInfo(zone)

    def name(at: datetime) -> tuple[Any, ...]:
        local = at.astimezone(place)
        # An hour that comes twice differs by its offset.
        return (local.year, local.month, local.day, local.hour, local.utcoffset())[: _PARTS[granularity]]

    for scope, of in scopes(history)[:12]:
        start = scope.period.start or BEGINNING - timedelta(days=20)
        end = scope.period.end or start + timedelta(days=30)
        if granularity is Granularity.HOUR:
            end = min(end, start + timedelta(days=35))
        bounded = Scope(scope.level, Period(start, end), scope.runs)
        edges = edges_of(start, end, granularity, zone)
        found = defaultdict(list)
        for owner, *row in await rows(history, series(bounded, of, *stretches_for(bounded, edges))):
            found[owner].append(tuple(row))
        for owner, used in counted(history, bounded).items():
            shown = points(found.pop(owner), edges)
            assert [point.start for point in shown] == edges[:-1]
            expected = Counter[tuple[Any, ...]]()
            for usage, _ in used:
                expected[name(usage.used_at)] += usage.credits.micros
            assert (
                Counter({name(point.start): point.micros for point in shown if point.usage_count}) == expected
            )
            assert sum(point.usage_count for point in shown) == len(used)
        assert not found


async def test_minutes(history: History) -> None:
    used = sorted(usage.used_at for usage, _ in history.usages)
    start = used[len(used) // 2].replace(second=30)
    scope = Scope(Level.ACCOUNT, Period(start, start + timedelta(hours=16)), RunsLike())
    edges = edges_of(start, start + timedelta(hours=16), Granularity.MINUTE, "UTC")
    found = await rows(history, series(scope, owners(history, Level.ACCOUNT), *stretches_for(scope, edges)))
    shown = points([row[1:] for row in found], edges)
    assert [point.start for point in shown[:3]] == [
        start,
        start.replace(second=0, microsecond=0) + timedelta(minutes=1),
        start.replace(second=0, microsecond=0) + timedelta(minutes=2),
    ]
    for point in shown:
        within = [at for at in used if point.start <= at < point.end]
        assert point.usage_count == len(within)
    assert sum(point.usage_count for point in shown) == sum(start <= at < edges[-1] for at in used) > 0


_OWNER = {Level.ACCOUNT: "account_id", Level.AGENT: "agent_id", Level.API_KEY: "api_key_id"}
_PARTS = {Granularity.HOUR: 5, Granularity.DAY: 3, Granularity.MONTH: 2}
assert BEGINNING.tzinfo is UTC
