"""What moves credits: pay, set aside, give back. Worked out over locked rows and written back as sets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from metering.allocation import HoldShare, Payment, Service, is_expired
from metering.errors import AmountTooLarge
from metering.events import Outbox
from metering.ledger.books import Books
from metering.ledger.journal import Journal
from metering.ledger.warnings import Warnings
from metering.write_back import write_back
from models.account import Account
from models.hold import HoldStatus
from models.ledger import Book, Grant, LedgerTransfer
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

    def spend(self, run: Workflow, usage: ServiceUsage) -> None:
        """Pay for a usage: holds, grants, credit line, then overdraft. Never refused for lack of credits."""
        account_id = run.account_id
        account = self.accounts[account_id]
        payments: Iterable[Payment]
        if not self.holds and not self.grants.get(account_id):
            # Nobody else can pay, and the credit line is overdraft like what goes beyond it.
            payments, beyond = (), usage.credits
        else:
            allocation = self.allocation(run, usage.credits, Service(usage.service_type, usage.provider))
            payments, beyond = allocation.payments, allocation.uncovered
        for payment in payments:
            if payment.share is not None:
                self._capture(account, payment.share, payment.amount, usage.id)
            elif payment.grant is not None:
                payment.grant.remaining -= payment.amount
                self.journal.post(
                    account,
                    Book.GRANT,
                    Book.SPENT,
                    payment.amount,
                    grant_id=payment.grant.id,
                    usage_id=usage.id,
                )
            else:
                beyond += payment.amount
        if beyond:
            account.overdraft += beyond
            self.journal.post(account, Book.OVERDRAFT, Book.SPENT, beyond, usage_id=usage.id)
        account.spent += usage.credits
        self.budgets.spend(run, usage.credits, usage.used_at)

    def set_aside(self, source: Payment, share: HoldShare) -> None:
        """Move credits from where an allocation found them into a part of a hold."""
        account = self.accounts[share.run.account_id]
        if source.share is not None:
            self._lend(account, source.share, share)
            return
        account.held += source.amount
        book = Book.GRANT
        if source.grant is not None:
            source.grant.remaining -= source.amount
        else:
            book = Book.OVERDRAFT
            account.overdraft += source.amount
            account.held_on_credit += source.amount
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
        if (account.granted + grant.amount).micros >= LIMIT_MICROS:
            raise AmountTooLarge("The account's books cannot hold so large a sum.")
        account.granted += grant.amount
        self.grants[grant.account_id].append(grant)
        self.note_expiry(account, grant.expires_at)
        self.journal.post(account, Book.ISSUED, Book.GRANT, grant.amount, grant_id=grant.id)

    def take_back(self, grant: Grant, *, reason: str) -> Credits:
        """Void a grant: what is left of it goes back to where it was issued from; say how much that was."""
        left = grant.remaining
        grant.remaining, grant.voided = Credits.ZERO, left
        grant.voided_at, grant.void_reason = self.now, reason
        if left:
            account = self.accounts[grant.account_id]
            account.granted -= left
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
            account.spent -= payment.amount
            grant = grants[payment.grant_id] if payment.grant_id is not None else None
            book = self._return(account, grant, payment.amount)
            self.journal.post(
                account, Book.SPENT, book, payment.amount, grant_id=payment.grant_id, usage_id=usage.id
            )
        self.budgets.unspend(run, usage.credits, usage.used_at)

    def expire_grants(self) -> int:
        """Move what is left of expired grants to the expired book; say how many there were."""
        count = 0
        for account_id, grants in self.grants.items():
            account = self.accounts[account_id]
            for grant in grants:
                if grant.remaining and is_expired(grant, self.now):
                    count += 1
                    account.expired += grant.remaining
                    self.journal.post(account, Book.GRANT, Book.EXPIRED, grant.remaining, grant_id=grant.id)
                    grant.remaining = Credits.ZERO
        return count

    def note_expiry(self, account: Account, at: datetime | None) -> None:
        """Remember that something of the account expires then."""
        if at is not None and (account.expiry_due_at is None or at < account.expiry_due_at):
            account.expiry_due_at = at

    def write(self) -> None:
        """Write everything back, a fixed number of statements for any number of postings.

        What the transfers refer to (runs, usages, new grants) is written before.
        """
        self.warnings.look(self.accounts, self.grants, self.outbox)
        self.journal.close()
        with together(self.session):
            self.holds.insert()
            write_back(self.session)
            self.journal.write()
            self.budgets.write()
            self.outbox.write()

    def _capture(self, account: Account, share: HoldShare, amount: Credits, usage_id: UUID) -> None:
        share.part.remaining -= amount
        share.hold.remaining -= amount
        share.hold.captured += amount
        account.held -= amount
        if share.part.grant_id is None:
            account.held_on_credit -= amount
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

    def _lend(self, account: Account, lender: HoldShare, share: HoldShare) -> None:
        amount = share.part.amount
        lender.part.remaining -= amount
        lender.hold.remaining -= amount
        lender.hold.lent += amount
        self._between_holds(account, lender, share, amount)

    def _give_back(self, account: Account, share: HoldShare, amount: Credits, *, at: datetime) -> None:
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
        account.held -= amount
        if share.grant is None:
            account.held_on_credit -= amount
        book = self._return(account, share.grant, amount)
        self.journal.post(
            account, Book.HOLD, book, amount, grant_id=share.part.grant_id, debit_hold_id=share.hold.id
        )
        self.budgets.unhold(share.run, amount, share.line.held_at)

    def _between_holds(self, account: Account, giver: HoldShare, taker: HoldShare, amount: Credits) -> None:
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

    def _return(self, account: Account, grant: Grant | None, amount: Credits) -> Book:
        """Give credits back to where they came from once; say which book that is now."""
        if grant is None:
            account.overdraft -= amount
            return Book.OVERDRAFT
        if grant.voided_at is not None:
            account.granted -= amount
            grant.voided = (grant.voided or Credits.ZERO) + amount
            return Book.ISSUED
        if is_expired(grant, self.now):
            account.expired += amount
            return Book.EXPIRED
        grant.remaining += amount
        if grant not in self.grants[account.id]:  # it had nothing left, and was not loaded
            self.grants[account.id].append(grant)
        self.note_expiry(account, grant.expires_at)
        return Book.GRANT
