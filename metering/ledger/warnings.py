"""What an account's owner wants to be warned of: a balance that falls low, an overdraft that begins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from metering.allocation import is_in_effect, is_live
from metering.events import Outbox
from models.account import Account
from models.event import EventType
from models.ledger import Grant
from pricing.credits import Credits


@dataclass(frozen=True, slots=True)
class _State:
    available: Credits
    owed: Credits


@dataclass(slots=True)
class Warnings:
    """How the accounts of a batch stood at its beginning, beside which its end is looked at."""

    now: datetime
    _before: dict[UUID, _State] = field(default_factory=dict)

    def begin(self, accounts: Mapping[UUID, Account], grants: Mapping[UUID, Sequence[Grant]]) -> None:
        """Remember how the accounts stood: a grant that has expired since was still there."""
        for account in accounts.values():
            there = _added_up(account, grants, lambda grant: is_in_effect(grant, self.now))
            self._before[account.id] = _State(there, account.owed)

    def look(
        self, accounts: Mapping[UUID, Account], grants: Mapping[UUID, Sequence[Grant]], outbox: Outbox
    ) -> None:
        """Note an event for each account that fell below its threshold, or that now owes what it did not."""
        for account in accounts.values():
            available = _added_up(account, grants, lambda grant: is_live(grant, self.now))
            before, now = self._before[account.id], _State(available, account.owed)
            threshold = account.balance_alert_threshold
            if threshold is not None and now.available < threshold <= before.available:
                low = {"available": str(now.available), "threshold": str(threshold)}
                outbox.add(account.id, EventType.BALANCE_LOW, {**low})
            if now.owed and not before.owed:
                limit = account.overdraft_limit
                owed = {"overdraft": str(now.owed), "overdraftLimit": None if limit is None else str(limit)}
                outbox.add(account.id, EventType.OVERDRAFT_STARTED, {**owed})
            self._before[account.id] = now


def _added_up(
    account: Account, grants: Mapping[UUID, Sequence[Grant]], counts: Callable[[Grant], bool]
) -> Credits:
    # Adding up is only worth while where somebody wants to hear of it.
    if account.balance_alert_threshold is None:
        return Credits.ZERO
    return Credits.total(grant.remaining for grant in grants.get(account.id, ()) if counts(grant))
