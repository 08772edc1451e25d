"""Add service usages, many at once: facts, priced once and recorded exactly once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.errors import Refusal
from metering.idempotency import claim, fingerprint, replayed_ids
from metering.ledger import grants_beside, open_postings
from metering.prices import newest_card_beside, price_book
from metering.tracking.usage_batch import UsageBatch
from metering.tracking.window import is_within_window, within_window
from metering.workflows import OwnedId, found, workflows_beside, workflows_by_id
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.units import Quantity, ServiceType


class IfUncovered(StrEnum):
    """What to do with a usage that holds, grants and credit line do not cover, or a budget forbids."""

    RECORD = "RECORD"
    REFUSE = "REFUSE"


@dataclass(frozen=True, slots=True)
class AddServiceUsage:
    """A metered use to be recorded."""

    account_id: UUID
    workflow_id: UUID
    service_type: ServiceType
    provider: str
    quantity: Quantity
    idempotency_key: str
    used_at: datetime | None = None
    if_uncovered: IfUncovered = IfUncovered.RECORD

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint(
            "add_service_usage",
            self.workflow_id,
            self.service_type,
            self.provider,
            self.quantity.micro_units,
            self.quantity.unit_type,
            self.used_at,
            self.if_uncovered,
        )


@dataclass(frozen=True, slots=True)
class UsageAddition:
    """A recorded usage with its run; `replayed` where an earlier request with the same key recorded it."""

    usage: ServiceUsage
    workflow: Workflow
    replayed: bool


def add_service_usages(
    session: Session, items: Sequence[AddServiceUsage], *, now: datetime
) -> list[UsageAddition | Exception]:
    """Record usages: never refused for lack of credits, unless the caller asks for it.

    It captures from the run's holds first. A usage of a run that has ended is recorded too and marked late.
    Refusals: RateUnknown, NoRateCardInForce, WorkflowNotFound, TimeOutOfRange, AmountTooLarge,
    IdempotencyConflict, and CreditsExhausted or BudgetExceeded where the item says REFUSE.
    """
    accounts = {item.account_id for item in items}
    runs = {(item.account_id, item.workflow_id) for item in items}
    beside = [grants_beside(session, accounts), newest_card_beside(session), workflows_beside(session, runs)]
    claims = claim(session, items, now=now, beside=beside)
    postings = open_postings(session, accounts, now=now)
    batch = UsageBatch(session, now, price_book(session), postings)
    workflows = workflows_by_id(session, runs)
    postings.load_holds(workflows.values(), times=_times(items, workflows, now))
    answers: list[UsageAddition | Exception | UUID] = []
    for item in items:
        try:
            replayed = claims.replayed(item)
            if replayed is not None:
                answers.append(replayed)
                continue
            workflow = found(workflows, (item.account_id, item.workflow_id))
            usage = _priced(item, workflow, batch)
            batch.record(usage, workflow, claims.accept(item))
            answers.append(UsageAddition(usage, workflow, replayed=False))
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    batch.write()
    earlier = _replays(session, postings.accounts, replayed_ids(answers))
    return [earlier[answer] if isinstance(answer, UUID) else answer for answer in answers]


def _times(
    items: Iterable[AddServiceUsage], workflows: Mapping[OwnedId, Workflow], now: datetime
) -> Iterator[tuple[Workflow, datetime]]:
    for item in items:
        workflow = workflows.get((item.account_id, item.workflow_id))
        if workflow is not None:
            yield workflow, now
            if item.used_at is not None and is_within_window(item.used_at, now=now):
                yield workflow, item.used_at


def _priced(item: AddServiceUsage, workflow: Workflow, batch: UsageBatch) -> ServiceUsage:
    usage = batch.price(
        workflow,
        item.service_type,
        item.provider,
        item.quantity,
        used_at=within_window("usedAt", item.used_at, now=batch.now),
        late=workflow.ended_at is not None,
    )
    if item.if_uncovered is IfUncovered.REFUSE:
        batch.require_cover(usage, workflow)
    return usage


def _replays(
    session: Session, account_ids: Iterable[UUID], usage_ids: Collection[UUID]
) -> dict[UUID, UsageAddition]:
    if not usage_ids:
        return {}
    statement = (
        select(ServiceUsage, Workflow)
        .join(
            Workflow,
            (Workflow.account_id == ServiceUsage.account_id) & (Workflow.id == ServiceUsage.workflow_id),
        )
        .where(ServiceUsage.account_id.in_(account_ids), ServiceUsage.id.in_(usage_ids))
    )
    return {
        usage.id: UsageAddition(usage, workflow, replayed=True)
        for usage, workflow in session.execute(statement)
    }
