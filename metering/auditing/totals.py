"""The same spending, added up by run, by key and by service: all ways give the same."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Subquery, func, null, select, union_all

from metering.auditing.comparison import Check, Figure, One, compare, kept, micros, of_one, summed
from models.base import table_of
from models.identity import IdKind, format_id
from models.ledger import Book, LedgerTransfer
from models.service_usage import ServiceUsage
from models.sums import wide_total
from models.workflow import Workflow
from pricing.units import ServiceType


def checks(only: One) -> Iterator[Check]:
    """Check runs against their usages, keys' runs against keys' usages, services' usages against payments."""
    yield _of_runs(only)
    yield _of_keys(only)
    yield _of_services(only)


def _of_runs(only: One) -> Check:
    usages = _usages([ServiceUsage.workflow_id], ServiceUsage.__table__, only)
    rows = table_of(Workflow).outerjoin(
        usages, (usages.c.account_id == Workflow.account_id) & (usages.c.workflow_id == Workflow.id)
    )
    figures = [
        Figure("total", micros(Workflow.total_credits), summed(usages.c.micros)),
        Figure("usage count", micros(Workflow.usage_count), micros(usages.c.count), str),
    ]
    return compare(rows, Workflow.account_id, [Workflow.id], figures, _of_run, only)


def _of_keys(only: One) -> Check:
    runs = table_of(ServiceUsage).join(
        Workflow,
        (Workflow.account_id == ServiceUsage.account_id) & (Workflow.id == ServiceUsage.workflow_id),
    )
    used = _usages([Workflow.api_key_id], runs, only)
    of_runs = select(
        Workflow.account_id, Workflow.api_key_id, wide_total(Workflow.total_credits).label("micros")
    )
    of_runs = of_one(of_runs, Workflow.account_id, only)
    by_runs = of_runs.group_by(Workflow.account_id, Workflow.api_key_id).subquery()
    return _both_ways(by_runs, used, ["api_key_id"], _of_key)


def _of_services(only: One) -> Check:
    names = [ServiceUsage.service_type, ServiceUsage.provider]
    used = _usages(names, ServiceUsage.__table__, only)
    paid = (
        select(ServiceUsage.account_id, *names, kept(Book.SPENT).label("micros"))
        .join(
            LedgerTransfer,
            (LedgerTransfer.account_id == ServiceUsage.account_id)
            & (LedgerTransfer.service_usage_id == ServiceUsage.id),
        )
        .group_by(ServiceUsage.account_id, *names)
    )
    paid = of_one(paid, ServiceUsage.account_id, only)
    return _both_ways(used, paid.subquery(), ["service_type", "provider"], _of_service)


def _both_ways(
    recorded: Subquery,
    recomputed: Subquery,
    key: list[str],
    named: Any,  # noqa: ANN401 - takes the key's values
) -> Check:
    # Either side may lack a row that the other has, so they are laid one upon the other and joined.
    sides = [
        select(
            side.c.account_id,
            *(side.c[name] for name in key),
            (side.c.micros if side is recorded else null()).label("recorded"),
            (side.c.micros if side is recomputed else null()).label("recomputed"),
        )
        for side in (recorded, recomputed)
    ]
    laid = union_all(*sides).subquery()
    names = [laid.c[name] for name in key]
    added = (
        select(
            laid.c.account_id,
            *names,
            func.max(laid.c.recorded).label("recorded"),
            func.max(laid.c.recomputed).label("recomputed"),
        )
        .group_by(laid.c.account_id, *names)
        .subquery()
    )
    figure = Figure("spending", summed(added.c.recorded), summed(added.c.recomputed))
    return compare(added, added.c.account_id, [added.c[name] for name in key], [figure], named, None)


def _usages(key: list[Any], rows: FromClause, only: One) -> Subquery:
    usages = (
        select(
            ServiceUsage.account_id,
            *key,
            wide_total(ServiceUsage.credits).label("micros"),
            func.count().label("count"),
        )
        .select_from(rows)
        .where(ServiceUsage.voided_at.is_(None))
        .group_by(ServiceUsage.account_id, *key)
    )
    return of_one(usages, ServiceUsage.account_id, only).subquery()


def _of_run(name: str, workflow_id: UUID) -> str:
    return f"{name} of {format_id(IdKind.WORKFLOW, workflow_id)}"


def _of_key(name: str, api_key_id: UUID) -> str:
    return f"{name} of {format_id(IdKind.API_KEY, api_key_id)}"


def _of_service(name: str, service_type: ServiceType, provider: str) -> str:
    return f"{name} on {service_type.value} {provider}"
