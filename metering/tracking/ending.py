"""End workflows, many at once: completed, failed or cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from metering.errors import Refusal, WorkflowAlreadyEnded
from metering.ledger import open_postings
from metering.rollups import RunCounts
from metering.tracking.window import not_before
from metering.workflows import found, workflows_by_id
from models.hold import HoldStatus
from models.workflow import Workflow, WorkflowStatus
from models.writing import together


@dataclass(frozen=True, slots=True)
class EndWorkflow:
    """A run that ended, and how."""

    account_id: UUID
    workflow_id: UUID
    status: WorkflowStatus
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkflowEnd:
    """A run that has ended."""

    workflow: Workflow


def end_workflows(
    session: Session, items: Sequence[EndWorkflow], *, now: datetime
) -> list[WorkflowEnd | Exception]:
    """End runs and release what their holds still keep; ending one twice the same way answers the same.

    Refusals: WorkflowNotFound, WorkflowAlreadyEnded (in another way), TimeOutOfRange.
    """
    postings = open_postings(session, {item.account_id for item in items}, now=now)
    workflows = workflows_by_id(session, {(item.account_id, item.workflow_id) for item in items})
    postings.load_all_holds(workflow for workflow in workflows.values() if workflow.ended_at is None)
    counts = RunCounts()
    answers: list[WorkflowEnd | Exception] = []
    for item in items:
        try:
            workflow = found(workflows, (item.account_id, item.workflow_id))
            answers.append(_end(item, workflow, counts, now))
            postings.close(postings.holds.of_run(workflow.id), HoldStatus.SETTLED)
        except Refusal as refusal:
            answers.append(refusal)
    with together(session):
        counts.write(session)
        postings.write()
    return answers


def mark_ended(workflow: Workflow, status: WorkflowStatus, ended_at: datetime) -> None:
    """Set how and when a run ended, and how long it took."""
    workflow.status = status
    workflow.ended_at = ended_at
    workflow.duration_micros = (ended_at - workflow.started_at) // timedelta(microseconds=1)


def _end(item: EndWorkflow, workflow: Workflow, counts: RunCounts, now: datetime) -> WorkflowEnd:
    if workflow.ended_at is None:
        # A run may have been started with a clock that is a little ahead of ours.
        ended_at = item.ended_at or max(now, workflow.started_at)
        mark_ended(workflow, item.status, not_before("endedAt", ended_at, workflow.started_at, now=now))
        counts.add_ended([workflow])
    elif workflow.status is not item.status:
        raise WorkflowAlreadyEnded(workflow.status, workflow.ended_at)
    return WorkflowEnd(workflow)
