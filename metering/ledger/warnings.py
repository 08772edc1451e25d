"""What an account's owner wants to be warned of: a balance that falls low, an overdraft that begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from metering.allocation import is_live
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
        """Remember how the accounts stand."""
        for account in accounts.values():
            self._before[account.id] = self._state(account, grants)

    def look(
        self, accounts: Mapping[UUID, Account], grants: Mapping[UUID, Sequence[Grant]], outbox: Outbox
    ) -> None:
        """Note an event for each account that fell below its threshold, or that now owes what it did not."""
        for account in accounts.values():
            before, now = self._before[account.id], self._state(account, grants)
            threshold = account.balance_alert_threshold
            if threshold is not None and now.available < threshold <= before.available:
                low = {"available": str(now.available), "threshold": str(threshold)}
                outbox.add(account.id, EventType.BALANCE_LOW, {**low})
            if now.owed and not before.owed:
                limit = account.overdraft_limit
                owed = {"overdraft": str(now.owed), "overdraftLimit": None if limit is None else str(limit)}
                outbox.add(account.id, EventType.OVERDRAFT_STARTED, {**owed})
            self._before[account.id] = now

    def _state(self, account: Account, grants: Mapping[UUID, Sequence[Grant]]) -> _State:
        # Adding up is only worth while where somebody wants to hear of it.
        live = grants.get(account.id, ()) if account.balance_alert_threshold is not None else ()
        return _State(
            Credits.total(grant.remaining for grant in live if is_live(grant, self.now)), account.owed
        )
