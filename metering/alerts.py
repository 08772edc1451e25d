"""Alerts: at which balance an account wants to be told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.audit_log import log_act
from metering.errors import AccountNotFound
from models.account import Account
from models.audit_entry import AuditAct
from models.identity import IdKind
from pricing.credits import Credits


def set_balance_alert(
    session: Session,
    *,
    account_id: UUID,
    threshold: Credits | None,
    now: datetime,
) -> Account:
    """Tell by an event when what is available falls below the threshold; None turns the alert off.

    Raises AccountNotFound.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    if account.balance_alert_threshold != threshold:
        account.balance_alert_threshold = threshold
        session.flush()
        log_act(
            session,
            AuditAct.SET_BALANCE_ALERT,
            account_id=account_id,
            subject=(IdKind.ACCOUNT, account_id),
            details={"threshold": None if threshold is None else str(threshold)},
            now=now,
        )
    return account
