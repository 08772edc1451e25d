"""Runs that a batch names, loaded in one statement however many there are."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from metering.errors import WorkflowAlreadyEnded, WorkflowNotFound
from models.ahead import Question
from models.base import table_of
from models.prepared import PreparedRead
from models.rows import read_row
from models.workflow import Workflow

OwnedId = tuple[UUID, UUID]
"""An account and the id of something that it owns."""


def workflows_by_id(session: Session, wanted: Collection[OwnedId]) -> dict[OwnedId, Workflow]:
    """Load runs of accounts; those that do not exist are left out."""
    if not wanted:
        return {}
    return {(each.account_id, each.id): each for each in _by_id(session, *_parted(wanted))}


def workflows_beside(session: Session, wanted: Collection[OwnedId]) -> Question:
    """Say that these runs will be loaded next."""
    accounts, ids = _parted(wanted)
    return _BY_ID.asked_beside(session, accounts=accounts, ids=ids)


def found(workflows: Mapping[OwnedId, Workflow], wanted: OwnedId) -> Workflow:
    """Give a run of the account.

    Raises WorkflowNotFound.
    """
    workflow = workflows.get(wanted)
    if workflow is None:
        raise WorkflowNotFound
    return workflow


def running(workflows: Mapping[OwnedId, Workflow], wanted: OwnedId) -> Workflow:
    """Give a run that has not ended.

    Raises WorkflowNotFound, WorkflowAlreadyEnded.
    """
    workflow = found(workflows, wanted)
    if workflow.ended_at is not None:
        raise WorkflowAlreadyEnded(workflow.status, workflow.ended_at)
    return workflow


def workflows_of(
    session: Session, account_ids: Iterable[UUID], workflow_ids: Collection[UUID]
) -> dict[UUID, Workflow]:
    """Load runs of the accounts by id in one statement, none where there are no ids."""
    if not workflow_ids:
        return {}
    return {workflow.id: workflow for workflow in _by_id(session, account_ids, workflow_ids)}


def _parted(wanted: Collection[OwnedId]) -> tuple[set[UUID], set[UUID]]:
    return {account_id for account_id, _ in wanted}, {workflow_id for _, workflow_id in wanted}


def _by_id(session: Session, account_ids: Iterable[UUID], ids: Iterable[UUID]) -> list[Workflow]:
    rows = _BY_ID.rows(session, accounts=account_ids, ids=ids)
    return [read_row(session, Workflow, row) for row in rows]


_BY_ID = PreparedRead(
    select(table_of(Workflow)).where(
        Workflow.account_id.in_(bindparam("accounts", expanding=True)),
        Workflow.id.in_(bindparam("ids", expanding=True)),
    )
)
