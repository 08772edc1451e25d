"""Alerts: at which balance an account wants to be told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.errors import AccountNotFound
from models.account import Account
from pricing.credits import Credits


def set_balance_alert(
    session: Session,
    *,
    account_id: UUID,
    threshold: Credits | None,
    now: datetime,  # noqa: ARG001 - a verb's signature
) -> Account:
    """Tell by an event when what is available falls below the threshold; None turns the alert off.

    Raises AccountNotFound.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    account.balance_alert_threshold = threshold
    session.flush()
    return account
