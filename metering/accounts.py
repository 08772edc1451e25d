"""Accounts: the tenants."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.audit_log import log_act
from models.account import Account
from models.audit_entry import AuditAct
from models.identity import IdKind, new_id
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
    log_act(
        session,
        AuditAct.CREATE_ACCOUNT,
        account_id=account.id,
        subject=(IdKind.ACCOUNT, account.id),
        details={"name": name, "overdraftLimit": None if overdraft_limit is None else str(overdraft_limit)},
        now=now,
    )
    return account


def all_accounts(session: Session) -> list[Account]:
    """List every account, oldest first."""
    return list(session.scalars(select(Account).order_by(Account.id)))
