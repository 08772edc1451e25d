"""Void a service usage: it stays as a fact, its credits go back to who paid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import ServiceUsageAlreadyVoided, ServiceUsageNotFound
from metering.idempotency import claim, fingerprint
from metering.ledger import Postings, open_postings
from metering.rollups import UsageCounts
from models.audit_entry import AuditAct
from models.identity import IdKind
from models.ledger import Book, Grant, LedgerTransfer
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class VoidServiceUsage:
    """A usage that should not have been recorded, and why."""

    account_id: UUID
    usage_id: UUID
    reason: str
    idempotency_key: str

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint("void_service_usage", self.usage_id, self.reason)


@dataclass(frozen=True, slots=True)
class UsageVoiding:
    """A voided usage and the credits that went back."""

    usage: ServiceUsage
    refunded: Credits
    replayed: bool


def void_service_usage(session: Session, *, item: VoidServiceUsage, now: datetime) -> UsageVoiding:
    """Mark a usage as void and refund it by new transfers.

    Raises ServiceUsageNotFound, ServiceUsageAlreadyVoided (under another key), IdempotencyConflict.
    """
    postings = open_postings(session, [item.account_id], now=now)
    claims = claim(session, [item], now=now)
    replayed = claims.replayed(item)
    usage = session.get(ServiceUsage, (item.account_id, item.usage_id))
    if usage is None:
        raise ServiceUsageNotFound
    if replayed is not None:
        return UsageVoiding(usage, usage.credits, replayed=True)
    if usage.voided_at is not None:
        raise ServiceUsageAlreadyVoided(usage.voided_at)
    workflow = session.get_one(Workflow, (usage.account_id, usage.workflow_id))
    postings.budgets.load([(workflow, usage.used_at)])
    _refund(session, usage, workflow, postings)
    usage.voided_at, usage.void_reason = now, item.reason
    claims.accept(item)
    claims.settle()
    postings.write()
    log_act(
        session,
        AuditAct.VOID_SERVICE_USAGE,
        account_id=item.account_id,
        subject=(IdKind.SERVICE_USAGE, usage.id),
        details={"refundedCredits": str(usage.credits), "reason": item.reason},
        now=now,
    )
    return UsageVoiding(usage, usage.credits, replayed=False)


def _refund(session: Session, usage: ServiceUsage, workflow: Workflow, postings: Postings) -> None:
    payments = session.scalars(
        select(LedgerTransfer)
        .where(
            LedgerTransfer.account_id == usage.account_id,
            LedgerTransfer.service_usage_id == usage.id,
            LedgerTransfer.credit_book == Book.SPENT,
        )
        .order_by(LedgerTransfer.sequence)
    ).all()
    payers = select(Grant).where(
        Grant.account_id == usage.account_id,
        Grant.id.in_([payment.grant_id for payment in payments if payment.grant_id]),
    )
    grants = {grant.id: grant for grant in session.scalars(payers)}
    postings.refund(workflow, usage, payments, grants)
    workflow.total_credits -= usage.credits
    workflow.usage_count -= 1
    counts = UsageCounts()
    counts.take_back(usage, workflow)
    counts.write(session)
