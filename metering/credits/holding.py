"""Hold credits for runs, many at once: race-free, since the accounts are locked before they are read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.credits.hold_making import HoldPlan, make_hold, permit
from metering.errors import HoldClosed, HoldNotFound, Refusal
from metering.idempotency import claim, fingerprint, replayed_ids
from metering.ledger import open_postings
from metering.prices import price_book
from metering.workflows import running, workflows_by_id
from models.hold import Hold

DEFAULT_EXPIRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HoldCredits:
    """Credits to be set aside for a run."""

    account_id: UUID
    workflow_id: UUID
    plan: HoldPlan
    idempotency_key: str
    expires_in: timedelta = DEFAULT_EXPIRY

    @property
    def fingerprint(self) -> str:
        """The input as parsed."""
        return fingerprint("hold_credits", self.workflow_id, self.plan.content, self.expires_in // _SECOND)


@dataclass(frozen=True, slots=True)
class CreditsHold:
    """A hold; `replayed` where an earlier request with the same key made it."""

    hold: Hold
    replayed: bool


def hold_credits(
    session: Session, items: Sequence[HoldCredits], *, now: datetime
) -> list[CreditsHold | Exception]:
    """Set credits aside: holds and spending together never exceed what is available and the credit line.

    A child run's hold is taken from its ancestors' holds first. Refusals: WorkflowNotFound,
    WorkflowAlreadyEnded, CreditsExhausted, BudgetExceeded, RateUnknown, NoRateCardInForce, NothingToHold,
    AmountTooLarge, IdempotencyConflict.
    """
    postings = open_postings(session, {item.account_id for item in items}, now=now)
    claims = claim(session, items, now=now)
    prices = price_book(session)
    runs = workflows_by_id(session, {(item.account_id, item.workflow_id) for item in items})
    postings.load_holds(runs.values(), times=[(run, now) for run in runs.values()])
    made: dict[UUID, Hold] = {}
    answers: list[CreditsHold | Exception | UUID] = []
    for item in items:
        try:
            replayed = claims.replayed(item)
            if replayed is not None:
                answers.append(replayed)
                continue
            run = running(runs, (item.account_id, item.workflow_id))
            planned = permit(run, item.plan, postings, prices)
            hold_id = claims.accept(item)
            made[hold_id] = make_hold(
                run, planned, postings, hold_id=hold_id, expires_at=now + item.expires_in
            )
            answers.append(CreditsHold(made[hold_id], replayed=False))
        except Refusal as refusal:
            answers.append(refusal)
    claims.settle()
    postings.write()
    earlier = holds_by_id(session, postings.accounts, replayed_ids(answers)) | made
    return [
        CreditsHold(earlier[answer], replayed=True) if isinstance(answer, UUID) else answer
        for answer in answers
    ]


def open_hold(holds: Mapping[UUID, Hold], *, account_id: UUID, hold_id: UUID) -> Hold:
    """Give a hold of the account that keeps its credits still.

    Raises HoldNotFound, HoldClosed.
    """
    hold = holds.get(hold_id)
    if hold is None or hold.account_id != account_id:
        raise HoldNotFound
    if hold.closed_at is not None:
        raise HoldClosed(hold.status, hold.closed_at)
    return hold


def holds_by_id(
    session: Session, account_ids: Iterable[UUID], hold_ids: Collection[UUID]
) -> dict[UUID, Hold]:
    """Load holds of the accounts by id in one statement, none where there are no ids."""
    if not hold_ids:
        return {}
    statement = select(Hold).where(Hold.account_id.in_(account_ids), Hold.id.in_(hold_ids))
    return {hold.id: hold for hold in session.scalars(statement)}


_SECOND = timedelta(seconds=1)
