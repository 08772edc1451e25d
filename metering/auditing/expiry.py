"""When something of an account expires next: not before the moment that the account keeps for it."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, or_, select, union_all

from metering.auditing.comparison import MOST_DIFFERENCES, AnyRow, Check, One, of_one
from metering.auditing.findings import Difference
from models.account import Account
from models.hold import Hold, HoldStatus
from models.ledger import Grant
from pricing.credits import Credits


def checks(only: One) -> Iterator[Check]:
    """Find accounts whose credits would expire unnoticed: due later than they expire, or never."""
    grants = select(Grant.account_id, Grant.expires_at).where(
        Grant.remaining > Credits.ZERO, Grant.expires_at.is_not(None)
    )
    holds = select(Hold.account_id, Hold.expires_at).where(Hold.status == HoldStatus.OPEN)
    expiring = union_all(grants, holds).subquery()
    first = func.min(expiring.c.expires_at, type_=expiring.c.expires_at.type)
    statement = (
        select(Account.id, Account.expiry_due_at, first)
        .join(expiring, expiring.c.account_id == Account.id)
        .group_by(Account.id, Account.expiry_due_at)
        .having(or_(Account.expiry_due_at.is_(None), Account.expiry_due_at > first))
        .limit(MOST_DIFFERENCES)
    )
    statement = of_one(statement, Account.id, only)
    yield Check(statement, _unnoticed)


def _unnoticed(row: AnyRow) -> Iterator[Difference]:
    account_id, due_at, expires_at = row
    yield Difference(account_id, "next expiry", _text(due_at), _text(expires_at))


def _text(moment: datetime | None) -> str:
    return "none" if moment is None else moment.isoformat()
