"""Expire what has had its time: every verb does so for its own account, a job for those that are quiet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.ledger import expire, open_before_expiry
from models.account import Account


@dataclass(frozen=True, slots=True)
class Expiry:
    """How many holds and grants of an account had expired."""

    hold_count: int
    grant_count: int


def expire_credits(session: Session, *, account_id: UUID, now: datetime) -> Expiry:
    """Close the account's holds and empty its grants whose time is over; safe at any moment, by anybody.

    Raises AccountNotFound.
    """
    return Expiry(*expire(open_before_expiry(session, [account_id], now=now)))


def due_accounts(
    session: Session, *, now: datetime, most: int, besides: Collection[UUID] = ()
) -> Sequence[UUID]:
    """Name accounts of which something may have expired, the longest due first."""
    due = select(Account.id).where(Account.expiry_due_at <= now, Account.id.not_in(besides))
    return session.scalars(due.order_by(Account.expiry_due_at).limit(most)).all()
