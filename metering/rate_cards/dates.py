"""From when a card may be in force: never at a time of which usages are priced that it would have priced.

A usage is priced once, by the card in force when it was used. So a card may begin at any time after the last
usage that it would have priced, also in the past, and until the next card takes over.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from metering.errors import AccountNotFound, RateCardTooEarly
from metering.prices import price_book
from models.account import Account
from models.service_usage import ServiceUsage


def keep_usages_out(session: Session, account_id: UUID | None) -> None:
    """Wait until the usages that are being recorded are there; no other is priced until the transaction ends.

    For one account that is true of its usages, without one of all. Raises AccountNotFound.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ONE_AT_A_TIME)
        if account_id is None:
            session.execute(_NOBODY_ELSE)
    if account_id is not None:
        # Whoever records locks the account first, and looks for the newest prices under that lock.
        own = select(Account.id).where(Account.id == account_id).with_for_update(key_share=True)
        if session.scalar(own) is None:
            raise AccountNotFound


def require_date(session: Session, effective_from: datetime, *, account_id: UUID | None) -> None:
    """Raise RateCardTooEarly where usages that a card of this date would have priced are priced already.

    It holds until the end of the transaction only for one that keeps usages out.
    """
    before = _next_date(session, effective_from, account_id)
    latest = _latest_usage(session, effective_from, before, account_id)
    if latest is not None:
        raise RateCardTooEarly(effective_from, latest)


def earliest_date(session: Session, *, account_id: UUID | None, now: datetime) -> datetime:
    """Say from when on a card may be in force, now or later: usages may be dated a bit ahead."""
    latest = _latest_usage(session, now, None, account_id)
    return now if latest is None else latest + timedelta(microseconds=1)


def _next_date(session: Session, after: datetime, account_id: UUID | None) -> datetime | None:
    book = price_book(session)
    cards = book.cards if account_id is None else book.overrides.get(account_id, ())
    return min((card.effective_from for card in cards if card.effective_from > after), default=None)


def _latest_usage(
    session: Session, since: datetime, before: datetime | None, account_id: UUID | None
) -> datetime | None:
    # The newest of each account stands at the end of its index: one look for each, however many usages.
    of_account = select(func.max(ServiceUsage.used_at)).where(
        ServiceUsage.account_id == Account.id, ServiceUsage.used_at >= since
    )
    if before is not None:
        of_account = of_account.where(ServiceUsage.used_at < before)
    latest = select(func.max(of_account.correlate(Account).scalar_subquery())).select_from(Account)
    return session.scalar(latest if account_id is None else latest.where(Account.id == account_id))


# Any constant will do, as long as every process asks for the same lock.
_PUBLISHING_LOCK = 0x72617465
_ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(_PUBLISHING_LOCK))
# Whoever records has locked a row of this table, and holds that lock to the end: this waits for all of them,
# and they for this. Reading goes on.
_NOBODY_ELSE = text("LOCK TABLE account IN EXCLUSIVE MODE")
