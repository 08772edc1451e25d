"""Where credits went: statements that add up usages by account, agent, key or user, exactly.

Credits count in the period in which they were used, runs in the period in which they started; so the
figures of adjoining periods add up. Voided usages count nowhere. Every figure is asked for many owners at
once: the first column of each statement names the owner.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from models.base import total
from models.service_usage import ServiceUsage
from models.sums import wide_total
from models.workflow import Workflow
from pricing.decimal_text import MICROS


class Level(StrEnum):
    """Whose usages are added up."""

    ACCOUNT = "ACCOUNT"
    AGENT = "AGENT"
    API_KEY = "API_KEY"
    WORKFLOW = "WORKFLOW"


@dataclass(frozen=True, slots=True)
class Period:
    """A period from a moment on, up to but not including another; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def contains(self, column: InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        """Give what a time column must fulfil."""
        conditions: list[ColumnElement[bool]] = []
        if self.start is not None:
            conditions.append(column >= self.start)
        if self.end is not None:
            conditions.append(column < self.end)
        return conditions


@dataclass(frozen=True, slots=True)
class RunsLike:
    """The runs whose usages count."""

    workflow_name: str | None = None
    business_adapter: str | None = None
    agent_id: UUID | None = None
    user_id: str | None = None
    api_key_id: UUID | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Give a condition for each thing that is asked for."""
        equal = (
            (Workflow.workflow_name, self.workflow_name),
            (Workflow.business_adapter, self.business_adapter),
            (Workflow.agent_id, self.agent_id),
            (Workflow.user_id, self.user_id),
            (Workflow.api_key_id, self.api_key_id),
        )
        return [column == value for column, value in equal if value is not None]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which usages are added up: a level's, in a period, of runs like these."""

    level: Level
    period: Period
    runs: RunsLike


def totals(scope: Scope, owners: list[tuple[UUID, UUID]]) -> Select[Any]:
    """Select owner, usage count and micro-credits."""
    return _usages(scope, owners, [], func.count(), total(ServiceUsage.credits))


def by_service(scope: Scope, owners: list[tuple[UUID, UUID]]) -> Select[Any]:
    """Select owner, service type, provider, unit type, usage count, units, their millionths, micros."""
    return _usages(
        scope,
        owners,
        [ServiceUsage.service_type, ServiceUsage.provider, ServiceUsage.unit_type],
        func.count(),
        # In two parts, each of which fits 64 bits however many usages there are.
        total(ServiceUsage.micro_units // MICROS),
        total(ServiceUsage.micro_units % MICROS),
        total(ServiceUsage.credits),
    )


def by_service_and_period(
    scope: Scope, owners: list[tuple[UUID, UUID]], edges: tuple[datetime, ...]
) -> Select[Any]:
    """Select as `by_service` without the count, apart between the (ascending) edges.

    Before the units stands how many of the edges had passed when they were used.
    """
    passed = case(
        *((ServiceUsage.used_at < edge, number) for number, edge in enumerate(edges)), else_=len(edges)
    )
    # By its name: PostgreSQL would take the same expression with other parameters for another expression.
    return _usages(
        scope,
        owners,
        [ServiceUsage.service_type, ServiceUsage.provider, ServiceUsage.unit_type],
        passed.label("edges_passed"),
        total(ServiceUsage.micro_units // MICROS),
        total(ServiceUsage.micro_units % MICROS),
        total(ServiceUsage.credits),
    ).group_by("edges_passed")


def by_workflow_name(scope: Scope, owners: list[tuple[UUID, UUID]]) -> Select[Any]:
    """Select owner, workflow name and micro-credits."""
    return _usages(scope, owners, [Workflow.workflow_name], total(ServiceUsage.credits))


def by_user(scope: Scope, owners: list[tuple[UUID, UUID]]) -> Select[Any]:
    """Select owner, user id (null for runs of no user), usage count and micro-credits."""
    return _usages(scope, owners, [Workflow.user_id], func.count(), total(ServiceUsage.credits))


def runs_by_workflow_name(scope: Scope, owners: list[tuple[UUID, UUID]]) -> Select[Any]:
    """Select owner, workflow name, number of runs, number of ended runs and their microseconds."""
    owner = _owner(scope.level)
    return (
        select(
            owner,
            Workflow.workflow_name,
            func.count(),
            func.count(Workflow.duration_micros),
            wide_total(Workflow.duration_micros),
        )
        .where(
            *_owned_by(owner, owners), *scope.period.contains(Workflow.started_at), *scope.runs.conditions()
        )
        .group_by(owner, Workflow.workflow_name)
    )


def _usages(
    scope: Scope, owners: list[tuple[UUID, UUID]], dimensions: list[Any], *figures: ColumnElement[Any]
) -> Select[Any]:
    owner = _owner(scope.level)
    of_run = and_(Workflow.account_id == ServiceUsage.account_id, Workflow.id == ServiceUsage.workflow_id)
    return (
        select(owner, *dimensions, *figures)
        .select_from(ServiceUsage)
        .join(Workflow, of_run)
        .where(
            *_owned_by(owner, owners),
            ServiceUsage.voided_at.is_(None),
            *scope.period.contains(ServiceUsage.used_at),
            *scope.runs.conditions(),
        )
        .group_by(owner, *dimensions)
    )


def _owner(level: Level) -> InstrumentedAttribute[Any]:
    return {
        Level.ACCOUNT: Workflow.account_id,
        Level.AGENT: Workflow.agent_id,
        Level.API_KEY: Workflow.api_key_id,
        Level.WORKFLOW: Workflow.id,
    }[level]


def _owned_by(
    owner: InstrumentedAttribute[Any], owners: list[tuple[UUID, UUID]]
) -> list[ColumnElement[bool]]:
    accounts = {account_id for account_id, _ in owners}
    # Both tables are narrowed to the accounts, so that either can be entered by its own index.
    conditions: list[ColumnElement[bool]] = [Workflow.account_id.in_(accounts)]
    if owner is not Workflow.account_id:
        conditions.append(owner.in_({owner_id for _, owner_id in owners}))
    return conditions
