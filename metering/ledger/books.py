"""The books of one batch: how its locked accounts stand, and what they permit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.allocation import Allocation, Cover, Draft, HoldShare, Payment, Purpose, Service, usable
from metering.budgets.book import BudgetBook
from metering.errors import AmountTooLarge, CreditsExhausted, OverdraftLimitReached
from metering.ledger.open_accounts import OpenAccount
from metering.ledger.open_holds import OpenHolds
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.quote import PricedUsage

Fitting = Callable[[Credits], tuple[PricedUsage, ...]]
"""Says how much of a plan a limit would let through."""


@dataclass(slots=True)
class Books:
    """Accounts that the transaction has to itself, with their grants, open holds and budgets."""

    session: Session
    now: datetime
    accounts: dict[UUID, OpenAccount]
    holds: OpenHolds
    budgets: BudgetBook

    def load_holds(
        self, runs: Iterable[Workflow], *, times: Iterable[tuple[Workflow, datetime]] = ()
    ) -> None:
        """Load the open holds on which runs can draw, and the budgets that touch the runs at these times."""
        if any(account.held for account in self.accounts.values()):
            self.load_all_holds(runs, times=times)
        else:
            self.budgets.load(times)

    def load_all_holds(
        self, runs: Iterable[Workflow], *, times: Iterable[tuple[Workflow, datetime]] = ()
    ) -> None:
        """Load the open holds of runs, empty ones too, and the budgets that touch the runs."""
        shares = self.holds.load(self.accounts, runs)
        self.budgets.load([*times, *((share.run, share.line.held_at) for share in shares)])

    def headroom(self, account_id: UUID, purpose: Purpose) -> Credits | None:
        """Give what the account may still spend on the purpose beside its holds; None is no limit.

        What other runs owe never touches a reserve that is restricted to this purpose.
        """
        account = self.accounts[account_id]
        if account.overdraft_limit is None:
            return None
        live = usable(account.grants, purpose=purpose, now=self.now)
        reserve = sum(grant.remaining.micros for grant in live if grant.restriction_kind is not None)
        shared = sum(grant.remaining.micros for grant in live if grant.restriction_kind is None)
        return Credits(reserve + max(shared + account.overdraft_limit - account.overdraft, 0))

    def spendable(self, run: Workflow, *, own_holds: bool = True) -> Credits | None:
        """Give what a run may still spend, holds that it can draw on included; None is no limit."""
        headroom = self.headroom(run.account_id, purpose_of(run))
        if headroom is None:
            return None
        shares = (share for shares in self.holds.of_lineage(run) for share in shares)
        drawn_on = (share.part.remaining for share in shares if own_holds or share.run is not run)
        return headroom + Credits.total(drawn_on)

    def require_credits(self, run: Workflow, amount: Credits, fitting: Fitting | None = None) -> None:
        """Raise CreditsExhausted where less is left than what a run would set aside beside its own holds."""
        available = self.spendable(run, own_holds=False)
        if available is not None and available < amount:
            raise CreditsExhausted(amount, available, fitting(available) if fitting else ())

    def require_cover(self, run: Workflow, amount: Credits, service: Service) -> None:
        """Raise CreditsExhausted or BudgetExceeded where a usage yet to come would not be covered."""
        spendable = self.spendable(run)
        if spendable is not None and spendable < amount:
            raise CreditsExhausted(amount, spendable)
        allocation = self.allocation(run, amount, service)
        own = (
            each.amount for each in allocation.payments if each.share is not None and each.share.run is run
        )
        self.require_budgets(run, amount - Credits.total(own), allocation.payments)

    def require_budgets(
        self, run: Workflow, amount: Credits, payments: Iterable[Payment], fitting: Fitting | None = None
    ) -> None:
        """Raise BudgetExceeded where a budget has no room for what a run would newly spend or set aside.

        What an ancestor has set aside only changes hands: it counts no more for the one while it counts for
        the other.
        """
        changing_hands = [
            (payment.share.run, payment.amount, payment.share.line.held_at)
            for payment in payments
            if payment.share is not None and payment.share.run is not run
        ]
        with self.budgets.changing_hands(changing_hands):
            run_held = self.holds.remaining_in(run)
            self.budgets.require_room(run, amount, run_held=run_held, fitting=fitting)

    def require_something_left(self, run: Workflow) -> None:
        """Raise OverdraftLimitReached or BudgetExceeded where there is nothing left for a run that starts."""
        spendable = self.spendable(run)
        if spendable is not None and not spendable:
            raise OverdraftLimitReached(spendable)
        shares = (share for shares in self.holds.of_lineage(run) for share in shares)
        lendable = ((share.run, share.part.remaining, share.line.held_at) for share in shares)
        self.budgets.require_any_room(run, lendable=lendable)

    def require_room(self, account_id: UUID, amount: Credits) -> None:
        """Raise AmountTooLarge where the account's books could not hold what it sets aside or spends anew."""
        if not self.accounts[account_id].has_room(amount.micros):
            raise AmountTooLarge("The account's books cannot hold so large a sum.")

    def require_room_for(self, run: Workflow, amount: Credits, service: Service) -> None:
        """Raise AmountTooLarge as `require_room`; what the run's holds pay is in the books already."""
        if not self.accounts[run.account_id].has_room(amount.micros):
            payments = self.allocation(run, amount, service).payments
            from_holds = Credits.total(each.amount for each in payments if each.share is not None)
            self.require_room(run.account_id, amount - from_holds)

    def draft_of_hold(self, run: Workflow) -> Draft:
        """Begin to work out what a new hold is made of: ancestors, grants and the credit line."""
        ancestors = [shares for shares in self.holds.of_lineage(run) if shares[0].run is not run]
        return Draft(self._cover(run, ancestors))

    def allocation(self, run: Workflow, amount: Credits, service: Service) -> Allocation:
        """Work out who pays for a usage: the run's holds and its ancestors', grants, the credit line."""
        return Draft(self._cover(run, self.holds.of_lineage(run))).draw(amount, service)

    def _cover(self, run: Workflow, holds: Sequence[Sequence[HoldShare]]) -> Cover:
        account = self.accounts[run.account_id]
        grants = usable(account.grants, purpose=purpose_of(run), now=self.now)
        limit = account.overdraft_limit
        if limit is None:
            return Cover(holds, grants, None)
        beyond = account.overdraft - limit
        return Cover(holds, grants, Credits(max(-beyond, 0)), claimed=Credits(max(beyond, 0)))


def purpose_of(run: Workflow) -> Purpose:
    """Say what a run's payments are for, as restricted grants see it."""
    return Purpose(run.business_adapter, run.workflow_name)
