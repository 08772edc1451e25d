"""The journal: an account's transfers, numbered and chained in the order in which they are posted."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.account import Account
from models.base import table_of
from models.identity import new_id
from models.ledger import Book, LedgerTransfer
from models.ledger_chain import chained
from models.prepared import PreparedWrite
from pricing.credits import Credits


@dataclass(slots=True)
class Journal:
    """The transfers of one batch. The accounts are locked, so that nobody else numbers theirs."""

    session: Session
    now: datetime
    _rows: list[tuple[object, ...]] = field(default_factory=list)
    _ends: dict[Account, tuple[int, str]] = field(default_factory=dict)

    def post(
        self,
        account: Account,
        debit: Book,
        credit: Book,
        amount: Credits,
        *,
        grant_id: UUID | None = None,
        debit_hold_id: UUID | None = None,
        credit_hold_id: UUID | None = None,
        usage_id: UUID | None = None,
    ) -> None:
        """Move credits from one book of the account to another."""
        transfer_id, account_id = new_id(), account.id
        end = self._ends.get(account)
        count, previous = (account.transfer_count, account.chain_hash) if end is None else end
        sequence = count + 1
        hash_ = chained(
            previous,
            account_id=account_id,
            sequence=sequence,
            transfer_id=transfer_id,
            debit_book=debit,
            credit_book=credit,
            amount_micros=amount.micros,
            grant_id=grant_id,
            debit_hold_id=debit_hold_id,
            credit_hold_id=credit_hold_id,
            service_usage_id=usage_id,
            posted_at=self.now,
        )
        self._ends[account] = sequence, hash_
        self._rows.append(
            (
                account_id,
                transfer_id,
                sequence,
                debit,
                credit,
                amount,
                grant_id,
                debit_hold_id,
                credit_hold_id,
                usage_id,
                self.now,
                hash_,
            )
        )

    def close(self) -> None:
        """Let the accounts keep the ends of their ledgers; they are written before the transfers."""
        for account, (count, hash_) in self._ends.items():
            account.transfer_count, account.chain_hash = count, hash_
        self._ends = {}

    def write(self) -> None:
        """Write all transfers in one statement; what they refer to is written before."""
        _INSERT.write(self.session, self._rows)
        self._rows = []


_NAMES = (
    "account_id",
    "id",
    "sequence",
    "debit_book",
    "credit_book",
    "amount",
    "grant_id",
    "debit_hold_id",
    "credit_hold_id",
    "service_usage_id",
    "posted_at",
    "hash",
)
_INSERT = PreparedWrite(insert(table_of(LedgerTransfer)), _NAMES)
