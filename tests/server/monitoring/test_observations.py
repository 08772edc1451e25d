"""What an operation leaves behind: a line in the log and counts, with nothing of the caller's own."""

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import generate_latest
from sqlalchemy import text
from structlog.testing import capture_logs
from structlog.typing import EventDict

from models.availability import StoreUnavailable
from models.database import Database
from server.authentication import Unauthenticated
from server.monitoring.metrics import Meters
from server.monitoring.observations import Observer, outcome_of
from server.subscriptions.streams import TooManyStreams
from server.transport.refusals import Refused

KEY_ID = UUID("01990000-0000-7000-8000-000000000001")
SECRET = "nexus_0123456789abcdefghijABCDEFGHIJ01234567"


@pytest.fixture
def observer() -> Observer:
    """An observer that counts one operation by name."""
    return Observer(Meters({"AddUsage"}))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[EventDict]]:
    """What is logged."""
    caplog.set_level(logging.INFO, "server.monitoring.observations")
    with capture_logs() as lines:
        yield lines


def counted(observer: Observer) -> dict[str, float]:
    """Give every figure that is not zero, but for durations."""
    told = generate_latest(observer.meters.collected()).decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in told if line.startswith("creditgraph_"))
    return {
        name: float(value)
        for name, value in figures.items()
        if float(value) and "_seconds_bucket" not in name and "_seconds_sum" not in name
    }


def test_an_operation_leaves_one_line_and_its_counts(observer: Observer, lines: list[EventDict]) -> None:
    with observer.observed(kind="mutation", name="AddUsage", api_key_id=KEY_ID) as observation:
        observation.cost = 12
    [line] = lines
    assert 0 <= line.pop("milliseconds") < 1_000
    assert line == {
        "event": "operation",
        "log_level": "info",
        "name": "AddUsage",
        "kind": "mutation",
        "cost": 12,
        "statements": 0,
        "outcome": "ok",
        "api_key": f"key_{KEY_ID.hex}",
    }
    assert counted(observer) == {
        'creditgraph_operations_total{kind="mutation",operation="AddUsage",outcome="ok"}': 1,
        'creditgraph_operation_seconds_count{kind="mutation",operation="AddUsage"}': 1,
        'creditgraph_operation_cost_total{kind="mutation"}': 12,
    }


def test_a_subscription_leaves_one_line_at_its_end(observer: Observer, lines: list[EventDict]) -> None:
    with observer.observed() as observation:
        observation.kind, observation.name = "subscription", "Live"
        observation.events += 3
        assert lines == []
    assert [(line["kind"], line["name"], line["events"]) for line in lines] == [("subscription", "Live", 3)]
    assert counted(observer) == {
        'creditgraph_operations_total{kind="subscription",operation="other",outcome="ok"}': 1,
        "creditgraph_subscription_events_total": 3,
    }


@pytest.mark.parametrize(
    ("name", "logged"),
    [
        (None, None),
        ("", None),
        ("a" * 65, "a" * 64),
        ('x"\n{evil="1"} 7', "xevil17"),
        (SECRET, "nexus_…"),
        ("…", None),
    ],
)
def test_a_name_is_only_a_name(
    observer: Observer, lines: list[EventDict], name: str | None, logged: str | None
) -> None:
    with observer.observed(kind="query", name=name):
        pass
    assert [line["name"] for line in lines] == [logged]
    assert 'creditgraph_operations_total{kind="query",operation="other",outcome="ok"}' in counted(observer)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Refused(400, "no"), "BAD_USER_INPUT"),
        (TooManyStreams("no"), "RATE_LIMITED"),
        (Unauthenticated(), "UNAUTHENTICATED"),
        (StoreUnavailable("no"), "UNAVAILABLE"),
        (ValueError(SECRET), "INTERNAL"),
        (asyncio.CancelledError(), "left"),
    ],
)
def test_what_ends_an_operation_is_its_outcome(
    observer: Observer, lines: list[EventDict], error: BaseException, outcome: str
) -> None:
    with pytest.raises(type(error)), observer.observed(kind="query"):
        raise error
    assert [line["outcome"] for line in lines] == [outcome]
    assert SECRET not in str(lines)
    refusals = counted(observer).get("creditgraph_rate_limit_refusals_total", 0)
    assert refusals == (1 if outcome == "RATE_LIMITED" else 0)


def test_an_outcome_and_a_kind_that_nobody_knows_make_no_new_series(observer: Observer) -> None:
    with observer.observed() as observation:
        observation.outcome = SECRET
        observation.kind = SECRET  # type: ignore[assignment]  # as a slip would
    assert counted(observer) == {
        'creditgraph_operations_total{kind="unknown",operation="other",outcome="errors"}': 1,
        'creditgraph_operation_seconds_count{kind="unknown",operation="other"}': 1,
    }


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"data": {"a": 1}}, "ok"),
        ({"data": {"a": None}, "errors": [{"extensions": {"code": "NOT_FOUND"}}]}, "errors"),
        ({"data": None, "errors": [{"extensions": {"code": "FORBIDDEN"}}]}, "FORBIDDEN"),
        ({"errors": [{"extensions": {"code": "QUERY_TOO_COMPLEX"}}]}, "QUERY_TOO_COMPLEX"),
        ({"errors": [{}]}, "errors"),
    ],
)
def test_the_outcome_of_an_answer(answer: dict[str, Any], outcome: str) -> None:
    assert outcome_of(answer) == outcome


async def test_each_operation_counts_its_own_statements(
    database: Database, observer: Observer, lines: list[EventDict]
) -> None:
    async def ask(name: str, statements: int) -> None:
        with observer.observed(kind="query", name=name):
            async with database.read() as session:
                for _ in range(statements):
                    await session.execute(text("SELECT 1"))

    async def ask_in_a_task() -> None:
        with observer.observed(kind="query", name="C"):
            await asyncio.create_task(ask_alone())

    async def ask_alone() -> None:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))

    await asyncio.gather(ask("A", 3), ask("B", 5), ask_in_a_task(), ask_alone())
    assert {line["name"]: line["statements"] for line in lines} == {"A": 3, "B": 5, "C": 1}
    assert counted(observer)['creditgraph_operation_statements_total{kind="query"}'] == 9


def test_observing_costs_microseconds(observer: Observer) -> None:
    # Without the line, of which formatting and writing are most. A hundred times what it takes, for a busy machine.
    def observe(times: int) -> float:
        started = time.perf_counter()
        for _ in range(times):
            with observer.observed(kind="mutation", name="AddUsage", api_key_id=KEY_ID):
                pass
        return (time.perf_counter() - started) / times

    assert min(observe(100) for _ in range(10)) < 0.002
