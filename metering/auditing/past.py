"""Balances at any past moment, from the transfers that were posted until then."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from metering.auditing.accounts import balance_columns
from metering.auditing.comparison import kept
from models.ledger import Book, Grant, LedgerTransfer
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class PastBalance:
    """An account's credits as they were at a moment; `overdraft` is what usages cost beyond the grants."""

    account_id: UUID
    available: Credits
    held: Credits
    granted: Credits
    spent: Credits
    overdraft: Credits
    expired: Credits


def past_balance(session: Session, *, account_id: UUID, as_of: datetime) -> PastBalance:
    """Tell an account's balance at a moment: zeros before its first transfer.

    A grant counts as available while it was in effect, though its expiry may have been posted later.
    """
    found = _balances(session, as_of, account_id)
    return found[0] if found else PastBalance(account_id, *[Credits.ZERO] * 6)


def past_balances(session: Session, *, as_of: datetime) -> list[PastBalance]:
    """Tell the balances at a moment of every account that had a transfer by then, oldest account first."""
    return _balances(session, as_of, None)


def _balances(session: Session, as_of: datetime, only: UUID | None) -> list[PastBalance]:
    until = [LedgerTransfer.posted_at <= as_of]
    if only is not None:
        until.append(LedgerTransfer.account_id == only)
    account_id = LedgerTransfer.account_id
    books = select(account_id, *balance_columns()).where(*until).group_by(account_id).order_by(account_id)
    in_effect = or_(Grant.expires_at.is_(None), Grant.expires_at > as_of) & (Grant.effective_at <= as_of)
    grants = (
        select(account_id, kept(Book.GRANT))
        .join(Grant, (Grant.account_id == account_id) & (Grant.id == LedgerTransfer.grant_id))
        .where(*until, in_effect)
        .group_by(account_id)
    )
    available = {owner: Credits(micros) for owner, micros in session.execute(grants)}
    return [
        PastBalance(
            row.account_id,
            available=available.get(row.account_id, Credits.ZERO),
            held=Credits(row.held),
            granted=Credits(row.granted),
            spent=Credits(row.spent),
            overdraft=Credits(row.overdraft - row.held_on_credit),
            expired=Credits(row.expired),
        )
        for row in session.execute(books)
    ]
