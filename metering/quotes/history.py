"""What runs of a name cost before: low, expected and high, where enough of them are known to say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, Subquery, case, func, select, type_coerce
from sqlalchemy.orm import Session

from metering.analytics import Period, RunsLike
from models.base import BigInt, total
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from pricing.credits import Credits
from pricing.units import ServiceType

FEWEST_RUNS = 20
"""So many runs are needed before figures are given."""
MOST_RUNS = 10_000
"""So many runs are looked at, the newest."""
DEFAULT_SPAN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Costs by nearest rank: a tenth, half and nine tenths of the runs cost so much or less."""

    p10: Credits
    p50: Credits
    p90: Credits


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """What a service of a provider cost the runs that used it; None where they are too few."""

    service_type: ServiceType
    provider: str
    run_count: int
    percentiles: Percentiles | None


@dataclass(frozen=True, slots=True)
class CostHistory:
    """What completed runs of a name cost in a period; None where they are too few, and the message says so.

    Voided usages do not count.
    """

    workflow_name: str
    period: Period
    run_count: int
    percentiles: Percentiles | None
    services: tuple[ServiceHistory, ...]

    @property
    def message(self) -> str | None:
        """How many runs there are and how many are needed, where they are too few."""
        if self.percentiles is not None:
            return None
        are = "run is" if self.run_count == 1 else "runs are"
        return (
            f"{self.run_count} completed {are} known of {self.workflow_name!r} in this period; "
            f"{FEWEST_RUNS} are needed to say what another is likely to cost."
        )


@dataclass(frozen=True, slots=True)
class PastRuns:
    """Which runs of an account are looked at."""

    account_id: UUID
    workflow_name: str
    started: Period
    agent_id: UUID | None = None
    user_id: str | None = None


def recent(now: datetime, start: datetime | None = None, end: datetime | None = None) -> Period:
    """Give the period that is looked at: the last 90 days where it says no start."""
    return Period(start or (end or now) - DEFAULT_SPAN, end)


def cost_history(session: Session, *, runs: PastRuns) -> CostHistory:
    """Look at the newest completed runs of a name, in two statements for any number of runs."""
    newest = _newest(runs)
    [whole] = session.execute(_of_runs(newest)).all()
    services = [
        ServiceHistory(service_type, provider, count, _percentiles(count, ranks))
        for service_type, provider, count, *ranks in session.execute(_of_services(newest, runs.account_id))
    ]
    services.sort(key=lambda each: (-each.run_count, each.service_type, each.provider))
    count = whole[0] or 0
    return CostHistory(
        runs.workflow_name, runs.started, count, _percentiles(count, whole[1:]), tuple(services)
    )


def _newest(runs: PastRuns) -> CTE:
    like = RunsLike(workflow_name=runs.workflow_name, agent_id=runs.agent_id, user_id=runs.user_id)
    return (
        select(Workflow.id, type_coerce(Workflow.total_credits, BigInt()).label("micros"))
        .where(
            Workflow.account_id == runs.account_id,
            Workflow.status == WorkflowStatus.COMPLETED,
            *runs.started.contains(Workflow.started_at),
            *like.conditions(),
        )
        .order_by(Workflow.started_at.desc(), Workflow.id.desc())
        .limit(MOST_RUNS)
        .cte("newest")
    )


def _of_runs(newest: CTE) -> Select[Any]:
    ranked = select(
        newest.c.micros,
        func.row_number().over(order_by=(newest.c.micros, newest.c.id)).label("rank"),
        func.count().over().label("runs"),
    ).subquery()
    return select(func.max(ranked.c.runs), *_at_ranks(ranked))


def _of_services(newest: CTE, account_id: UUID) -> Select[Any]:
    service = (ServiceUsage.service_type, ServiceUsage.provider)
    spent = (
        select(*service, newest.c.id, total(ServiceUsage.credits).label("micros"))
        .select_from(newest)
        .join(ServiceUsage, ServiceUsage.workflow_id == newest.c.id)
        .where(ServiceUsage.account_id == account_id, ServiceUsage.voided_at.is_(None))
        .group_by(*service, newest.c.id)
        .subquery()
    )
    of_service = (spent.c.service_type, spent.c.provider)
    ranked = select(
        *of_service,
        spent.c.micros,
        func.row_number().over(partition_by=of_service, order_by=(spent.c.micros, spent.c.id)).label("rank"),
        func.count().over(partition_by=of_service).label("runs"),
    ).subquery()
    of_service = (ranked.c.service_type, ranked.c.provider)
    return select(*of_service, func.max(ranked.c.runs), *_at_ranks(ranked)).group_by(*of_service)


def _at_ranks(ranked: Subquery) -> list[ColumnElement[Any]]:
    # The nearest rank of p percent is p·n/100, rounded up.
    ranks = ((ranked.c.runs * percent + 99) // 100 for percent in (10, 50, 90))
    return [func.max(case((ranked.c.rank == rank, ranked.c.micros))) for rank in ranks]


def _percentiles(count: int, micros: Sequence[int]) -> Percentiles | None:
    return None if count < FEWEST_RUNS else Percentiles(*map(Credits, micros))
