"""Recount rollups from the usages and runs that they add up, for rebuilding and for the audit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select, text

from models.base import Id, Name, table_of, total
from models.buckets import bucket_column
from models.rollup import NO_AGENT, NOBODY, Grain, Rollup, RunRollup
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.decimal_text import MICROS

AnySelect = Select[*tuple[Any, ...]]


def recounted(rollup: Rollup) -> list[AnySelect]:
    """Select what the rows of a rollup must be but for their series, a statement for each grain."""
    count = _runs if rollup is RunRollup else _usages
    return [count(grain) for grain in rollup.grains]


def _usages(grain: Grain) -> AnySelect:
    user = func.coalesce(Workflow.user_id, NOBODY) if grain is Grain.USER_DAY else literal(NOBODY)
    used = table_of(ServiceUsage).c
    keys = {
        "account_id": used.account_id,
        "grain": literal(grain, Name(Grain)),
        "bucket": bucket_column(used.used_at, grain.length),
        **_of_run(),
        "user_id": user,
        **{name: used[name] for name in ("service_type", "provider", "unit_type")},
    }
    figures = {
        "usage_count": func.count(),
        "units": total(used.micro_units // MICROS),
        "millionths": total(used.micro_units % MICROS),
        "micros": total(used.credits),
    }
    of_run = (Workflow.account_id == used.account_id) & (Workflow.id == used.workflow_id)
    usages = table_of(ServiceUsage).join(table_of(Workflow), of_run)
    return _grouped(keys, figures).select_from(usages).where(used.voided_at.is_(None))


def _runs(grain: Grain) -> AnySelect:
    keys = {
        "account_id": Workflow.account_id,
        "grain": literal(grain, Name(Grain)),
        "bucket": bucket_column(Workflow.started_at, grain.length),
        **_of_run(),
    }
    figures = {
        "run_count": func.count(),
        "ended_count": func.count(Workflow.duration_micros),
        "seconds": total(Workflow.duration_micros // MICROS),
        "microseconds": total(Workflow.duration_micros % MICROS),
    }
    return _grouped(keys, figures)


def _of_run() -> dict[str, Any]:
    return {
        "workflow_name": Workflow.workflow_name,
        "business_adapter": func.coalesce(Workflow.business_adapter, NOBODY),
        "agent_id": func.coalesce(Workflow.agent_id, bindparam("no_agent", NO_AGENT, Id())),
        "api_key_id": Workflow.api_key_id,
    }


def _grouped(keys: Mapping[str, Any], figures: Mapping[str, ColumnElement[int]]) -> AnySelect:
    # By place: PostgreSQL would take the same expression with another parameter for another expression.
    places = [text(str(place)) for place in range(1, len(keys) + 1)]
    columns = [column.label(name) for name, column in (*keys.items(), *figures.items())]
    return select(*columns).group_by(*places)
