"""The ledger: transfers between an account's books, worked out over locked rows and written back as sets."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from metering.allocation import Purpose, allocate, is_expired, usable
from metering.errors import AccountNotFound, AmountTooLarge, CreditsExhausted
from metering.write_back import write_back
from models.account import Account
from models.base import table_of
from models.identity import new_id
from models.ledger import Book, Grant, LedgerTransfer
from models.writer import locked_accounts
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS


@dataclass(slots=True)
class Postings:
    """The transfers of one batch. Accounts are locked; balances move as transfers are posted."""

    session: Session
    now: datetime
    accounts: dict[UUID, Account]
    grants: dict[UUID, list[Grant]]
    _transfers: list[dict[str, object]] = field(default_factory=list)

    def headroom(self, account_id: UUID, purpose: Purpose) -> Credits | None:
        """Give what the account may still spend on the purpose, credit line included; None is no limit.

        What other runs owe never touches a reserve that is restricted to this purpose.
        """
        account = self.accounts[account_id]
        if account.overdraft_limit is None:
            return None
        live = usable(self.grants[account_id], purpose=purpose, now=self.now)
        reserve = Credits.total(grant.remaining for grant in live if grant.restriction_kind is not None)
        shared = Credits.total(grant.remaining for grant in live if grant.restriction_kind is None)
        return reserve + max(shared + account.overdraft_limit - account.overdraft, Credits.ZERO)

    def spend(self, account_id: UUID, usage_id: UUID, amount: Credits, purpose: Purpose) -> None:
        """Pay for a usage: grants in burn order, then overdraft. Never refused for lack of credits."""
        account = self.accounts[account_id]
        allocation = allocate(self.grants[account_id], amount, purpose=purpose, now=self.now)
        for grant, paid in allocation.parts:
            grant.remaining -= paid
            self._post(account_id, _BURN, paid, grant_id=grant.id, usage_id=usage_id)
        if allocation.uncovered:
            account.overdraft += allocation.uncovered
            self._post(account_id, _OVERDRAW, allocation.uncovered, usage_id=usage_id)
        account.spent += amount

    def require_cover(self, account_id: UUID, amount: Credits, purpose: Purpose) -> None:
        """Raise CreditsExhausted where grants and credit line do not cover the amount."""
        headroom = self.headroom(account_id, purpose)
        if headroom is not None and headroom < amount:
            raise CreditsExhausted(amount, max(headroom, Credits.ZERO))

    def require_room(self, account_id: UUID, amount: Credits) -> None:
        """Raise AmountTooLarge where the account's books could not hold what it spends with the amount."""
        if (self.accounts[account_id].spent + amount).micros >= LIMIT_MICROS:
            raise AmountTooLarge("The account's books cannot hold so large a sum.")

    def issue(self, grant: Grant) -> None:
        """Bring a new grant's credits into being.

        Raises AmountTooLarge where the account's books could not hold the sum.
        """
        account = self.accounts[grant.account_id]
        if (account.granted + grant.amount).micros >= LIMIT_MICROS:
            raise AmountTooLarge("The account's books cannot hold so large a sum.")
        account.granted += grant.amount
        self.grants[grant.account_id].append(grant)
        self._post(grant.account_id, _ISSUE, grant.amount, grant_id=grant.id)

    def refund(self, account_id: UUID, payments: Iterable[LedgerTransfer], grants: dict[UUID, Grant]) -> None:
        """Give back what was paid: to its grant where that still lives, else to the book it fell into."""
        account = self.accounts[account_id]
        for payment in payments:
            account.spent -= payment.amount
            usage_id = payment.service_usage_id
            if payment.debit_book is Book.OVERDRAFT or payment.grant_id is None:
                account.overdraft -= payment.amount
                self._post(account_id, _REPAY, payment.amount, usage_id=usage_id)
            elif is_expired(grants[payment.grant_id], self.now):
                account.expired += payment.amount
                self._post(account_id, _REFUND_TOO_LATE, payment.amount, usage_id=usage_id)
            else:
                grants[payment.grant_id].remaining += payment.amount
                grant_id = payment.grant_id
                self._post(account_id, _REFUND, payment.amount, grant_id=grant_id, usage_id=usage_id)

    def expire(self) -> None:
        """Move what is left of expired grants to the expired book, in the store too.

        It is written at once, since a verb that only replays writes nothing more.
        """
        for account_id, grants in self.grants.items():
            for grant in grants:
                if grant.remaining and is_expired(grant, self.now):
                    self.accounts[account_id].expired += grant.remaining
                    self._post(account_id, _EXPIRE, grant.remaining, grant_id=grant.id)
                    grant.remaining = Credits.ZERO
        self.write()

    def write(self) -> None:
        """Write balances and transfers back, a fixed number of statements for any number of transfers.

        What the transfers refer to (usages, new grants) is written before.
        """
        write_back(self.session)
        if self._transfers:
            self.session.execute(_INSERT_TRANSFERS, self._transfers)
            self._transfers = []

    def _post(
        self,
        account_id: UUID,
        books: tuple[Book, Book],
        amount: Credits,
        *,
        grant_id: UUID | None = None,
        usage_id: UUID | None = None,
    ) -> None:
        debit, credit = books
        self._transfers.append(
            {
                "account_id": account_id,
                "id": new_id(),
                "debit_book": debit,
                "credit_book": credit,
                "amount": amount,
                "grant_id": grant_id,
                "service_usage_id": usage_id,
                "posted_at": self.now,
            }
        )


def open_postings(session: Session, account_ids: Iterable[UUID], *, now: datetime) -> Postings:
    """Load the locked accounts with the grants that still hold something; expired ones are moved at once."""
    accounts = {account_id: locked_account(session, account_id) for account_id in set(account_ids)}
    grants: dict[UUID, list[Grant]] = defaultdict(list)
    live = select(Grant).where(Grant.account_id.in_(accounts), Grant.remaining > Credits.ZERO)
    for grant in session.scalars(live.order_by(Grant.id)):
        grants[grant.account_id].append(grant)
    postings = Postings(session, now, accounts, grants)
    postings.expire()
    return postings


def locked_account(session: Session, account_id: UUID) -> Account:
    """Give an account whose row this transaction has locked.

    Raises AccountNotFound, and RuntimeError where the command did not name the account: what is read
    without a lock may change before it is written.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    if account not in locked_accounts(session):
        raise RuntimeError("A command locks the accounts that it names; this account is not among them.")
    return account


# From which book to which.
_ISSUE = (Book.ISSUED, Book.GRANT)
_BURN = (Book.GRANT, Book.SPENT)
_OVERDRAW = (Book.OVERDRAFT, Book.SPENT)
_EXPIRE = (Book.GRANT, Book.EXPIRED)
_REPAY = (Book.SPENT, Book.OVERDRAFT)
_REFUND = (Book.SPENT, Book.GRANT)
_REFUND_TOO_LATE = (Book.SPENT, Book.EXPIRED)
_INSERT_TRANSFERS = insert(table_of(LedgerTransfer))
