"""What an account's owner wants to be warned of: a balance that falls low, an overdraft that begins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from metering.allocation import is_in_effect, is_live
from metering.events import Outbox
from metering.ledger.open_accounts import OpenAccount
from models.base import Json
from models.event import EventType
from models.ledger import Grant
from pricing.credits import Credits


@dataclass(slots=True)
class Warnings:
    """How the accounts of a batch stood at its beginning, beside which its end is looked at."""

    now: datetime
    _owing: dict[OpenAccount, bool] = field(default_factory=dict)
    _available: dict[OpenAccount, Credits] = field(default_factory=dict)

    def begin(self, accounts: Iterable[OpenAccount]) -> None:
        """Remember how the accounts stood: a grant that has expired since was still there."""
        for account in accounts:
            self._owing[account] = account.owed > 0
            # Adding up is only worth while where somebody wants to hear of it.
            if account.balance_alert_threshold is not None:
                self._available[account] = _added_up(account, lambda grant: is_in_effect(grant, self.now))

    def look(self, accounts: Iterable[OpenAccount], outbox: Outbox) -> None:
        """Note an event for each account that fell below its threshold, or that now owes what it did not."""
        for account in accounts:
            threshold, owes = account.balance_alert_threshold, account.owed > 0
            if threshold is not None:
                before = self._available[account]
                now = _added_up(account, lambda grant: is_live(grant, self.now))
                if now < threshold <= before:
                    low = {"available": str(now), "threshold": str(threshold)}
                    outbox.add(account.id, EventType.BALANCE_LOW, {**low})
                self._available[account] = now
            if owes and not self._owing[account]:
                outbox.add(account.id, EventType.OVERDRAFT_STARTED, _overdraft(account))
            self._owing[account] = owes


def _added_up(account: OpenAccount, counts: Callable[[Grant], bool]) -> Credits:
    return Credits.total(grant.remaining for grant in account.grants if counts(grant))


def _overdraft(account: OpenAccount) -> Json:
    limit = account.overdraft_limit
    return {
        "overdraft": str(Credits(account.owed)),
        "overdraftLimit": None if limit is None else str(Credits(limit)),
    }
