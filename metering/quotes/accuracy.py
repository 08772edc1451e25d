"""How quotes came out: what was promised against what was charged, over ended runs whose holds took quotes.

A run counts in the period in which it started, with all quotes that its holds took and all that it was
charged; voided usages count nowhere. So quoted and charged add up to the same by name as by service. Each
statement's first column names the account.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, select, type_coerce

from metering.analytics import Period
from models.base import BigInt, total
from models.quote import QuoteLine, StoredQuote
from models.service_usage import ServiceUsage
from models.sums import wide_total
from models.workflow import Workflow

_Rows = Select[*tuple[Any, ...]]
_TENTH = 10


@dataclass(frozen=True, slots=True)
class QuotedRuns:
    """Which of the ended runs with quotes count."""

    started: Period = field(default_factory=Period)
    workflow_name: str | None = None

    def conditions(self, account_ids: list[UUID]) -> list[ColumnElement[bool]]:
        """Give what a run must fulfil, beside having taken a quote."""
        conditions = [
            Workflow.account_id.in_(account_ids),
            Workflow.ended_at.is_not(None),
            *self.started.contains(Workflow.started_at),
        ]
        if self.workflow_name is not None:
            conditions.append(Workflow.workflow_name == self.workflow_name)
        return conditions


def by_workflow_name(runs: QuotedRuns, account_ids: list[UUID]) -> _Rows:
    """Select account, workflow name, runs, micros quoted and charged, runs charged within a tenth of it."""
    each = _quoted_runs(runs, account_ids).subquery()
    # A difference is whole micros: it is a tenth at most exactly where it is at most the tenth rounded down.
    within = func.abs(each.c.charged - each.c.quoted) <= each.c.quoted // _TENTH
    return select(
        each.c.account_id,
        each.c.workflow_name,
        func.count(),
        wide_total(each.c.quoted),
        wide_total(each.c.charged),
        func.sum(case((within, 1), else_=0)),
    ).group_by(each.c.account_id, each.c.workflow_name)


def quoted_by_service(runs: QuotedRuns, account_ids: list[UUID]) -> _Rows:
    """Select account, service type, provider and the micros quoted."""
    of_quote = and_(QuoteLine.account_id == StoredQuote.account_id, QuoteLine.quote_id == StoredQuote.id)
    return (
        select(
            StoredQuote.account_id, QuoteLine.service_type, QuoteLine.provider, wide_total(QuoteLine.credits)
        )
        .select_from(StoredQuote)
        .join(Workflow, _TAKEN_BY)
        .join(QuoteLine, of_quote)
        .where(StoredQuote.account_id.in_(account_ids), *runs.conditions(account_ids))
        .group_by(StoredQuote.account_id, QuoteLine.service_type, QuoteLine.provider)
    )


def charged_by_service(runs: QuotedRuns, account_ids: list[UUID]) -> _Rows:
    """Select account, service type, provider and the micros charged, quoted or not."""
    # From the runs with quotes to their usages: an account has many more usages without any.
    each = _quoted_runs(runs, account_ids).subquery()
    of_run = and_(ServiceUsage.account_id == each.c.account_id, ServiceUsage.workflow_id == each.c.id)
    return (
        select(
            each.c.account_id,
            ServiceUsage.service_type,
            ServiceUsage.provider,
            wide_total(ServiceUsage.credits),
        )
        .select_from(each)
        .join(ServiceUsage, of_run)
        .where(ServiceUsage.voided_at.is_(None))
        .group_by(each.c.account_id, ServiceUsage.service_type, ServiceUsage.provider)
    )


def _quoted_runs(runs: QuotedRuns, account_ids: list[UUID]) -> _Rows:
    charged = type_coerce(Workflow.total_credits, BigInt())
    columns = (Workflow.account_id, Workflow.id, Workflow.workflow_name, Workflow.total_credits)
    return (
        select(
            Workflow.account_id,
            Workflow.id,
            Workflow.workflow_name,
            charged.label("charged"),
            total(StoredQuote.total_credits).label("quoted"),
        )
        .select_from(StoredQuote)
        .join(Workflow, _TAKEN_BY)
        .where(StoredQuote.account_id.in_(account_ids), *runs.conditions(account_ids))
        .group_by(*columns)
    )


_TAKEN_BY = and_(StoredQuote.account_id == Workflow.account_id, StoredQuote.workflow_id == Workflow.id)
