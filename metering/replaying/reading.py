"""The past, read in batches: usages in the order of use, and with each batch the runs that begin in it.

A batch is a stretch of usages. Every run is given whole with the first of its usages that counts; one that an
earlier batch gave is left out, which the store knows by itself: nothing is remembered between batches but
the place, and what is read at once does not grow with the past.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from metering.analytics import RunsLike
from metering.replaying.charged import ChargedRun, ChargedUsage
from metering.selections import requested_accuracy
from models.selection import WorkflowSelection
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.catalogue import RequestComplexity
from pricing.configuration import AccuracyRequirement
from pricing.units import Quantity

USAGES_IN_A_BATCH = 500
ALL_RUNS = RunsLike()


@dataclass(frozen=True, slots=True)
class Past:
    """The usages of an account's runs like these, from one moment to before another; not the voided."""

    account_id: UUID
    start: datetime
    end: datetime
    runs: RunsLike = ALL_RUNS


@dataclass(frozen=True, slots=True)
class Place:
    """How far the usages are read, in the order of use."""

    used_at: datetime
    usage_id: UUID


@dataclass(frozen=True, slots=True)
class Batch:
    """Some runs, and the place after them; None is the end."""

    runs: tuple[ChargedRun, ...]
    place: Place | None


def read_batch(session: Session, *, past: Past, after: Place | None) -> Batch:
    """Read the runs whose first usage comes next: four statements, whatever they hold."""
    stretch = session.execute(_stretch(past, after)).all()
    if not stretch:
        return Batch((), None)
    used_at, usage_id, _ = stretch[-1]
    runs = _runs(session, past, after, {workflow_id for _, _, workflow_id in stretch})
    return Batch(runs, Place(used_at, usage_id) if len(stretch) == USAGES_IN_A_BATCH else None)


def count_runs(session: Session, *, past: Past) -> int:
    """Count the runs that have usages in it."""
    statement = select(func.count(distinct(ServiceUsage.workflow_id))).select_from(ServiceUsage)
    return int(session.scalars(_of(past, statement)).one())


def count_usages(session: Session, *, past: Past, at_most: int) -> int:
    """Count the usages, no further than to a bound."""
    some = _of(past, select(ServiceUsage.id)).limit(at_most).subquery()
    return session.scalars(select(func.count()).select_from(some)).one()


def _stretch(past: Past, after: Place | None) -> Any:  # noqa: ANN401 - a statement
    statement = _of(past, select(ServiceUsage.used_at, ServiceUsage.id, ServiceUsage.workflow_id))
    if after is not None:
        statement = statement.where(_follows(after))
    return statement.order_by(ServiceUsage.used_at, ServiceUsage.id).limit(USAGES_IN_A_BATCH)


def _of(past: Past, statement: Any) -> Any:  # noqa: ANN401 - statements of any columns
    narrowed = statement.where(
        *_of_account(past, ServiceUsage),
        ServiceUsage.used_at >= past.start,
        ServiceUsage.used_at < past.end,
    )
    like = past.runs.conditions()
    if not like:
        return narrowed
    of_run = and_(Workflow.account_id == ServiceUsage.account_id, Workflow.id == ServiceUsage.workflow_id)
    return narrowed.join(Workflow, of_run).where(*like)


def _follows(place: Place) -> ColumnElement[bool]:
    # Said twice, so that the index is entered at the moment.
    return and_(
        ServiceUsage.used_at >= place.used_at,
        or_(ServiceUsage.used_at > place.used_at, ServiceUsage.id > place.usage_id),
    )


def _runs(
    session: Session, past: Past, after: Place | None, workflow_ids: Iterable[UUID]
) -> tuple[ChargedRun, ...]:
    found = session.execute(_new_runs(past, after, sorted(workflow_ids))).all()
    ids = [row.id for row in found]
    if not ids:
        return ()
    usages = _usages(session, past, ids)
    asked = _asked(session, past, ids)
    runs = [
        ChargedRun(
            row.id,
            row.workflow_name,
            row.agent_id,
            row.started_at,
            tuple(usages[row.id]),
            *asked.get(row.id, ()),
        )
        for row in found
    ]
    return tuple(sorted(runs, key=_first_use))


def _new_runs(past: Past, after: Place | None, workflow_ids: list[UUID]) -> Any:  # noqa: ANN401 - a statement
    statement = select(Workflow.id, Workflow.workflow_name, Workflow.agent_id, Workflow.started_at).where(
        Workflow.account_id == past.account_id, Workflow.id.in_(workflow_ids)
    )
    if after is None:
        return statement
    earlier = aliased(ServiceUsage)
    is_earlier = or_(
        earlier.used_at < after.used_at,
        and_(earlier.used_at == after.used_at, earlier.id <= after.usage_id),
    )
    read_before = exists().where(
        *_of_account(past, earlier),
        earlier.workflow_id == Workflow.id,
        _told_by_the_row(earlier.used_at >= past.start, is_earlier),
    )
    return statement.where(~read_before)


def _of_account(past: Past, usage: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - the table or an alias
    return [usage.account_id == past.account_id, usage.voided_at.is_(None)]


def _told_by_the_row(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Ask of a row what no index can answer.

    Of runs that are known the usages are few. A store without statistics takes the index of times for the
    better way all the same, and would read the whole period once for each batch.
    """
    return case((and_(*conditions), 1), else_=0) == 1


def _usages(session: Session, past: Past, workflow_ids: list[UUID]) -> dict[UUID, list[ChargedUsage]]:
    columns = (
        ServiceUsage.workflow_id,
        ServiceUsage.service_type,
        ServiceUsage.provider,
        ServiceUsage.micro_units,
        ServiceUsage.unit_type,
        ServiceUsage.credits,
        ServiceUsage.used_at,
    )
    statement = select(*columns).where(
        *_of_account(past, ServiceUsage),
        ServiceUsage.workflow_id.in_(workflow_ids),
        _told_by_the_row(ServiceUsage.used_at >= past.start, ServiceUsage.used_at < past.end),
    )
    usages: dict[UUID, list[ChargedUsage]] = defaultdict(list)
    rows = session.execute(statement.order_by(ServiceUsage.workflow_id, ServiceUsage.id))
    for workflow_id, service_type, provider, micro_units, unit_type, credits_, used_at in rows:
        quantity = Quantity(micro_units, unit_type)
        usages[workflow_id].append(ChargedUsage(service_type, provider, quantity, credits_.micros, used_at))
    return usages


def _asked(
    session: Session, past: Past, workflow_ids: list[UUID]
) -> dict[UUID, tuple[RequestComplexity, AccuracyRequirement | None]]:
    """Say what the runs were last selected for, those that were."""
    newer = aliased(WorkflowSelection)
    is_superseded = exists().where(
        newer.account_id == WorkflowSelection.account_id,
        newer.workflow_id == WorkflowSelection.workflow_id,
        newer.id > WorkflowSelection.id,
    )
    statement = select(WorkflowSelection.workflow_id, WorkflowSelection.record).where(
        WorkflowSelection.account_id == past.account_id,
        WorkflowSelection.workflow_id.in_(workflow_ids),
        ~is_superseded,
    )
    return {
        workflow_id: (
            RequestComplexity(str(record["complexity"])),
            requested_accuracy(record),
        )
        for workflow_id, record in session.execute(statement)
    }


def _first_use(run: ChargedRun) -> tuple[datetime, UUID]:
    return min(usage.used_at for usage in run.usages), run.id
