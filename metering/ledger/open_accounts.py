"""The accounts that a batch has open: plain numbers that move with its postings, told to their rows once."""

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from models.account import BALANCES, LEDGER_STATE, Account
from models.ledger import Grant
from models.rows import loaded, move
from pricing.credits import Credits
from pricing.decimal_text import LIMIT_MICROS


@dataclass(slots=True, eq=False)
class OpenAccount:
    """A locked account as a batch moves it: its balances and its limit, in micro-credits, and its grants.

    Several of them move with each usage, and a row's own attribute takes ten times as long to do so.
    """

    row: Account
    id: UUID
    overdraft_limit: int | None
    balance_alert_threshold: Credits | None
    budgets_version: int
    granted: int
    spent: int
    expired: int
    overdraft: int
    held: int
    held_on_credit: int
    expiry_due_at: datetime | None
    transfer_count: int
    chain_hash: str
    grants: list[Grant] = field(default_factory=list)

    @property
    def owed(self) -> int:
        """What usages cost beyond the grants: the overdraft without the part that holds only set aside."""
        return self.overdraft - self.held_on_credit

    def has_room(self, micros: int) -> bool:
        """Tell whether the account's books can hold so much that it sets aside or spends anew."""
        return self.spent + self.held + micros < LIMIT_MICROS

    def close(self) -> bool:
        """Let the row say how the account stands; True where that is news, which is still to be written."""
        stood, stands = _BALANCES_OF_ROW(self.row), _BALANCES_OF(self)
        news: dict[str, object] = {
            name: Credits(now)
            for name, before, now in zip(BALANCES, stood, stands, strict=True)
            if before.micros != now
        }
        end = _END_OF(self)
        if end != _END_OF_ROW(self.row):
            news |= zip(LEDGER_STATE, end, strict=True)
        move(self.row, news)
        return bool(news)


def open_account(row: Account) -> OpenAccount:
    """Open an account as its row says that it stands."""
    id_, limit, threshold, version = _FIXED(row)
    balances = (balance.micros for balance in _BALANCES_OF_ROW(row))
    return OpenAccount(
        row, id_, None if limit is None else limit.micros, threshold, version, *balances, *_END_OF_ROW(row)
    )


_FIXED = loaded("id", "overdraft_limit", "balance_alert_threshold", "budgets_version")
_BALANCES_OF_ROW, _END_OF_ROW = loaded(*BALANCES), loaded(*LEDGER_STATE)
_BALANCES_OF, _END_OF = attrgetter(*BALANCES), attrgetter(*LEDGER_STATE)
