"""Record whole workflows that have happened: all of a run or nothing of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.errors import Refusal
from metering.idempotency import claim, fingerprint, replayed_ids
from metering.ledger import grants_beside, open_postings
from metering.prices import newest_card_beside, price_book
from metering.tracking.ending import mark_ended
from metering.tracking.new_runs import (
    References,
    StartWorkflow,
    insert_workflows,
    load_references,
    new_workflow,
)
from metering.tracking.usage_batch import UsageBatch
from metering.tracking.window import is_within_window, not_before, within_window
from metering.workflows import workflows_of
from models.identity import new_id
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from models.writing import together
from pricing.credits import Credits
from pricing.units import Quantity, ServiceType


@dataclass(frozen=True, slots=True)
class PastUsage:
    """A metered use within a run that is recorded as a whole."""

    service_type: ServiceType
    provider: str
    quantity: Quantity
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordWorkflow:
    """A run that has happened, with all its usages."""

    start: StartWorkflow
    status: WorkflowStatus
    ended_at: datetime | None
    usages: tuple[PastUsage, ...]

    @property
    def account_id(self) -> UUID:
        """The account that the run belongs to."""
        return self.start.account_id

    @property
    def weight(self) -> int:
        """How many rows the run fills, itself included."""
        return 1 + len(self.usages)

    @property
    def idempotency_key(self) -> str:
        """The key of the whole record."""
        return self.start.idempotency_key

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        usages = [
            (u.service_type, u.provider, u.quantity.micro_units, u.quantity.unit_type, u.used_at)
            for u in self.usages
        ]
        return fingerprint("record_workflow", self.start.fingerprint, self.status, self.ended_at, usages)


@dataclass(frozen=True, slots=True)
class WorkflowRecord:
    """A recorded run; `replayed` where an earlier request with the same key recorded it."""

    workflow: Workflow
    replayed: bool


def record_workflows(
    session: Session, items: Sequence[RecordWorkflow], *, now: datetime
) -> list[WorkflowRecord | Exception]:
    """Record runs as facts: no permission is asked, and a run is recorded wholly or not at all.

    Refusals: RateUnknown, NoRateCardInForce, AgentNotFound, TimeOutOfRange, AmountTooLarge,
    IdempotencyConflict.
    """
    accounts = {item.account_id for item in items}
    beside = [grants_beside(session, accounts), newest_card_beside(session)]
    claims = claim(session, items, now=now, beside=beside)
    postings = open_postings(session, accounts, now=now)
    batch = UsageBatch(session, now, price_book(session), postings)
    references = load_references(session, [item.start for item in items], now=now)
    postings.load_holds(references.workflows.values(), times=_times(items, references, now))
    recorded: dict[UUID, Workflow] = {}
    answers: list[WorkflowRecord | Exception | UUID] = []
    for item in items:
        try:
            replayed = claims.replayed(item)
            if replayed is not None:
                answers.append(replayed)
                continue
            workflow, usages = _worked_out(item, references, batch)
            workflow.id = claims.accept(item)
            for usage in usages:
                batch.record(usage, workflow, new_id())
            recorded[workflow.id] = workflow
            answers.append(WorkflowRecord(workflow, replayed=False))
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    batch.close_runs()
    with together(session):
        insert_workflows(session, recorded.values())
        batch.write()
    earlier = workflows_of(session, postings.accounts, replayed_ids(answers)) | recorded
    return [
        WorkflowRecord(earlier[answer], replayed=True) if isinstance(answer, UUID) else answer
        for answer in answers
    ]


def _times(
    items: Iterable[RecordWorkflow], references: References, now: datetime
) -> Iterator[tuple[Workflow, datetime]]:
    for item in items:
        try:
            run = new_workflow(item.start, references, now=now)
        except Refusal:
            continue
        for at in {past.used_at or item.ended_at or now for past in item.usages} | {run.started_at}:
            if is_within_window(at, now=now):
                yield run, at


def _worked_out(
    item: RecordWorkflow, references: References, batch: UsageBatch
) -> tuple[Workflow, list[ServiceUsage]]:
    workflow = new_workflow(item.start, references, now=batch.now)
    if item.status is not WorkflowStatus.RUNNING:
        ended_at = item.ended_at or max(batch.now, workflow.started_at)
        mark_ended(workflow, item.status, not_before("endedAt", ended_at, workflow.started_at, now=batch.now))
    usages = [
        batch.price(
            workflow,
            past.service_type,
            past.provider,
            past.quantity,
            used_at=within_window("usedAt", past.used_at or workflow.ended_at, now=batch.now),
            late=False,
        )
        for past in item.usages
    ]
    batch.postings.require_room(item.account_id, Credits.total(usage.credits for usage in usages))
    return workflow, usages
