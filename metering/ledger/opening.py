"""Open the ledger for a batch: its accounts, grants and budgets, with what has expired moved at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from metering.budgets.book import open_budgets
from metering.errors import AccountNotFound
from metering.events import Outbox
from metering.ledger.books import Books
from metering.ledger.journal import Journal
from metering.ledger.open_accounts import OpenAccount, open_account
from metering.ledger.open_holds import OpenHolds, next_expiries
from metering.ledger.postings import Postings
from metering.ledger.warnings import Warnings
from models.account import Account
from models.ahead import Question
from models.base import table_of
from models.event import EventType
from models.hold import Hold, HoldStatus
from models.identity import IdKind, format_id
from models.ledger import WITH_SOMETHING_LEFT, Grant
from models.prepared import PreparedRead
from models.rows import read_row
from models.writer import locked_accounts
from pricing.credits import Credits


def open_postings(session: Session, account_ids: Iterable[UUID], *, now: datetime) -> Postings:
    """Load the locked accounts with the grants that keep something; what has expired is moved at once."""
    postings = open_before_expiry(session, account_ids, now=now)
    expire(postings)
    return postings


def open_before_expiry(session: Session, account_ids: Iterable[UUID], *, now: datetime) -> Postings:
    """Load the locked accounts as they stand, with what has expired still in its place."""
    return _opened(session, [locked_account(session, each) for each in set(account_ids)], now)


def grants_beside(session: Session, account_ids: Collection[UUID]) -> Question:
    """Say that the ledger of these accounts, which are locked, will be opened next.

    Raises AccountNotFound.
    """
    for account_id in account_ids:
        locked_account(session, account_id)
    return _LIVE_GRANTS.asked_beside(session, accounts=account_ids)


@contextmanager
def foreseen_books(session: Session, account_id: UUID, *, now: datetime) -> Iterator[Books]:
    """Open an account as its next write will find it: what has expired counts as moved.

    Nothing is locked and nothing is written. Raises AccountNotFound.
    """
    # Apart from the session's own rows: what moves here moves in memory, and nobody else is to see it.
    connection = session.connection()
    with Session(connection, autoflush=False, info=session.info, join_transaction_mode=_LEFT_OPEN) as apart:
        account = apart.get(Account, account_id)
        if account is None:
            raise AccountNotFound
        postings = _opened(apart, [account], now)
        _move(postings, _due(postings))
        yield postings


def _opened(session: Session, rows: Iterable[Account], now: datetime) -> Postings:
    accounts = {account.id: account for account in map(open_account, rows)}
    _load_grants(session, accounts)
    outbox = Outbox(session, now)
    versions = {each.id: each.budgets_version for each in accounts.values() if each.budgets_version}
    postings = Postings(
        session=session,
        now=now,
        accounts=accounts,
        holds=OpenHolds(session),
        budgets=open_budgets(session, versions, now=now, outbox=outbox),
        outbox=outbox,
        warnings=Warnings(now),
        journal=Journal(session, now),
    )
    postings.warnings.begin(accounts.values())
    return postings


def locked_account(session: Session, account_id: UUID) -> Account:
    """Give an account whose row this transaction has locked.

    Raises AccountNotFound, and RuntimeError where the command did not name the account: what is read
    without a lock may change before it is written.
    """
    account = locked_accounts(session).get(account_id)
    if account is not None:
        return account
    if session.get(Account, account_id) is None:
        raise AccountNotFound
    raise RuntimeError("A command locks the accounts that it names; this account is not among them.")


def expire(postings: Postings) -> tuple[int, int]:
    """Close holds and empty grants whose time is over, in the store too; say how many of each there were.

    It is written at once, since a verb that only replays writes nothing more.
    """
    due = _due(postings)
    if not due:
        return 0, 0
    released, grants = _move(postings, due)
    for hold, credits_ in released:
        _note(postings.outbox, hold, credits_)
    _note_next(postings, due)
    postings.write()
    return len(released), grants


def _due(postings: Postings) -> list[OpenAccount]:
    now = postings.now
    return [each for each in postings.accounts.values() if each.expiry_due_at and each.expiry_due_at <= now]


def _move(postings: Postings, due: Sequence[OpenAccount]) -> tuple[list[tuple[Hold, Credits]], int]:
    """Close holds and empty grants whose time is over; say what each hold gave back, and how many grants."""
    if not due:
        return [], 0
    expired = postings.holds.load_expired([account.id for account in due], postings.now)
    # What expired first went back first: a lender that has expired too passes on what it got.
    expired.sort(key=lambda share: share.hold.expires_at)
    lenders = filter(None, (postings.holds.lender(share.part) for share in expired))
    postings.budgets.load((share.run, share.line.held_at) for share in (*expired, *lenders))
    holds = {share.hold.id: share.hold for share in expired}
    before = {hold.id: hold.released for hold in holds.values()}
    postings.close(expired, HoldStatus.EXPIRED)
    released = [(hold, hold.released - before[hold.id]) for hold in holds.values()]
    return released, postings.expire_grants()


def _note(outbox: Outbox, hold: Hold, released: Credits) -> None:
    if released:
        data: dict[str, object] = {
            "holdId": format_id(IdKind.HOLD, hold.id),
            "workflowId": format_id(IdKind.WORKFLOW, hold.workflow_id),
            "releasedCredits": str(released),
            "expiredAt": hold.expires_at.isoformat(),
        }
        outbox.add(hold.account_id, EventType.HOLD_EXPIRED, data)


def _note_next(postings: Postings, due: Sequence[OpenAccount]) -> None:
    next_holds = next_expiries(postings.session, [account.id for account in due], postings.now)
    for account in due:
        times = [grant.expires_at for grant in account.grants if grant.remaining and grant.expires_at]
        account.expiry_due_at = min((*times, *filter(None, [next_holds.get(account.id)])), default=None)


def _load_grants(session: Session, accounts: Mapping[UUID, OpenAccount]) -> None:
    for row in _LIVE_GRANTS.rows(session, accounts=accounts):
        grant = read_row(session, Grant, row)
        accounts[grant.account_id].grants.append(grant)


_LIVE_GRANTS = PreparedRead(
    select(table_of(Grant))
    .where(Grant.account_id.in_(bindparam("accounts", expanding=True)), WITH_SOMETHING_LEFT)
    .order_by(Grant.id)
)
_LEFT_OPEN: Final = "rollback_only"
