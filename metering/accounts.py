"""Accounts: the tenants."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Account
from models.identity import new_id
from models.ledger_chain import GENESIS
from pricing.credits import Credits


def create_account(session: Session, *, name: str, overdraft_limit: Credits | None, now: datetime) -> Account:
    """Create a tenant. Without an overdraft limit it is postpaid: usage is tracked and owed."""
    account = Account(
        id=new_id(),
        name=name,
        overdraft_limit=overdraft_limit,
        granted=Credits.ZERO,
        spent=Credits.ZERO,
        expired=Credits.ZERO,
        overdraft=Credits.ZERO,
        held=Credits.ZERO,
        held_on_credit=Credits.ZERO,
        transfer_count=0,
        chain_hash=GENESIS,
        budgets_version=0,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def all_accounts(session: Session) -> list[Account]:
    """List every account, oldest first."""
    return list(session.scalars(select(Account).order_by(Account.id)))
