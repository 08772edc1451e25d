"""What moves credits: pay, set aside, give back. Worked out over locked rows and written back as sets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from metering.allocation import HoldShare, Payment, Service, is_expired
from metering.errors import AmountTooLarge
from metering.events import Outbox
from metering.ledger.books import Books
from metering.ledger.journal import Journal
from metering.ledger.open_accounts import OpenAccount
from metering.ledger.warnings import Warnings
from metering.write_back import write_back
from models.base import Base
from models.hold import HoldStatus
from models.ledger import Book, Grant, LedgerTransfer
from models.rows import loaded, move
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from models.writing import together
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS


@dataclass(slots=True)
class Postings(Books):
    """The movements of one batch: balances move as transfers are posted.

    Nothing is refused after its first posting: a verb asks for cover and room before it moves anything.
    """

    outbox: Outbox
    warnings: Warnings
    journal: Journal
    _moved: dict[Base, None] = field(default_factory=dict)

    def spend(self, account: OpenAccount, run: Workflow, usage: ServiceUsage) -> None:
        """Pay for a usage: holds, grants, credit line, then overdraft. Never refused for lack of credits."""
        usage_id, amount, used_at = _PAID(usage)
        beyond = amount
        # Where there are neither holds nor grants nobody else can pay: the credit line is overdraft too.
        if self.holds or account.grants:
            allocation = self.allocation(run, amount, Service(usage.service_type, usage.provider))
            beyond = allocation.uncovered
            for payment in allocation.payments:
                if payment.share is not None:
                    self._capture(account, payment.share, payment.amount, usage_id)
                elif payment.grant is not None:
                    self._burn(account, payment.grant, payment.amount, usage_id)
                else:
                    beyond += payment.amount
        if beyond:
            account.overdraft += beyond.micros
            self.journal.post(account, Book.OVERDRAFT, Book.SPENT, beyond, usage_id=usage_id)
        account.spent += amount.micros
        self.budgets.spend(run, amount, used_at)

    def set_aside(self, source: Payment, share: HoldShare) -> None:
        """Move credits from where an allocation found them into a part of a hold."""
        account = self.accounts[share.run.account_id]
        if source.share is not None:
            self._lend(account, source.share, share)
            return
        account.held += source.amount.micros
        book = Book.GRANT
        if source.grant is not None:
            source.grant.remaining -= source.amount
        else:
            book = Book.OVERDRAFT
            account.overdraft += source.amount.micros
            account.held_on_credit += source.amount.micros
        grant_id = source.grant.id if source.grant is not None else None
        self.journal.post(
            account, book, Book.HOLD, source.amount, grant_id=grant_id, credit_hold_id=share.hold.id
        )
        self.budgets.hold(share.run, source.amount, share.line.held_at)

    def close(self, shares: Iterable[HoldShare], status: HoldStatus) -> Credits:
        """Close holds and give back what is left in them; say how much that was."""
        given_back = Credits.ZERO
        for share in shares:
            rest = share.part.remaining
            closed_at = share.hold.expires_at if status is HoldStatus.EXPIRED else self.now
            if rest:
                self._give_back(self.accounts[share.run.account_id], share, rest, at=closed_at)
                given_back += rest
            if share.hold.status is HoldStatus.OPEN and not share.hold.remaining:
                share.hold.status, share.hold.closed_at = status, closed_at
        return given_back

    def issue(self, grant: Grant) -> None:
        """Bring a new grant's credits into being.

        Raises AmountTooLarge where the account's books could not hold the sum.
        """
        account = self.accounts[grant.account_id]
        if account.granted + grant.amount.micros >= LIMIT_MICROS:
            raise AmountTooLarge("The account's books cannot hold so large a sum.")
        account.granted += grant.amount.micros
        account.grants.append(grant)
        self.note_expiry(account, grant.expires_at)
        self.journal.post(account, Book.ISSUED, Book.GRANT, grant.amount, grant_id=grant.id)

    def take_back(self, grant: Grant, *, reason: str) -> Credits:
        """Void a grant: what is left of it goes back to where it was issued from; say how much that was."""
        left = grant.remaining
        grant.remaining, grant.voided = Credits.ZERO, left
        grant.voided_at, grant.void_reason = self.now, reason
        if left:
            account = self.accounts[grant.account_id]
            account.granted -= left.micros
            self.journal.post(account, Book.GRANT, Book.ISSUED, left, grant_id=grant.id)
        return left

    def refund(
        self,
        run: Workflow,
        usage: ServiceUsage,
        payments: Iterable[LedgerTransfer],
        grants: dict[UUID, Grant],
    ) -> None:
        """Give back what was paid for a usage: to the grant that paid where it still lives."""
        account = self.accounts[run.account_id]
        for payment in payments:
            account.spent -= payment.amount.micros
            grant = grants[payment.grant_id] if payment.grant_id is not None else None
            book = self._return(account, grant, payment.amount)
            self.journal.post(
                account, Book.SPENT, book, payment.amount, grant_id=payment.grant_id, usage_id=usage.id
            )
        self.budgets.unspend(run, usage.credits, usage.used_at)

    def expire_grants(self) -> int:
        """Move what is left of expired grants to the expired book; say how many there were."""
        count = 0
        for account in self.accounts.values():
            for grant in account.grants:
                if grant.remaining and is_expired(grant, self.now):
                    count += 1
                    account.expired += grant.remaining.micros
                    self.journal.post(account, Book.GRANT, Book.EXPIRED, grant.remaining, grant_id=grant.id)
                    grant.remaining = Credits.ZERO
        return count

    def note_expiry(self, account: OpenAccount, at: datetime | None) -> None:
        """Remember that something of the account expires then."""
        if at is not None and (account.expiry_due_at is None or at < account.expiry_due_at):
            account.expiry_due_at = at

    def write(self, *, moved: Sequence[Base] = ()) -> None:
        """Write everything back, a fixed number of statements for any number of postings.

        Rows that the verb has moved are written with it. What the transfers refer to (runs, usages, new
        grants) is written before.
        """
        self.warnings.look(self.accounts.values(), self.outbox)
        closed = [account.row for account in self.accounts.values() if account.close()]
        with together(self.session):
            self.holds.insert()
            write_back(self.session, (*closed, *self._moved, *moved))
            self.journal.write()
            self.budgets.write()
            self.outbox.write()
        self._moved = {}

    def _move(self, row: Base, **values: Credits) -> None:
        move(row, values)
        self._moved[row] = None

    def _burn(self, account: OpenAccount, grant: Grant, amount: Credits, usage_id: UUID) -> None:
        self._move(grant, remaining=grant.remaining - amount)
        self.journal.post(account, Book.GRANT, Book.SPENT, amount, grant_id=grant.id, usage_id=usage_id)

    def _capture(self, account: OpenAccount, share: HoldShare, amount: Credits, usage_id: UUID) -> None:
        part, hold = share.part, share.hold
        self._move(part, remaining=part.remaining - amount)
        self._move(hold, remaining=hold.remaining - amount, captured=hold.captured + amount)
        account.held -= amount.micros
        if share.part.grant_id is None:
            account.held_on_credit -= amount.micros
        self.journal.post(
            account,
            Book.HOLD,
            Book.SPENT,
            amount,
            grant_id=share.part.grant_id,
            debit_hold_id=share.hold.id,
            usage_id=usage_id,
        )
        self.budgets.unhold(share.run, amount, share.line.held_at)

    def _lend(self, account: OpenAccount, lender: HoldShare, share: HoldShare) -> None:
        amount = share.part.amount
        lender.part.remaining -= amount
        lender.hold.remaining -= amount
        lender.hold.lent += amount
        self._between_holds(account, lender, share, amount)

    def _give_back(self, account: OpenAccount, share: HoldShare, amount: Credits, *, at: datetime) -> None:
        share.part.remaining -= amount
        share.hold.remaining -= amount
        share.hold.released += amount
        lender = self.holds.lender(share.part)
        if lender is not None and lender.hold.expires_at > at:
            lender.part.remaining += amount
            lender.hold.remaining += amount
            lender.hold.lent -= amount
            self._between_holds(account, share, lender, amount)
            return
        account.held -= amount.micros
        if share.grant is None:
            account.held_on_credit -= amount.micros
        book = self._return(account, share.grant, amount)
        self.journal.post(
            account, Book.HOLD, book, amount, grant_id=share.part.grant_id, debit_hold_id=share.hold.id
        )
        self.budgets.unhold(share.run, amount, share.line.held_at)

    def _between_holds(
        self, account: OpenAccount, giver: HoldShare, taker: HoldShare, amount: Credits
    ) -> None:
        self.journal.post(
            account,
            Book.HOLD,
            Book.HOLD,
            amount,
            grant_id=giver.part.grant_id,
            debit_hold_id=giver.hold.id,
            credit_hold_id=taker.hold.id,
        )
        self.budgets.unhold(giver.run, amount, giver.line.held_at)
        self.budgets.hold(taker.run, amount, taker.line.held_at)

    def _return(self, account: OpenAccount, grant: Grant | None, amount: Credits) -> Book:
        """Give credits back to where they came from once; say which book that is now."""
        if grant is None:
            account.overdraft -= amount.micros
            return Book.OVERDRAFT
        if grant.voided_at is not None:
            account.granted -= amount.micros
            grant.voided = (grant.voided or Credits.ZERO) + amount
            return Book.ISSUED
        if is_expired(grant, self.now):
            account.expired += amount.micros
            return Book.EXPIRED
        grant.remaining += amount
        if grant not in account.grants:  # it had nothing left, and was not loaded
            account.grants.append(grant)
        self.note_expiry(account, grant.expires_at)
        return Book.GRANT


_PAID = loaded("id", "credits", "used_at")
