"""Replay the demo's history, beside a bare SQL sum over the same rows."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from metering.auditing import unhurried
from metering.replaying import Replay, ReplayRequest, replay_request
from models.base import total
from models.database import Database
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.rate_card_file import built_in_rate_card
from server.commands.store import open_store
from tests.databases.postgresql import postgresql_server
from tests.server.histories import demo_with_history

ROUNDS = 3
RULES: dict[str, dict[str, Any]] = {
    "other prices": {"rate_card": replace(built_in_rate_card(), version="the same")},
    "premium_quality": {"preset": "premium_quality"},
    "cost_optimized": {"preset": "cost_optimized"},
}
Answer = TypeVar("Answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--copies", type=int, default=3, help="copies of the history beside itself")
    arguments = parser.parse_args()
    with store(arguments.database) as url:
        asyncio.run(measured(url, arguments.copies))


@contextmanager
def store(database: str) -> Iterator[str]:
    if database == "postgresql":
        with postgresql_server() as server:
            server.create_database("replay")
            yield server.url("replay")
    else:
        with TemporaryDirectory() as folder:
            yield f"sqlite+aiosqlite:///{Path(folder)}/replay.db"


async def measured(url: str, copies: int) -> None:
    async with open_store(url) as database:
        account_id = (await demo_with_history(database, copies=copies)).account_id
        (usages, micros), bare = await timed(lambda: database.ask(partial(bare_sums, account_id=account_id)))
        print(f"{database.url.get_backend_name()}: {usages:,} usages, {micros // 10**6:,} credits")
        print(f"{'bare SQL, GROUP BY':24} {bare:7.2f} s {usages / bare:12,.0f} usages/s")
        for name, rules in RULES.items():
            answer, seconds = await timed(partial(replayed, database, account_id, rules))
            if (answer.totals.usage_count, answer.totals.actual_micros) != (usages, micros):
                raise SystemExit(f"The replay counts otherwise than SQL: {answer.totals}")
            speed = f"{seconds:7.2f} s {usages / seconds:12,.0f} usages/s"
            print(f"{name:24} {speed}   {seconds / bare:5.0f} times the bare sums")


async def timed(work: Callable[[], Awaitable[Answer]]) -> tuple[Answer, float]:
    """Give the answer, and the median of some rounds in seconds."""
    answers, seconds = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answers.append(await work())
        seconds.append(time.perf_counter() - began)
    return answers[-1], median(seconds)


async def replayed(database: Database, account_id: UUID, rules: dict[str, Any]) -> Replay:
    now = database.clock()
    request = ReplayRequest(now - timedelta(days=40), now, **rules)
    question = partial(
        replay_request, account_id=account_id, request=request, progress=lambda _done, _total: None, now=now
    )
    return await database.ask(unhurried(question))


def bare_sums(session: Session, account_id: UUID) -> tuple[int, int]:
    """Add up the same rows by workflow name and service, as one statement."""
    of_run = and_(Workflow.account_id == ServiceUsage.account_id, Workflow.id == ServiceUsage.workflow_id)
    dimensions = (Workflow.workflow_name, ServiceUsage.service_type, ServiceUsage.provider)
    statement = (
        select(func.count(), total(ServiceUsage.credits))
        .select_from(ServiceUsage)
        .join(Workflow, of_run)
        .where(ServiceUsage.account_id == account_id, ServiceUsage.voided_at.is_(None))
        .group_by(*dimensions)
    )
    rows = session.execute(statement).all()
    return sum(count for count, _ in rows), sum(micros for _, micros in rows)


if __name__ == "__main__":
    main()
